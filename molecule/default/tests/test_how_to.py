"""The how-to pages: what they tell somebody to write and to run does what they promise, while clients ask."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

import pytest
import yaml
from cluster import lab_host
from conftest import LOAD_BALANCERS, WEB_SERVERS
from controller import good, playbook
from faults import running
from pages import examples, got
from prober import Prober

pytestmark = [pytest.mark.once, pytest.mark.long]
BESIDE, APART = map(yaml.safe_load, examples("how_to/add_a_site.md"))
CLIENT = "web1"
SHOP = ["web2", "web3"]


@pytest.fixture(scope="module", autouse=True)
def _as_before():
    """The cluster is what its inventory says again when the last story has been told."""
    yield
    good(playbook("site", cluster_drain=False))
    for name in WEB_SERVERS:
        lab_host(name).check_output("rm -rf /var/www/shop /srv/shop")


@contextmanager
def clients(vip: str):
    """Nobody who asks for the site that was there before loses a request."""
    with Prober(vip, interval=0.02, timeout=20) as found:
        yield
    assert [result for result in found.results if not result.ok] == []
    assert {result.server for result in found.results} == set(WEB_SERVERS)


def load_balancers() -> list[str]:
    """What the load balancers have, and when they have last been reloaded."""
    state = "systemctl show --property=StateChangeTimestampMonotonic haproxy keepalived"
    files = "find /etc/haproxy /etc/keepalived -type f -exec sha256sum {} +"
    return [lab_host(name).check_output(f"{files}; {state}") for name in LOAD_BALANCERS]


def test_a_second_name_is_served_from_a_folder_of_its_own(vip):
    before = load_balancers()
    with clients(vip):
        good(playbook("deploy_web_servers", **BESIDE, cluster_drain=False))
    assert load_balancers() == before
    for name in WEB_SERVERS:
        lab_host(name).check_output("echo %s > /var/www/shop/index.html", f"the shop on {name}")
    assert {got("how_to/add_a_site.md", CLIENT, vip) for _number in range(6)} == {
        f"the shop on {name}" for name in WEB_SERVERS
    }


def test_a_name_is_served_by_servers_of_its_own(vip, tmp_path):
    (tmp_path / "shop.yml").write_text(
        yaml.safe_dump({"shop_servers": {"hosts": {name: {} for name in SHOP}}}), encoding="utf-8"
    )
    with ExitStack() as stack:
        for name in SHOP:
            lab_host(name).check_output(
                "mkdir -p /srv/shop && touch /srv/shop/ready && echo %s > /srv/shop/index.html", f"apart on {name}"
            )
            stack.enter_context(running(name, "shop", "python3 -m http.server 8080 --directory /srv/shop"))
        with clients(vip):
            good(playbook("deploy_load_balancers", "-i", tmp_path / "shop.yml", **APART))
        assert {got("how_to/add_a_site.md", CLIENT, vip) for _number in range(6)} == {
            f"apart on {name}" for name in SHOP
        }
