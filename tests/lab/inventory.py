#!/usr/bin/env python
"""An inventory of the collection with the lab's hosts behind it: prints what Ansible wants of an inventory program.

LAB_INVENTORY is its folder below inventories/, LAB_NETWORKS what networks.py says. group_vars beside this file belongs
to it. A host's address is its ansible_host. Where it has several, or there are hosts that the inventory does not know,
the scenario's platforms say the addresses, in the order of the interfaces.
"""

import json
import os
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import yaml
from networks import in_lab, networks

ROOT = Path(__file__).resolve().parents[2]


def load(file: Path) -> Any:
    """The content of a YAML file, moved into the lab; nothing if there is none."""
    return yaml.safe_load(in_lab(file.read_text(encoding="utf-8"))) if file.exists() else None


def lab_network(number: int) -> str:
    """The name of a network: the lab's own, with a number from the second one on."""
    return "-".join([os.environ["LAB_NAME"], *([str(number)] if number > 1 else [])])


def interface(address: str) -> dict[str, str]:
    """The network that an address is in."""
    number = next(
        number for number, network in enumerate(networks().values(), start=1) if IPv4Address(address) in network
    )
    return {"name": lab_network(number), "ipv4_address": address}


def lab_host(name: str, variables: dict[str, Any], addresses: list[str]) -> dict[str, Any]:
    """A host's variables, and the container that it is."""
    return {
        "cluster_address": addresses[0],
        **variables,
        "ansible_host": f"{os.environ['LAB_NAME']}-{name}",
        "lab_addresses": [interface(address) for address in addresses],
    }


def inventory(source: Path, addresses: dict[str, list[str]]) -> dict[str, Any]:
    """Groups and variables of the inventory in the folder."""
    groups = {name: group["hosts"] for name, group in load(source / "hosts.yml").items()}
    hosts = {name: variables or {} for group in groups.values() for name, variables in group.items()}
    hosts = {**{name: {} for name in addresses}, **hosts}
    found: dict[str, Any] = {
        "_meta": {
            "hostvars": {
                name: lab_host(name, variables, addresses.get(name) or [variables["ansible_host"]])
                for name, variables in hosts.items()
            }
        },
        "all": {"vars": load(source / "group_vars" / "all.yml") or {}},
        "ungrouped": {"hosts": sorted(hosts)},
    }
    for name, group in groups.items():
        found[name] = {"hosts": list(group), "vars": load(source / "group_vars" / f"{name}.yml") or {}}
    found["all"]["vars"]["lab_networks"] = [
        {"name": lab_network(number), "subnet": str(network)}
        for number, network in enumerate(networks().values(), start=1)
    ]
    return found


if __name__ == "__main__":
    platforms = load(Path(os.environ["MOLECULE_FILE"]))["platforms"]
    addresses = {
        platform["name"]: [network["ipv4_address"] for network in platform["networks"]] for platform in platforms
    }
    print(json.dumps(inventory(ROOT / "inventories" / os.environ["LAB_INVENTORY"], addresses)))
