"""Load balancers order certificates themselves: one for all, renewed in time, and whatever the authority does, what is
served goes on being served."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest
from authority import DIRECTORY, HOST, TRUSTED, authority, count_signed, stop_authority
from cluster import lab_host, wait_until
from conftest import LOAD_BALANCERS, STORE, VIP, await_certificate, s_client, shown
from controller import good, playbook, words
from prober import Prober
from traffic import any_certificate

SITE, OTHER, LATE = "acme.example.com", "other.example.com", "late.example.com"
SECRETS = "/etc/haproxy/acme_secrets.json"
LOOK = """
import pathlib, sys
sys.path.insert(0, "/etc/haproxy")
import acme
state = pathlib.Path("/var/lib/haproxy-acme")
orders = acme.read_orders(pathlib.Path("/etc/haproxy/acme.json"), pathlib.Path("SECRETS"), state)
order = acme.find(orders, "NAME")
stored = order.read_stored()
life = stored.end - stored.begin
with acme.only_one(state):
    print(acme.look_at(order, stored.begin + PART * life) - stored.begin)
"""
"""Looks at a certificate as if a part of its lifetime had passed."""


def certificates(**names: list[str]) -> dict:
    return {
        "directory": DIRECTORY,
        "contact": "ops@example.com",
        "terms_agreed": True,
        "authority_file": TRUSTED,
        "certificates": [{"name": name, "names": found} for name, found in names.items()],
    }


def deploy(order: dict) -> str:
    return good(playbook("deploy_load_balancers", haproxy_acme=order))


def look(host: str, name: str, part: float) -> None:
    program = LOOK.replace("SECRETS", SECRETS).replace("NAME", name).replace("PART", str(part))
    lab_host(host).check_output("/usr/bin/python3 -I -B -c %s", program)


def status(text: str) -> str:
    """What the authority says of a certificate."""
    host = lab_host(HOST)
    serial = host.check_output("printf %%s %s | openssl x509 -noout -serial", f"{text}-----END CERTIFICATE-----\n")
    place = f"https://127.0.0.1:15000/cert-status-by-serial/{serial.removeprefix('serial=')}"
    return json.loads(host.check_output("curl --silent --show-error --insecure %s", place))["Status"]


await_ordered = partial(await_certificate, LOAD_BALANCERS, 300)


@pytest.fixture(scope="module", autouse=True)
def _ordered():
    with authority(LOAD_BALANCERS, [SITE, OTHER, LATE], refused_nonces=10):
        deploy(certificates(site=[SITE]))
        yield
    deploy({})
    for host in LOAD_BALANCERS:
        lab_host(host).check_output(f"rm -rf {STORE}/*.pem /var/lib/haproxy-acme && systemctl reload haproxy")
        assert lab_host(host).run("test -e /usr/local/sbin/haproxy-acme || systemctl is-active haproxy-acme").rc != 0


def test_one_certificate_is_ordered_and_all_load_balancers_serve_it():
    served = await_ordered(SITE)
    assert count_signed() == 1
    assert s_client("lb2", 443, "-showcerts", SITE).count("BEGIN CERTIFICATE") == 2
    assert served == shown("lb1", SITE)
    for host in LOAD_BALANCERS:
        assert lab_host(host).check_output(f"stat --format '%a %U' {STORE}/site.pem {SECRETS}") == "600 root\n600 root"
    done = playbook("check_cluster", haproxy_acme=certificates(site=[SITE]))
    assert done.returncode == 0, words(done)


def test_a_second_run_changes_nothing_and_orders_nothing():
    served = await_ordered(SITE)
    said = deploy(certificates(site=[SITE]))
    assert not re.search(r"changed=[1-9]", said), said
    assert shown("lb1", SITE) == served
    assert "PRIVATE KEY" not in said


def test_a_certificate_is_renewed_in_time_and_the_others_take_it_from_there():
    before, signed = await_ordered(SITE), count_signed()
    with Prober(VIP, 443, interval=0.05, tls=any_certificate(), timeout=10, name=SITE) as prober:
        look("lb1", "site", 0.6)
        assert count_signed() == signed
        # Not its turn yet.
        look("lb2", "site", 0.67)
        assert count_signed() == signed
        look("lb1", "site", 0.67)
        assert count_signed() == signed + 1
        look("lb2", "site", 0.67)
        assert await_ordered(SITE, before) == shown("lb2", SITE)
        assert count_signed() == signed + 1
        seen = len(prober.results)
        wait_until(lambda: len(prober.results) > seen + 20, "clients of the new certificate")
    assert [result for result in prober.results if not result.ok] == []


@pytest.mark.long
def test_the_next_load_balancer_orders_if_the_first_one_does_not():
    before, signed = await_ordered(SITE), count_signed()
    look("lb2", "site", 0.75)
    assert count_signed() == signed + 1
    look("lb1", "site", 0.75)
    await_ordered(SITE, before)
    assert count_signed() == signed + 1


@pytest.mark.long
def test_a_further_name_comes_while_the_old_certificate_is_served():
    before, key = await_ordered(SITE), lab_host("lb1").check_output(f"cat {SECRETS}")
    deploy(certificates(site=[SITE, OTHER]))
    after = await_ordered(SITE, before)
    assert after == await_ordered(OTHER)
    assert json.loads(lab_host("lb2").check_output(f"cat {SECRETS}")) == json.loads(key)


def test_a_certificate_is_renewed_by_a_playbook():
    before = await_ordered(SITE)
    good(playbook("renew_certificates", haproxy_acme=certificates(site=[SITE, OTHER])))
    await_ordered(SITE, before)


@pytest.mark.long
def test_the_playbook_revokes_what_it_has_replaced():
    before = await_ordered(SITE)
    order = certificates(site=[SITE, OTHER])
    good(playbook("renew_certificates", haproxy_acme=order, renew_certificates_revoke=True))
    after = await_ordered(SITE, before)
    assert [status(before), status(after)] == ["Revoked", "Valid"]
    # There is nothing left to revoke.
    assert lab_host(LOAD_BALANCERS[0]).run("haproxy-acme revoke site").rc != 0


@pytest.mark.long
def test_an_unknown_name_is_refused_by_the_playbook():
    done = playbook("renew_certificates", haproxy_acme=certificates(site=[SITE]), renew_certificates_names=["nothing"])
    assert done.returncode != 0
    assert "or nginx_acme.certificates has, which are site" in words(done)


@pytest.mark.long
def test_without_the_authority_a_stand_in_serves_until_the_certificate_comes():
    stop_authority()
    order = certificates(site=[SITE, OTHER], late=[LATE])
    served = await_ordered(SITE)
    deploy(order)
    wait_until(lambda: all(shown(host, LATE) != "" for host in LOAD_BALANCERS), "a stand-in")
    wait_until(
        lambda: "late: lego" in lab_host("lb1").check_output("journalctl --unit haproxy-acme"), "a failed order", 300
    )
    assert shown("lb1", SITE) == served
    done = playbook("check_cluster", haproxy_acme=order)
    assert done.returncode != 0
    assert "late.pem is self-signed, because the certificate that haproxy_acme orders has not arrived" in words(done)
    errors = {item["name"]: item["error"] for item in json.loads(lab_host("lb1").check_output("haproxy-acme show"))}
    assert "connection refused" in errors["late"]
    assert errors["site"] == ""

    with authority(LOAD_BALANCERS, [SITE, OTHER, LATE]):
        # The pause after a failure is not over.
        lab_host("lb1").check_output("systemctl restart haproxy-acme")
        look("lb1", "late", 0)
        assert count_signed() == 0
        lab_host("lb1").check_output("haproxy-acme renew late")
        await_ordered(LATE)
        assert count_signed() == 1
