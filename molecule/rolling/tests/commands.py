"""Deployments of the web servers, and what the load balancers say of them."""

from __future__ import annotations

import os
import subprocess

from controller import ROOT, haproxy_server, playbook

PREFIX = os.environ["LAB_PREFIX"]
LOAD_BALANCERS = ["lb1", "lb2"]
WEB_SERVERS = ["web1", "web2", "web3"]
APPLICATION = {"cluster_deploy_tasks": str(ROOT / "molecule/rolling/tasks/release.yml")}


def deploy(*argv: str, **variables: object) -> subprocess.CompletedProcess:
    """Deploy the web servers with these variables of the cluster."""
    return playbook("deploy_web_servers", *argv, **variables)


def release(name: str, **variables: object) -> subprocess.CompletedProcess:
    """Deploy a release of the application."""
    return deploy(**APPLICATION, cluster_release=name, **variables)


def said(balancer: str) -> dict[str, dict]:
    """What a load balancer says of the web servers."""
    return {server["name"]: server["after"] for server in haproxy_server(balancer, servers=["web/*"])["servers"]}


def state(balancer: str) -> dict[str, str]:
    return {name: server["state"] for name, server in said(balancer).items()}
