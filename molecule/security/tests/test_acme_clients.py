"""ACME clients, called as docs/reference/tls.md says, get a certificate by way of the cluster, renew it, and have it
served at once."""

from __future__ import annotations

import re

import pytest
from authority import DIRECTORY, TRUSTED, authority
from cluster import lab_host, wait_until
from conftest import ADDRESSES, STORE, issuer, s_client, shown
from pages import examples
from prober import Prober
from traffic import any_certificate

CLIENTS = {"certbot": "lb1", "lego": "lb2"}
TRUST = f"REQUESTS_CA_BUNDLE={TRUSTED} LEGO_CA_CERTIFICATES={TRUSTED}"
# How each is told where its authority is, and that it shall renew what is new.
ELSEWHERE = {
    "certbot": (
        "certonly",
        f"certonly --server {DIRECTORY} --agree-tos --register-unsafely-without-email --non-interactive",
    ),
    "lego": ("lego", f"lego --server {DIRECTORY}"),
}
AGAIN = {
    "certbot": (r"certonly [^\\]*", "renew --force-renewal --no-random-sleep-on-renew"),
    "lego": (r"run \\\n  --run-hook", "renew --days 9999 --no-random-sleep --renew-hook"),
}


def documented(client: str) -> str:
    """The command of the documentation, for a name of its own."""
    (command,) = [text for text in examples("reference/tls.md", "sh") if text.startswith(f"{client} ")]
    return command.rstrip().replace("www.example.com", f"{client}.example.com")


@pytest.fixture(scope="module", autouse=True)
def _authority():
    with authority(list(CLIENTS.values()), [f"{client}.example.com" for client in CLIENTS]):
        yield


@pytest.mark.usefixtures("an_empty_store")
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_gets_a_certificate_and_renews_it_and_no_request_is_lost(client):
    name, site = CLIENTS[client], f"{client}.example.com"
    host = lab_host(name)
    command = re.sub(*ELSEWHERE[client], documented(client), count=1)
    host.check_output(f"{TRUST} {command}")
    first = shown(name, site)
    assert "Pebble" in issuer(first)
    assert s_client(name, 443, "-showcerts", site).count("BEGIN CERTIFICATE") == 2
    assert host.check_output(f"stat --format '%a %U' {STORE}/www.pem") == "600 root"

    with Prober(ADDRESSES[name], 443, interval=0.05, tls=any_certificate(), timeout=10, name=site) as prober:
        host.check_output(f"{TRUST} {re.sub(*AGAIN[client], command)}")
        assert shown(name, site) not in ("", first)
        seen = len(prober.results)
        wait_until(lambda: len(prober.results) > seen + 20, "clients of the new certificate")
    assert [result for result in prober.results if not result.ok] == []
