"""One command bans a network, one puts a maintenance page up; the same without the variable is the way back."""

from __future__ import annotations

import os

import yaml
from cluster import ask, lab_host
from controller import good, playbook
from pages import examples

PREFIX = os.environ["LAB_PREFIX"]
VIP = f"{PREFIX}.240"


def status(client: str) -> str:
    """The status that a host gets; 000 without an answer."""
    command = f"curl --silent --max-time 5 --output /dev/null --write-out '%{{http_code}}' http://{VIP}/"
    return lab_host(client).run(command).stdout


def test_the_variables_of_the_pages_are_deployed_together():
    (banned,) = map(yaml.safe_load, examples("how_to/ban_a_network.md"))
    (page,) = map(yaml.safe_load, examples("how_to/maintenance_page.md"))
    good(playbook("deploy_load_balancers", **banned, **page))
    assert "working on the shop" in ask(f"http://{VIP}/", Host="www.shop.example.com").text
    assert ask(f"http://{VIP}/", Host="www.example.com").status == 200
    good(playbook("deploy_load_balancers"))


def test_a_banned_host_gets_no_answer_until_the_ban_is_lifted():
    assert status("web3") == "200"
    good(playbook("deploy_load_balancers", haproxy_banned_networks=[f"{PREFIX}.23/32"]))
    assert status("web3") == "000"
    assert status("web2") == "200"
    good(playbook("deploy_load_balancers"))
    assert status("web3") == "200"


def test_a_site_has_a_maintenance_page_and_the_others_go_on():
    wanted = {"hosts": ["shop.example.com"], "retry_after": 3600, "allowed": [f"{PREFIX}.22"]}
    good(playbook("deploy_load_balancers", haproxy_maintenance=wanted))
    closed = ask(f"http://{VIP}/", Host="shop.example.com")
    assert (closed.status, closed.headers["Retry-After"]) == (503, "3600")
    assert "Back soon" in closed.text
    assert ask(f"http://{VIP}/", Host="www.example.com").status == 200
    allowed = lab_host("web2").check_output(f"curl --silent --include --header 'Host: shop.example.com' http://{VIP}/")
    assert " 200 " in allowed.splitlines()[0]
    good(playbook("deploy_load_balancers"))
    assert ask(f"http://{VIP}/", Host="shop.example.com").status == 200


def test_all_sites_can_have_the_page():
    good(playbook("deploy_load_balancers", haproxy_maintenance={"hosts": ["*"], "page": "<p>Soon"}))
    assert (ask(f"http://{VIP}/").status, ask(f"http://{VIP}/").text) == (503, "<p>Soon")
    good(playbook("deploy_load_balancers"))
    assert ask(f"http://{VIP}/").status == 200
