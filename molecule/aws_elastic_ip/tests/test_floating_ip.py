"""The example of docs/how_to/floating_ip.md, with a command that asks the lab's cloud; that of add_a_certificate.md
comes along."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml
from certificates import certificate
from cluster import lab_host, stopped, wait_until
from conftest import CLOUD, LOAD_BALANCERS, WEB_SERVERS, enters, is_at, no_cloud_for
from controller import good, playbook
from pages import examples, got

pytestmark = pytest.mark.long
_ORDINARY, CALL = map(yaml.safe_load, examples("how_to/floating_ip.md"))
(HTTPS,) = map(yaml.safe_load, examples("how_to/add_a_certificate.md"))
COMMAND = "/usr/local/bin/your-clouds-command"


@pytest.fixture(scope="module", autouse=True)
def deployed() -> Iterator[tuple[str, str]]:
    """The load balancers have the pages' variables instead of the inventory's, and the command that one of them wants.

    Gives the certificate, and what the deployment has printed."""
    associate = (
        f"aws ec2 associate-address --region {CLOUD['region']} --allocation-id {CLOUD['allocation_id']} "
        "--allow-reassociation"
    )
    for name in LOAD_BALANCERS:
        call = f"{associate} --instance-id {CLOUD['instance_ids'][name]}"
        lab_host(name).check_output(f"printf '#!/bin/sh\\nexec {call}\\n' > {COMMAND} && chmod +x {COMMAND}")
    pem = certificate("www.example.com")
    shown = good(playbook("deploy_load_balancers", "--diff", **CALL, **HTTPS, vault_www_certificate=pem))
    yield pem, shown
    good(playbook("deploy_load_balancers"))
    for name in LOAD_BALANCERS:
        lab_host(name).check_output(f"rm {COMMAND}")


def calls(name: str) -> bool:
    """Whether the load balancer tries to get the address."""
    tries = "pgrep --uid keepalived_script --full 'take_floating_ip|your-clouds-command|associate-address'"
    return lab_host(name).run(tries).rc == 0


def test_the_next_node_makes_the_call_when_the_holder_gives_up(master, backup):
    good(playbook("move_vip", cluster_move_interval=0, **CALL))
    wait_until(lambda: is_at(backup), f"the address is at {backup}")


def test_the_call_is_made_until_it_succeeds(master, backup):
    with stopped(master, "haproxy"):
        with no_cloud_for(backup):
            wait_until(lambda: calls(backup), f"{backup} calls")
            assert is_at(master)
        wait_until(lambda: is_at(backup), f"the address is at {backup}")


def test_a_call_that_is_under_way_ends_with_the_mastership(master, backup):
    with no_cloud_for(backup):
        with stopped(master, "haproxy"):
            wait_until(lambda: calls(backup), f"{backup} calls")
        enters(master, "BACKUP")
        with stopped(backup, "haproxy"):
            enters(master, "MASTER")
            # Sooner than the call would end by itself.
            wait_until(lambda: not calls(backup), f"{backup} calls no more", 4)
    wait_until(lambda: is_at(master), f"the address is at {master}")


def test_the_certificate_is_served_and_who_comes_without_is_sent_there(deployed, master):
    pem, _shown = deployed
    lab_host("web1").check_output("printf %%s %s > /root/www.pem", pem)
    page = got("how_to/add_a_certificate.md", "web1", LOAD_BALANCERS[master], "CURL_CA_BUNDLE=/root/www.pem")
    assert re.search("<title>(.*)</title>", page).group(1) in WEB_SERVERS
    plain = "curl --silent --output /dev/null --write-out '%{http_code} %{redirect_url}'"
    assert (
        lab_host("web1").check_output(f"{plain} http://www.example.com/ --connect-to ::{LOAD_BALANCERS[master]}")
        == "301 https://www.example.com/"
    )


def test_no_diff_shows_the_certificate(deployed):
    pem, shown = deployed
    assert "www.pem" in shown
    assert [line for line in pem.splitlines() if not line.startswith("-") and line in shown] == []
