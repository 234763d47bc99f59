#!/bin/sh
echo "$@" >> /run/pair.state
