"""Web servers that terminate TLS order a certificate: one for all, whichever of them the authority asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import pytest
from authority import DIRECTORY, TRUSTED, authority, count_signed
from cluster import lab_host, wait_until
from conftest import ADDRESSES, WEB_SERVERS, await_certificate, shown
from controller import good, playbook, words
from prober import Prober
from traffic import any_certificate

pytestmark = pytest.mark.long

SITE = "nginx.example.com"
STORE = "/var/lib/nginx-certificates"
LAB_SITE = {
    "name": "web",
    "listens": ["80 default_server", "443 ssl default_server"],
    "certificate": "rsa.pem",
    "lines": ["ssl_certificate ecdsa.pem;", "ssl_certificate_key ecdsa.pem;"],
}


def declared(**names: str) -> dict:
    """A site with a certificate for each name; plain requests are redirected."""
    return {
        "nginx_acme": {
            "directory": DIRECTORY,
            "contact": "ops@example.com",
            "terms_agreed": True,
            "authority_file": TRUSTED,
            "certificates": [{"name": name, "names": [found]} for name, found in names.items()],
        },
        "nginx_sites": [
            LAB_SITE,
            *(
                {
                    "name": name,
                    "listens": ["443 ssl"],
                    "server_names": [found],
                    "certificate": f"{STORE}/{name}.pem",
                }
                for name, found in names.items()
            ),
            {
                "name": "redirect",
                "listens": ["80"],
                "server_names": list(names.values()),
                "redirect": f"https://{SITE}",
            },
        ],
    }


def deploy(*argv: str, **variables: object) -> str:
    return good(playbook("deploy_web_servers", *argv, **variables))


await_ordered = partial(await_certificate, WEB_SERVERS, 600)


@pytest.fixture(scope="module", autouse=True)
def _ordered() -> Iterator[None]:
    """web1 orders, and the authority asks web2."""
    with authority(WEB_SERVERS, [SITE], address=ADDRESSES["web2"], refused_nonces=10, delay=2):
        deploy("--check", **declared(shop=SITE))
        assert [lab_host(host).run(f"ls {STORE} /etc/nginx/acme.json").stdout for host in WEB_SERVERS] == [""] * 2
        said = deploy("--diff", **declared(shop=SITE))
        assert "PRIVATE KEY" not in said
        yield
    deploy()
    for host in WEB_SERVERS:
        lab_host(host).check_output(f"rm -rf {STORE} /var/lib/nginx-acme")
        assert lab_host(host).run("test -e /usr/local/sbin/nginx-acme || systemctl is-active nginx-acme").rc != 0


def test_one_certificate_is_ordered_and_all_web_servers_serve_it():
    await_ordered(SITE)
    assert count_signed() == 1
    for host in WEB_SERVERS:
        files = f"{STORE}/shop.pem /etc/nginx/acme_secrets.json"
        assert lab_host(host).check_output(f"stat --format '%a %U' {files}") == "600 root\n600 root"
    done = playbook("check_cluster", **declared(shop=SITE))
    assert done.returncode == 0, words(done)
    assert f"{STORE}/shop.pem" in done.stdout


def test_a_second_run_changes_nothing_and_orders_nothing():
    served = await_ordered(SITE)
    said = deploy(**declared(shop=SITE))
    assert not re.search(r"changed=[1-9]", said), said
    assert shown("web2", SITE) == served


def test_a_renewal_by_the_playbook_loses_no_request():
    before, signed = await_ordered(SITE), count_signed()
    # nginx closes idle connections when it reloads, and clients open new ones.
    with Prober(ADDRESSES["web2"], 443, interval=0.05, tls=any_certificate(), timeout=60, name=SITE) as prober:
        good(playbook("renew_certificates", **declared(shop=SITE)))
        await_ordered(SITE, before)
        seen = len(prober.results)
        wait_until(lambda: len(prober.results) > seen + 20, "clients of the new certificate")
    assert count_signed() == signed + 1
    assert [result for result in prober.results if not result.ok] == []
