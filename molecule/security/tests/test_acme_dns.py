"""Load balancers order a wildcard certificate: they prove it by TXT records, which they send to BIND as the
documentation says."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator

import pytest
import yaml
from authority import DIRECTORY, TRUSTED, authority, count_signed
from cluster import lab_host, wait_until
from conftest import ADDRESSES, LOAD_BALANCERS, STORE, issuer, shown
from controller import good, playbook
from name_server import HOST, name_server, read_updates
from pages import examples

pytestmark = pytest.mark.long

SITE = "any.example.com"


def documented() -> dict:
    """The variables of the page, for the authority and the name server of the lab."""
    (page,) = [text for text in map(yaml.safe_load, examples("reference/acme.md")) if "dns-01" in str(text)]
    acme = page["haproxy_acme"]
    assert acme["dns_environment"]["RFC2136_NAMESERVER"] == "192.0.2.53"
    # lego waits for a minute between the records of two names otherwise.
    quick = {"RFC2136_SEQUENCE_INTERVAL": "1", "RFC2136_POLLING_INTERVAL": "1"}
    return {
        **acme,
        "directory": DIRECTORY,
        "authority_file": TRUSTED,
        "dns_resolvers": [ADDRESSES[HOST]],
        "dns_environment": {**acme["dns_environment"], "RFC2136_NAMESERVER": ADDRESSES[HOST], **quick},
    }


@pytest.fixture(scope="module", autouse=True)
def secret() -> Iterator[str]:
    """The authority is slow, refuses nonces, and believes the name server. Returns the key of the zone."""
    text = base64.b64encode(os.urandom(32)).decode()
    with (
        name_server(text),
        authority(LOAD_BALANCERS, [], refused_nonces=20, delay=3, name_server=f"{ADDRESSES[HOST]}:53"),
    ):
        yield text
    good(playbook("deploy_load_balancers", haproxy_acme={}))
    for host in LOAD_BALANCERS:
        lab_host(host).check_output(f"rm -rf {STORE}/*.pem /var/lib/haproxy-acme && systemctl reload haproxy")


def is_ordered(host: str) -> bool:
    """Whether the host serves a certificate of the authority for any name below the domain."""
    served = shown(host, SITE)
    return served != "" and "Pebble" in issuer(served)


def test_a_wildcard_is_ordered_by_dynamic_updates_of_a_zone(secret):
    order = documented()
    said = good(playbook("deploy_load_balancers", "--diff", haproxy_acme=order, vault_tsig_secret=secret))
    assert secret not in said
    for host in LOAD_BALANCERS:
        wait_until(lambda host=host: is_ordered(host), f"{host} serves the wildcard", 600)
    assert shown("lb1", SITE) == shown("lb2", SITE)
    assert count_signed() == 1
    assert {line.split("/key ")[1].split(":")[0] for line in read_updates()} == {"acme"}
    assert "deleting an RR at _acme-challenge.example.com TXT" in read_updates()[-1]
