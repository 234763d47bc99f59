"""Certificates come and are renewed while everybody is served, on every load balancer."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from certificates import certificate, hand_over
from cluster import ask, between, holders, lab_host, wait_until
from conftest import ADDRESSES, LOAD_BALANCERS, STORE, VIP, shown
from controller import good, playbook, words
from prober import KeepAlive, Prober
from traffic import any_certificate

TOKEN = "/.well-known/acme-challenge/token"
pytestmark = pytest.mark.usefixtures("an_empty_store")


def newest_worker(name: str) -> str:
    return lab_host(name).check_output("pgrep --newest haproxy")


def test_a_load_balancer_serves_before_it_has_a_certificate_and_has_it_once_it_comes(load_balancer):
    assert shown(load_balancer, "first.example.com", 8443) == ""
    new = certificate("first.example.com")
    done = hand_over(load_balancer, "first.example.com", new)
    assert done.rc == 0, done.stderr
    assert shown(load_balancer, "first.example.com", 8443) in new
    assert shown(load_balancer, "first.example.com", 8443) != ""
    assert shown(load_balancer, "other.example.com", 8443) == ""
    assert lab_host(load_balancer).check_output(f"stat --format '%a %U' {STORE}/first.example.com.pem") == "600 root"


def test_a_renewed_certificate_is_served_by_every_load_balancer_and_no_client_loses_a_request():
    for name in LOAD_BALANCERS:
        assert hand_over(name, "shop", certificate("shop.example.com")).rc == 0
    renewed = certificate("shop.example.com")
    tls = any_certificate()
    with (
        Prober(VIP, 443, interval=0.05, tls=tls, timeout=10, name="shop.example.com") as prober,
        KeepAlive(VIP, tls=tls, connections=10, timeout=10, name="shop.example.com") as keeper,
    ):
        for name in LOAD_BALANCERS:
            done = hand_over(name, "shop", renewed)
            assert done.rc == 0, done.stderr
            assert shown(name, "shop.example.com") in renewed
        seen = len(prober.results)
        wait_until(lambda: len(prober.results) > seen + 20, "clients of the new certificate")
    assert [result for result in prober.results if not result.ok] == []
    assert keeper.answers
    assert keeper.broken == []
    assert ssl.get_server_certificate((VIP, 443), timeout=5) not in renewed


def test_the_same_certificate_again_reloads_nothing(load_balancer):
    text = certificate("same.example.com")
    assert hand_over(load_balancer, "same", text).rc == 0
    before = newest_worker(load_balancer)
    assert hand_over(load_balancer, "same", text).rc == 0
    assert newest_worker(load_balancer) == before


def parts(text: str) -> tuple[str, str]:
    """The key and the certificate."""
    key, begin, rest = text.partition("-----BEGIN CERTIFICATE")
    return key, begin + rest


BAD = {
    "a key of another": (lambda: parts(certificate("a"))[0] + parts(certificate("a"))[1], "haproxy cannot use it"),
    "garbage": (
        lambda: certificate("a").replace("CERTIFICATE-----\n", "CERTIFICATE-----\nAAAA", 1),
        "haproxy cannot use it",
    ),
    "no key": (lambda: parts(certificate("a"))[1], "there are 0 and 1"),
    "nothing": (lambda: "", "there are 0 and 0"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_haproxy_cannot_use_is_refused_and_the_old_certificate_stays(load_balancer, kind):
    text = certificate("stays.example.com")
    assert hand_over(load_balancer, "stays", text).rc == 0
    before = newest_worker(load_balancer)
    make, reason = BAD[kind]
    done = hand_over(load_balancer, "stays", make())
    assert done.rc == 1
    assert reason in done.stderr
    assert shown(load_balancer, "stays.example.com") in text
    assert newest_worker(load_balancer) == before


def test_names_do_not_lead_out_of_the_directory(load_balancer):
    done = hand_over(load_balancer, "../../etc/evil", certificate("evil.example.com"))
    assert done.rc == 1
    assert "letters, digits" in done.stderr


@contextmanager
def acme_client(name: str, folder: str) -> Iterator[None]:
    """Somebody answers challenges on a host as ACME clients do, while they run."""
    serve = f"mkdir -p {folder} && systemd-run --quiet --unit acme python3 -m http.server 8888 --directory {folder}"
    with between(name, serve, "systemctl stop acme"):
        wait_until(lambda: lab_host(name).socket("tcp://0.0.0.0:8888").is_listening, "the client listens")
        yield


def answers_to_the_challenge() -> set[str]:
    return {ask(f"http://{ADDRESSES[name]}{TOKEN}").text for name in LOAD_BALANCERS for _again in range(4)}


@pytest.mark.parametrize(("knows", "other"), [LOAD_BALANCERS, LOAD_BALANCERS[::-1]])
def test_a_challenge_reaches_the_node_whose_client_knows_the_token_whether_the_others_runs_or_not(knows, other):
    lab_host(knows).check_output(
        f"mkdir -p /root/known/.well-known/acme-challenge && echo -n secret > /root/known{TOKEN}"
    )
    with acme_client(knows, "/root/known"):
        assert answers_to_the_challenge() == {"secret"}
        with acme_client(other, "/root/nothing"):
            assert answers_to_the_challenge() == {"secret"}


def test_a_replaced_node_gets_the_certificates_and_no_vip_before_it_has_them(tmp_path):
    new = certificate("shop.example.com")
    for name in LOAD_BALANCERS:
        assert hand_over(name, "shop", new).rc == 0
    (holder,) = holders(LOAD_BALANCERS, VIP)
    (other,) = set(LOAD_BALANCERS) - {holder}
    lab_host(other).check_output(f"rm {STORE}/shop.pem && systemctl reload haproxy")
    assert shown(other, "shop.example.com", 8443) == ""

    said = playbook("check_cluster")
    assert said.returncode != 0
    assert f"{other}: haproxy does not have the certificate {STORE}/shop.pem, as it has on {holder}" in words(said)
    refused = playbook("move_vip", move_vip_to=other, cluster_move_interval=0)
    assert refused.returncode != 0
    assert f"{other} does not serve the certificate {STORE}/shop.pem" in words(refused)
    assert holders(LOAD_BALANCERS, VIP) == [holder]

    assert f"{other} gets shop from {holder}" in words(playbook("deploy_load_balancers", "--check"))
    assert shown(other, "shop.example.com", 8443) == ""
    log = tmp_path / "log"
    environment = {"ANSIBLE_PIPELINING": "0", "ANSIBLE_LOG_PATH": str(log)}
    done = playbook("deploy_load_balancers", "-vvv", environment=environment)
    printed = good(done) + done.stderr + log.read_text(encoding="utf-8")
    key = parts(new)[0].splitlines()[1:-1]
    assert len(key) > 1
    assert [line for line in key if line in printed] == []
    assert "BEGIN PRIVATE KEY" not in printed
    assert shown(other, "shop.example.com", 8443) in new
    assert shown(other, "shop.example.com", 8443) != ""
    assert lab_host(other).check_output(f"stat --format '%a %U' {STORE}/shop.pem") == "600 root"
    assert not lab_host(other).file("/run/haproxy-certificate-transfer").exists
    good(playbook("move_vip", "--check", move_vip_to=other, cluster_move_interval=0))
    assert "changed=1" not in good(playbook("deploy_load_balancers"))
