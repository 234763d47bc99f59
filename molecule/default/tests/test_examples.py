"""What the documentation tells people to write is accepted by the daemons of a host, which stay as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from certificates import certificate
from cluster import between, container
from conftest import LOAD_BALANCERS, WEB_SERVERS
from examples import Example, used, written
from language import outcomes

pytestmark = pytest.mark.long
HOSTS = {"haproxy": "lb1", "keepalived": "lb1", "nginx": "web1"}


def row(daemon: str, example: Example, values: dict) -> dict:
    """An example with the certificates that it takes to be there."""
    names = sorted(set(re.findall(r"[\w.]+\.pem", example.text)))
    files = [{"path": name, "content": "{{ vault_certificate }}", "mode": "0600", "sensitive": True} for name in names]
    return {"story": str(example), "variables": {f"{daemon}_files": files, **values} if files else values}


def rows(daemon: str) -> list[dict]:
    """The examples for a daemon of the host; those for one in a container or in another release belong to other
    scenarios."""
    return [
        row(daemon, example, values)
        for example in written()
        for role, values in used(example)
        if role == daemon and values.get(f"{daemon}_runtime") != "container" and f"{daemon}_version" not in values
    ]


ROWS = {daemon: rows(daemon) for daemon in HOSTS}


@pytest.fixture(scope="module")
def inventory(tmp_path_factory) -> Path:
    """The hosts of the lab with the addresses of the documentation, in every group that an example names."""
    text = "".join(example.text for example in written())
    folder = tmp_path_factory.mktemp("examples")
    for name in re.findall(r"inventory_dir \}\}/(\w+\.yml)", text):
        (folder / name).write_text("[]\n", encoding="utf-8")

    def hosts(names: list[str], first: int) -> dict:
        ends = {name: first + number for number, name in enumerate(names)}
        lines = {
            name: {"cluster_address": f"192.0.2.{end}", "cluster_address6": f"2001:db8::{end}"}
            for name, end in ends.items()
        }
        return {"hosts": {name: {"ansible_host": container(name), **line} for name, line in lines.items()}}

    balancers = hosts(LOAD_BALANCERS, 11)
    groups = dict.fromkeys(re.findall(r"groups\['(\w+)'\]", text), balancers)
    secrets = {"vault_certificate", *re.findall(r"\bvault_\w+", text)}
    www = certificate("www.example.com")
    common = {
        **{name: www if name.endswith("certificate") else "unutterable" for name in secrets},
        "ansible_connection": "lab",
        "cluster_vip": "192.0.2.10/24",
        "shop_address": "192.0.2.10",
    }
    children = {**groups, "load_balancers": balancers, "web_servers": hosts(WEB_SERVERS, 21)}
    (folder / "hosts.json").write_text(json.dumps({"all": {"vars": common, "children": children}}), encoding="utf-8")
    return folder / "hosts.json"


@pytest.fixture(scope="module")
def said(inventory, tmp_path_factory) -> dict[str, list[dict]]:
    """What came of every example, by the daemon that it is for."""
    address = "ip address {} 192.0.2.11/24 dev eth0 && ip address {} 2001:db8::11/64 dev eth0"
    ipv6 = "sysctl --quiet --write net.ipv6.conf.eth0.disable_ipv6=0"
    with between("lb1", f"{ipv6} && {address.replace('{}', 'add')}", address.replace("{}", "delete")):
        return {
            daemon: outcomes(daemon, table, [HOSTS[daemon]], tmp_path_factory.mktemp(daemon), {}, inventory=inventory)
            for daemon, table in ROWS.items()
        }


@pytest.mark.parametrize(
    ("daemon", "number"),
    [
        pytest.param(daemon, number, id=f"{daemon}: {row['story']}")
        for daemon, table in ROWS.items()
        for number, row in enumerate(table)
    ],
)
def test_the_daemon_accepts_it(said, daemon, number):
    assert said[daemon][number]["refusal"] == ""
