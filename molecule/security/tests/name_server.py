"""A name server of the lab: BIND, whose zone a key may change by dynamic updates (RFC 2136)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cluster import lab_host
from conftest import ADDRESSES, LOAD_BALANCERS

HOST = "web2"
ZONE = """$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A {address}
"""
SETTINGS = """key "acme." {{ algorithm hmac-sha256; secret "{secret}"; }};
zone "example.com" {{
    type primary;
    file "/var/lib/bind/example.com.zone";
    update-policy {{ grant acme. name _acme-challenge.example.com. TXT; }};
}};
"""


@contextmanager
def name_server(secret: str) -> Iterator[None]:
    """BIND answers for example.com. The key C(acme.) may change the TXT records of challenges, and nothing else."""
    host = lab_host(HOST)
    host.check_output("DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends bind9")
    zone, settings = ZONE.format(address=ADDRESSES[HOST]), SETTINGS.format(secret=secret)
    host.check_output("printf %%s %s > /var/lib/bind/example.com.zone", zone)
    host.check_output("printf %%s %s > /etc/bind/named.conf.local", settings)
    host.check_output("chown -R bind: /var/lib/bind && systemctl restart named")
    # lego asks the resolver of the system for the name server's address.
    for name in LOAD_BALANCERS:
        lab_host(name).check_output(
            "cp /etc/hosts /root/hosts; echo %s >> /etc/hosts", f"{ADDRESSES[HOST]} ns.example.com"
        )
    try:
        yield
    finally:
        for name in LOAD_BALANCERS:
            lab_host(name).check_output("cat /root/hosts > /etc/hosts")
        host.check_output("systemctl stop named")


def read_updates() -> list[str]:
    """The changes of the zone that BIND has accepted, each by the name of its key."""
    said = lab_host(HOST).check_output("journalctl --unit named --output cat | grep 'updating zone' || true")
    return said.splitlines()
