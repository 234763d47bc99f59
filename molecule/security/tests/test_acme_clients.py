"""ACME clients, called as docs/reference/tls.md says, get a certificate by way of the cluster, renew it, and have it
served at once."""

from __future__ import annotations

import json
import re

import pytest
from certificates import certificate
from cluster import lab_host, wait_until
from conftest import ADDRESSES, STORE, VIP, s_client, shown
from pages import examples
from prober import Prober
from traffic import any_certificate

AUTHORITY = "web1"
CLIENTS = {"certbot": "lb1", "lego": "lb2"}
SERVER = f"https://{ADDRESSES[AUTHORITY]}:14000/dir"
TRUST = "REQUESTS_CA_BUNDLE=/root/authority.pem LEGO_CA_CERTIFICATES=/root/authority.pem"
SETTINGS = {
    "listenAddress": "0.0.0.0:14000",
    "managementListenAddress": "127.0.0.1:15000",
    "certificate": "/root/authority.pem",
    "privateKey": "/root/authority.pem",
    "httpPort": 80,
    "tlsPort": 443,
}
# It answers without waiting, and refuses no nonce by chance: certbot 2.1 tries once more, and fails at the second.
PEBBLE = ("PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
# How each is told where its authority is, and that it shall renew what is new.
ELSEWHERE = {
    "certbot": (
        "certonly",
        f"certonly --server {SERVER} --agree-tos --register-unsafely-without-email --non-interactive",
    ),
    "lego": ("lego", f"lego --server {SERVER}"),
}
AGAIN = {
    "certbot": ("certonly .*", "renew --force-renewal --no-random-sleep-on-renew"),
    "lego": ("run --run-hook", "renew --days 9999 --no-random-sleep --renew-hook"),
}


def documented(client: str) -> str:
    """The command of the documentation, for a name of its own."""
    (command,) = [text for text in examples("reference/tls.md", "sh") if text.startswith(f"{client} ")]
    return command.rstrip().replace("www.example.com", f"{client}.example.com")


@pytest.fixture(scope="module", autouse=True)
def authority():
    """Signs for whoever answers its challenges at the name's address, which is the VIP."""
    host = lab_host(AUTHORITY)
    pem = certificate("authority", names=f"IP:{ADDRESSES[AUTHORITY]}")
    for name in (AUTHORITY, *CLIENTS.values()):
        lab_host(name).check_output("printf %%s %s > /root/authority.pem", pem)
    host.check_output("printf %%s %s > /root/pebble.json", json.dumps({"pebble": SETTINGS}))
    host.check_output(
        "cp /etc/hosts /root/hosts && echo %s >> /etc/hosts",
        f"{VIP} {' '.join(f'{client}.example.com' for client in CLIENTS)}",
    )
    host.check_output(
        f"systemd-run --unit authority {' '.join(f'--setenv {word}' for word in PEBBLE)} pebble -config "
        "/root/pebble.json"
    )
    try:
        wait_until(lambda: host.socket("tcp://14000").is_listening, "the authority listens")
        yield
    finally:
        host.check_output("systemctl stop authority && cat /root/hosts > /etc/hosts")


def issuer(name: str, text: str) -> str:
    return lab_host(name).check_output(
        "printf %%s %s | openssl x509 -noout -issuer", f"{text}-----END CERTIFICATE-----\n"
    )


@pytest.mark.usefixtures("an_empty_store")
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_gets_a_certificate_and_renews_it_and_no_request_is_lost(client):
    name, site = CLIENTS[client], f"{client}.example.com"
    host = lab_host(name)
    command = re.sub(*ELSEWHERE[client], documented(client), count=1)
    host.check_output(f"{TRUST} {command}")
    first = shown(name, site)
    assert "Pebble" in issuer(name, first)
    assert s_client(name, 443, "-showcerts", site).count("BEGIN CERTIFICATE") == 2
    assert host.check_output(f"stat --format '%a %U' {STORE}/www.pem") == "600 root"

    with Prober(ADDRESSES[name], 443, interval=0.05, tls=any_certificate(), timeout=10, name=site) as prober:
        host.check_output(f"{TRUST} {re.sub(*AGAIN[client], command)}")
        assert shown(name, site) not in ("", first)
        seen = len(prober.results)
        wait_until(lambda: len(prober.results) > seen + 20, "clients of the new certificate")
    assert [result for result in prober.results if not result.ok] == []
