"""An ACME authority of the lab: pebble, which signs for whoever answers its challenges at the VIP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from certificates import certificate
from cluster import lab_host, wait_until
from conftest import ADDRESSES, VIP

HOST = "web1"
DIRECTORY = f"https://{ADDRESSES[HOST]}:14000/dir"
TRUSTED = "/etc/ssl/authority.pem"
"""On its clients: the certificate of the authority's directory, and the root of what it signs."""
SETTINGS = {
    "listenAddress": "0.0.0.0:14000",
    "managementListenAddress": "127.0.0.1:15000",
    "certificate": "/root/authority.pem",
    "privateKey": "/root/authority.pem",
    "httpPort": 80,
    "tlsPort": 443,
}


@contextmanager
def authority(
    clients: list[str],
    names: list[str],
    address: str = VIP,
    refused_nonces: int = 0,
    delay: int = 0,
    name_server: str = "",
) -> Iterator[None]:
    """The authority runs. It refuses so many of a hundred nonces, and waits for a random time of up to C(delay) seconds
    before it looks; its certificates are trusted by the clients; the names have this address, or that of the
    name server."""
    host = lab_host(HOST)
    pem = certificate("authority", names=f"IP:{ADDRESSES[HOST]}")
    host.check_output("printf %%s %s > /root/authority.pem", pem)
    host.check_output("printf %%s %s > /root/pebble.json", json.dumps({"pebble": SETTINGS}))
    host.check_output(
        "cp --no-clobber /etc/hosts /root/hosts; cp /root/hosts /etc/hosts.new; echo %s >> /etc/hosts.new; "
        "cat /etc/hosts.new > /etc/hosts",
        f"{address} {' '.join(names)}",
    )
    sleep = f"PEBBLE_VA_SLEEPTIME={delay}" if delay else "PEBBLE_VA_NOSLEEP=1"
    resolver = f"-dnsserver {name_server}" if name_server else ""
    host.check_output(
        f"systemd-run --unit authority --setenv {sleep} --setenv PEBBLE_WFE_NONCEREJECT={refused_nonces} "
        f"pebble -config /root/pebble.json {resolver}"
    )
    try:
        wait_until(lambda: host.socket("tcp://14000").is_listening, "the authority listens")
        root = host.check_output("curl --silent --show-error --insecure https://127.0.0.1:15000/roots/0")
        for name in clients:
            lab_host(name).check_output("printf %%s %s > %s", f"{pem}\n{root}\n", TRUSTED)
        yield
    finally:
        stop_authority()
        host.check_output("cat /root/hosts > /etc/hosts")


def stop_authority() -> None:
    """Stop it if it runs."""
    lab_host(HOST).run("systemctl stop authority")


def count_signed() -> int:
    """How many certificates the authority has signed since it was started last."""
    said = lab_host(HOST).check_output(
        "journalctl --unit authority --output cat _SYSTEMD_INVOCATION_ID=$(systemctl show --property InvocationID "
        "--value authority) | grep --count 'Issued certificate serial' || true"
    )
    return int(said)
