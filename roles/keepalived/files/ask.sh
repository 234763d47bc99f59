#!/bin/sh
# ask.sh VERDICT URL SECONDS: succeeds if the URL answers in time, or if its process is busy instead of hung.
# keepalived 2.2 starts a check every interval, also while the one before it runs. On a crowded host they would pile up,
# so a run beside another one only repeats the last verdict, which is in the file VERDICT.
# curl costs less than Python, so watch.py decides only where there was no answer.
exec 9>>"$1"
if flock --nonblock 9; then
    verdict=0
    curl --disable --noproxy '*' --silent --fail --output /dev/null --max-time "$3" "$2" ||
        python3 -I /etc/keepalived/watch.py --check "$2" "$3" || verdict=1
    # Not emptied first: another run may read it now.
    echo "$verdict" 1<>"$1"
else
    read -r verdict <"$1"
fi
exit "${verdict:-1}"
