# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the keepalived.conf of every node to the variables of the role keepalived: shared ones, and those of single
nodes where the files differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...module_utils._address import canonical, is_address, version_of
from .._keepalived.instance import ADDRESS_OWNER, TRACKED
from .._keepalived.tracking import check_address_owner, check_weights
from .._keepalived.virtual_servers import problems as check_virtual_servers
from .._keepalived.vmac import LINK_ADDRESS
from .._keepalived.vmac import NAME as VMAC_NAME
from .keepalived_effect import MAX_PASSWORD, SCRIPT, find_priority, split_virtual
from .keepalived_servers import ALERT_WORDS, read_alerts, read_virtual_server
from .keepalived_text import parse_switch
from .tree import Node
from .values import Path, Place, Template, Translation, parse_number, parse_scalar

PLAIN: dict[str, Any] = {"keepalived_plain": True}
"""With it, the role adds nothing to what is written."""

NUMBERS = (
    "advert_int",
    "preempt_delay",
    "down_timer_adverts",
    "garp_master_delay",
    "garp_master_repeat",
    "garp_master_refresh",
    "garp_master_refresh_repeat",
)
NOTIFY = ("notify_master", "notify_backup", "notify_fault", "notify_stop", "notify")
LISTS = (
    "virtual_ipaddress_excluded",
    "virtual_routes",
    "virtual_rules",
    "track_interface",
    "track_script",
    "track_file",
    "track_process",
)
KINDS = {
    "vrrp_script": "scripts",
    "track_file": "track_files",
    "vrrp_track_file": "track_files",
    "vrrp_track_process": "track_processes",
    "vrrp_sync_group": "sync_groups",
}
NAME = re.compile(r"""[^\s{}"'#!@$/\\]+""")
FLAGS: dict[str, dict[str, bool]] = {
    "nopreempt": {"preempt": False},
    "preempt": {"preempt": True},
    "vmac_xmit_base": {"vmac_xmit_base": True},
}
"""Directives without a value."""

NUMBER = re.compile(r"\d+(\.\d+)?")
STANDBY = "standby_"
"""How the names of track files begin that the role adds to every instance, in plain mode as well."""

SOURCE = "vrrp_source_address"
"""A variable of the nodes: where their multicast adverts come from."""

COMPUTED = ("@", "~", "$")
"""Beginnings of lines that keepalived replaces before it reads the rest."""

Item = dict[str, Any]


@dataclass
class Nodes:
    """Variables for all nodes, those of single ones, the nodes in the order in which they take over, and the addresses
    from which they send adverts."""

    shared: Translation
    hosts: dict[str, Translation]
    order: list[str]
    addresses: dict[str, str]


@dataclass
class _Instance:
    """An instance on one node: what is the same on all nodes, and what need not be."""

    node: Node
    item: Item
    priority: int
    peers: list[str] = field(default_factory=list)
    source: str = ""


def translate(roots: Mapping[str, Node], addresses: Mapping[str, str]) -> Nodes:
    """The variables of all nodes. C(addresses) are those of the nodes, as far as they are known otherwise."""
    local = {host: _Local(root) for host, root in roots.items()}
    return _Merger(local, dict(addresses)).run()


class _Local:
    """What one node's file says, in the terms of the role."""

    def __init__(self, root: Node) -> None:
        self.found = Translation()
        self.instances: list[_Instance] = []
        variables = self.found.variables
        for kind in ("global_lines", "extra_lines"):
            variables[f"keepalived_{kind}"] = []
        self.waiting: list[str] = []
        computed = any(node.kind.startswith(COMPUTED) for node in root.walk())
        self.version = "2"
        self.alerts = read_alerts(node for node in root.inner if node.kind == "global_defs")
        variables.update({"keepalived_smtp_alerts": self.alerts} if self.alerts else {})
        for node in root.inner:
            if node.kind == "global_defs" and node.nodes is not None:
                self._globals(node)
            elif computed or not self._typed(node):
                self._extra(node)
        for instance in self.instances:
            self._check_tracks(instance, root)
        self._add_script_user(root)
        self.found.comment(("keepalived_end",), [*self.waiting, *root.end])
        self.found.separate_all("keepalived")
        for instance in self.instances:
            instance.item = self.found.separate_in("keepalived", instance.item)

    def _add_script_user(self, root: Node) -> None:
        """Without a script_user, keepalived takes the user keepalived_script if there is one, and the role adds it."""
        scripts = [node for node in root.walk() if node.kind == "script" or node.kind.startswith("notify")]
        lines = self.found.variables["keepalived_global_lines"]
        if scripts and not any(line.split()[:1] == ["script_user"] for line in lines):
            lines.append("script_user root")
            self.found.remark(
                "note",
                scripts[0].place,
                scripts[0].text,
                "scripts run as root, because no script_user is set: 'script_user root' is added, because they would "
                "run as the user keepalived_script, which the role adds",
            )

    def _check_tracks(self, instance: _Instance, root: Node) -> None:
        """Keep what the instance tracks as lines if the role has no type for it. keepalived ignores what is not
        declared."""
        item = instance.item
        written = {node.name for node in root.inner}
        for block in instance.node.inner:
            variable = TRACKED.get(block.kind)
            if not variable or block.kind not in item:
                continue
            typed = {entry["name"] for entry in self.found.variables.get(f"keepalived_{variable}", [])}
            names = {entry: entry.split()[0] for entry in item[block.kind]}
            if any(name in written - typed for name in names.values()):
                item.setdefault("lines", []).extend(block.lines())
                del item[block.kind]
                continue
            for entry in [entry for entry, name in names.items() if name not in typed]:
                item[block.kind].remove(entry)
                self.found.remark(
                    "note", block.place, f"{block.text} {entry}", "keepalived ignores it: nothing has that name"
                )
            if not item[block.kind]:
                del item[block.kind]

    def _typed(self, node: Node) -> bool:
        """Add an item of a typed list; false if the block has something that the role has no type for."""
        if node.kind == "virtual_server":
            return self._virtual_server(node)
        if node.nodes is None or len(node.values) != 2 or not NAME.fullmatch(node.name):
            return False
        if node.name.startswith(STANDBY):
            self.waiting += node.comments
            return True
        return self._instance(node) if node.kind == "vrrp_instance" else node.kind in KINDS and self._item(node)

    def _comment(self, path: Path, node: Node) -> None:
        self.found.comment(path, [*self.waiting, *node.comments])
        self.waiting = []

    def _comment_all(self, path: Path, node: Node) -> None:
        """Keep the comments of a whole block before the value at the path."""
        self._comment(path, node)
        inner = [found for found in node.walk() if found is not node]
        self.found.comment(path, [text for found in inner for text in [*found.comments, *found.end]] + node.end)

    def _changed(self, node: Node, text: str) -> None:
        self.found.remark("changed", node.place, node.text, text)

    def _globals(self, block: Node) -> None:
        self.waiting += block.comments
        lines = self.found.variables["keepalived_global_lines"]
        for node in block.inner:
            if node.kind == "vrrp_version" and node.name:
                self.version = node.name
            if self.alerts and node.kind in ALERT_WORDS:
                self._comment_all(("keepalived_smtp_alerts",), node)
                continue
            self._comment(("keepalived_global_lines", len(lines)), node)
            lines += node.lines()
        self.waiting += block.end

    def _virtual_server(self, node: Node) -> bool:
        """Add a virtual server; false if it has something that the role could not print or would refuse."""
        name = "keepalived_virtual_servers"
        item, items = read_virtual_server(node), self.found.variables.get(name, [])
        if item is None or check_virtual_servers([*items, item]):
            return False
        self.found.variables[name] = [*items, item]
        self._comment_all((name, len(items)), node)
        return True

    def _extra(self, node: Node) -> None:
        lines = self.found.variables["keepalived_extra_lines"]
        self._comment(("keepalived_extra_lines", len(lines)), node)
        lines += self._hidden(node.lines(), node.name)

    def _hidden(self, lines: Iterable[str], name: str) -> list[str]:
        """The lines, with references to the vault in the place of passwords."""
        found = []
        for line in lines:
            password = re.fullmatch(r"(\s*auth_pass\s+)(.+)", line)
            hidden = self.found.hide(f"keepalived_{name}_auth_pass", password[2]) if password else ""
            found.append(Template(f"{password[1]}{hidden}") if password else line)
        return found

    # Scripts, track files, processes and groups

    def _item(self, node: Node) -> bool:
        leaves = {inner.kind: inner for inner in node.inner}
        item = {
            "vrrp_script": self._script,
            "vrrp_sync_group": self._group,
            "vrrp_track_process": self._process,
        }.get(node.kind, self._track_file)(leaves)
        if item is None or (len(leaves) < len(node.inner) and node.kind != "vrrp_sync_group"):
            return False
        variable = f"keepalived_{KINDS[node.kind]}"
        items = self.found.variables.setdefault(variable, [])
        self._comment((variable, len(items)), node)
        self.found.comment((variable, len(items)), [text for inner in node.inner for text in inner.comments])
        items.append({"name": node.name, **item})
        return True

    def _script(self, leaves: dict[str, Node]) -> Item | None:
        if set(leaves) - {"script", *SCRIPT, "timeout", "init_fail", "user"} or "script" not in leaves:
            return None
        if any(leaf.nodes is not None for leaf in leaves.values()):
            return None
        words = [word for word in (*SCRIPT, "timeout") if word in leaves]
        if not all(re.fullmatch(r"[+-]?\d+(\.\d+)?", leaves[word].value) for word in words):
            return None
        command = leaves["script"].value.replace('\\"', '"').replace("\\\\", "\\")
        numbers = {word: parse_number(leaves[word].name) for word in words}
        user = {"user": leaves["user"].value} if "user" in leaves else {}
        return {"script": command, **numbers, **({"init_fail": True} if "init_fail" in leaves else {}), **user}

    def _track_file(self, leaves: dict[str, Node]) -> Item | None:
        if set(leaves) - {"file", "weight", "init_file"} or "file" not in leaves:
            return None
        if any(len(leaf.values) != 2 or leaf.nodes is not None for leaf in leaves.values()):
            return None
        return {word: parse_scalar(leaves[word].name) for word in ("file", "weight", "init_file") if word in leaves}

    def _process(self, leaves: dict[str, Node]) -> Item | None:
        if "process" not in leaves or any(leaf.nodes is not None for leaf in leaves.values()):
            return None
        counts = [word for word in ("quorum", "weight") if word in leaves]
        if any(len(leaves[word].values) != 2 for word in counts):
            return None
        numbers: Item = {word: parse_scalar(leaves[word].name) for word in counts}
        lines = [leaf.text for word, leaf in leaves.items() if word not in ("process", "quorum", "weight")]
        return {"process": leaves["process"].rest, **numbers, **({"lines": lines} if lines else {})}

    def _group(self, leaves: dict[str, Node]) -> Item | None:
        members = leaves.get("group")
        if members is None or members.nodes is None:
            return None
        notify = {word: leaves[word].rest for word in NOTIFY if word in leaves}
        further = [node for word, node in leaves.items() if word not in (*NOTIFY, "group")]
        lines = [line for node in further for line in node.lines()]
        names = [name for inner in members.nodes for name in inner.values]
        return {"instances": names, **notify, **({"lines": lines} if lines else {})}

    # Instances

    def _instance(self, node: Node) -> bool:
        """Add an instance; false if it has something that the role could not print."""
        leaves = {inner.kind: inner for inner in node.inner if inner.nodes is None}
        router = leaves["virtual_router_id"].name if "virtual_router_id" in leaves else ""
        priority = find_priority(node)
        if not (router.isdecimal() and priority.isdecimal() and "interface" in leaves):
            return False
        version = leaves["version"].name if "version" in leaves else self.version
        item: Item = {
            "name": node.name,
            "virtual_router_id": int(router),
            "interface": leaves["interface"].name,
            "version": parse_scalar(version),
            "advert_int": 1,
            "unicast": False,
            "preempt": True,
        }
        instance = _Instance(node, item, int(priority))
        for inner in node.inner:
            if not self._directive(inner, instance):
                item.setdefault("lines", []).extend(self._hidden(inner.lines(), node.name))
        item.setdefault("virtual_ipaddress", [])
        self.instances.append(instance)
        return True

    def _directive(self, node: Node, instance: _Instance) -> bool:
        """Take a directive into the instance; false if the role has no type for it."""
        item, kind, leaf = instance.item, node.kind, node.nodes is None
        if kind in ("virtual_router_id", "priority", "interface", "version") and leaf:
            return True
        if kind == "state" and leaf:
            if node.name == "MASTER":
                self._changed(node, "every node begins as a backup, and becomes master when it hears no adverts")
            return True
        if kind in FLAGS and leaf:
            item.update(FLAGS[kind])
        elif kind in NUMBERS and NUMBER.fullmatch(node.name):
            item[kind] = parse_number(node.name)
        elif kind in NOTIFY and leaf:
            item[kind] = node.rest
        elif kind in LISTS and not leaf:
            entries = [" ".join(inner.words) for inner in node.inner if not inner.kind.startswith(STANDBY)]
            item.update({kind: entries} if entries else {})
        elif kind == "virtual_ipaddress" and not leaf:
            item[kind] = self._virtual_addresses(node)
        elif kind == "unicast_peer" and not leaf and all(len(inner.values) == 1 for inner in node.inner):
            instance.peers = [inner.kind for inner in node.inner]
            item["unicast"] = True
        elif kind == "unicast_src_ip" and leaf:
            instance.source = node.name
        elif kind == "mcast_src_ip" and leaf:
            instance.source = node.name
            item.setdefault("lines", []).append(Template(f"mcast_src_ip {{{{ {SOURCE} }}}}"))
        else:
            readers = {"authentication": self._authentication, "use_vmac": self._vmac, "smtp_alert": self._alert}
            reader = readers.get(kind)
            return reader is not None and reader(node, item)
        return True

    def _virtual_addresses(self, node: Node) -> list[Item]:
        """The addresses, each once: a host cannot have it twice."""
        found: dict[str, Item] = {}
        for inner in node.inner:
            item = _virtual_address(inner.values)
            bare = item["address"].partition("/")[0]
            if not is_address(bare):
                self.found.remark(
                    "left", inner.place, inner.text, "it is no address, so keepalived ignores it: correct it"
                )
            if found.setdefault(canonical(bare), item) is not item:
                self.found.remark(
                    "changed", inner.place, inner.text, "the address stands above already: it is left out"
                )
        return list(found.values())

    def _alert(self, node: Node, item: Item) -> bool:
        """Take whether there are alerts by mail; false if nobody gets them, or keepalived could not read it."""
        switch = parse_switch(node)
        if not self.alerts or node.nodes is not None or switch is None:
            return False
        item["smtp_alert"] = switch
        return True

    def _vmac(self, node: Node, item: Item) -> bool:
        """Take a virtual MAC address; false if it has more than a name and an address."""
        if node.nodes is not None:
            return False
        words = node.values[1:]
        address = next((word for word in words if LINK_ADDRESS.fullmatch(word)), "")
        names = [word for word in words if word != address]
        if len(names) > 1 or not all(map(VMAC_NAME.fullmatch, names)):
            return False
        item.update({"use_vmac": True, **({"vmac_name": names[0]} if names else {})})
        item.update({"vmac_addr": address} if address else {})
        return True

    def _authentication(self, node: Node, item: Item) -> bool:
        values = {inner.kind: inner.value for inner in node.inner}
        password = values.get("auth_pass", "")
        if item["version"] != 2:
            self._changed(node, "VRRP version 3 has no authentication, so keepalived ignores it: it is left out")
            return True
        if values.get("auth_type", "PASS") != "PASS" or not password or set('"\\{}') & set(password):
            return False
        if len(password.encode()) > MAX_PASSWORD:
            self._changed(
                node, f"keepalived uses the first {MAX_PASSWORD} bytes of the password: the others are left out"
            )
            password = password.encode()[:MAX_PASSWORD].decode(errors="ignore")
        item["auth_pass"] = self.found.hide(f"keepalived_{item['name']}_auth_pass", password)
        return True


class _Merger:
    """Brings the nodes together."""

    def __init__(self, local: dict[str, _Local], addresses: dict[str, str]) -> None:
        self.local = local
        self.shared = Translation({**PLAIN})
        self.hosts = {host: Translation() for host in local}
        self.addresses = addresses
        self.order = list(local)
        self.places: dict[str, Place] = {}

    def run(self) -> Nodes:
        """Variables that are the same on all nodes are shared; others stand with the node."""
        for host, local in self.local.items():
            self.shared.remarks += [replace(remark, host=host) for remark in local.found.remarks]
            for name, value in local.found.secrets.items():
                self._check_secret(host, name, value)
        self._find_addresses()
        self._sort_nodes()
        self._add_peers()
        self._variables()
        self._instances()
        return Nodes(self.shared, self.hosts, self.order, self.addresses)

    def _check_secret(self, host: str, name: str, value: str) -> None:
        """Nodes with different secrets of one name keep their own."""
        if self.shared.secrets.setdefault(name, value) != value:
            self.hosts[host].secrets[name] = value

    def _find_addresses(self) -> None:
        """The address from which each node sends: its own word, or the only peer that is not another node."""
        for host, local in self.local.items():
            source = next((instance.source for instance in local.instances if instance.source), "")
            self.addresses[host] = source or self.addresses.get(host, "")
        for host in [host for host in self.local if not self.addresses[host]]:
            peers = [
                canonical(peer)
                for other, local in self.local.items()
                if other != host
                for instance in local.instances
                for peer in instance.peers
            ]
            free = [peer for peer in dict.fromkeys(peers) if peer not in map(canonical, self.addresses.values())]
            if len(free) == 1:
                self.addresses[host] = free[0]

    def _sort_nodes(self) -> None:
        """The nodes by their priority in the first instance, the highest first."""
        first = {host: local.instances[0].priority if local.instances else 0 for host, local in self.local.items()}
        self.order.sort(key=lambda host: -first[host])

    def _add_peers(self) -> None:
        """Peers of which no file was read are nodes as well, behind the others."""
        for host, local in self.local.items():
            for instance in local.instances:
                for peer in instance.peers:
                    if canonical(peer) not in map(canonical, self.addresses.values()):
                        name = "node_" + re.sub(r"\W", "_", peer)
                        self.addresses[name] = peer
                        self.order.append(name)
                        self.shared.remark(
                            "left",
                            instance.node.place,
                            f"{instance.node.text} of {host}",
                            f"no configuration of the peer {peer} was read, so it becomes the node {name}, the last to "
                            "take over: read the files of all nodes, or rename it and correct its priority",
                        )

    def _variables(self) -> None:
        names = dict.fromkeys(name for local in self.local.values() for name in local.found.variables)
        for name in names:
            values = [local.found.variables.get(name) for local in self.local.values()]
            if all(value == values[0] for value in values):
                self._keep(self.shared, name, self.local[self.order[0]])
            else:
                for host in self.local:
                    self._keep(self.hosts[host], name, self.local[host])
        if self.order:
            self.shared.comment(
                ("keepalived_end",), self.local[self.order[0]].found.comments.get(("keepalived_end",), [])
            )

    @staticmethod
    def _keep(target: Translation, name: str, local: _Local) -> None:
        value = local.found.variables.get(name)
        if value:
            target.variables[name] = value
            target.comments.update({path: text for path, text in local.found.comments.items() if path[0] == name})

    def _instances(self) -> None:
        items: list[Item] = []
        for members in self._group_instances():
            path: Path = ("keepalived_instances", len(items))
            first = next(iter(members.values()))
            self.shared.comment(path, first.node.comments)
            for inner in first.node.inner:
                self.shared.comment((*path, inner.kind) if inner.kind in first.item else path, inner.comments)
            items.append(self._merged(members))
            self.places[first.item["name"]] = first.node.place
        if items:
            self.shared.variables["keepalived_instances"] = items
        self._accept_risks(items)

    def _group_instances(self) -> list[dict[str, _Instance]]:
        """The instances that speak with each other, by node. Their interfaces can have other names on other nodes, so
        that they count only where a node uses a virtual router ID on several."""
        same: dict[tuple[int, int], list[tuple[str, _Instance]]] = {}
        for host in [host for host in self.order if host in self.local]:
            for instance in self.local[host].instances:
                same.setdefault((instance.item["virtual_router_id"], _family(instance)), []).append((host, instance))
        groups: list[dict[str, _Instance]] = []
        for found in same.values():
            word = _find_distinction(found)
            parts: dict[str, dict[str, _Instance]] = {}
            for host, instance in found:
                members = parts.setdefault(instance.item[word] if word else "", {})
                if host in members:
                    node = instance.node
                    self.shared.remark(
                        "left", node.place, node.text, "its virtual router id is used twice on the node: choose another"
                    )
                members[host] = instance
            groups += parts.values()
        return groups

    def _accept_risks(self, items: list[Item]) -> None:
        """Accept what the pair has already and the role would refuse, and name it."""
        if len(self.order) == 1 and items:
            self.shared.variables["keepalived_accept_single_node"] = True
        found = {
            (item["name"], f"keepalived_accept_{risk}", problem.rpartition(": ")[0]): None
            for item in items
            for host in item.get("nodes", self.order)
            if host in self.local
            for risk, check in (("weights", check_weights), ("address_owner", check_address_owner))
            for problem in check(self._resolve_item(item, host), self._declare(host))
        }
        for name, variable, problem in found:
            self.shared.variables[variable] = True
            self.shared.remark(
                "note",
                self.places[name],
                f"vrrp_instance {name}",
                f"{problem}: {variable} accepts it; mend it and remove it",
            )

    def _resolve_item(self, item: Item, host: str) -> Item:
        """The instance with the values of one node. References to the vault stay."""
        own = {f"{{{{ {name} }}}}": value for name, value in self.hosts[host].variables.items()}
        values = {key: own.get(value, value) if isinstance(value, Template) else value for key, value in item.items()}
        return {key: value for key, value in values.items() if value is not None}

    def _declare(self, host: str) -> dict[str, Any]:
        """What the role would read of the variables of one node to check what its instances track."""
        variables = {**self.shared.variables, **self.hosts[host].variables}
        return {
            "nodes": [{"name": name} for name in self.order],
            "left_out": ["tracking"],
            "reports": {},
            "yields": {},
            "busy": {},
            "sync_groups": [{"lines": [], **group} for group in variables.get("keepalived_sync_groups", [])],
            **{
                kind: [{"weight": 0, **thing} for thing in variables.get(f"keepalived_{kind}", [])]
                for kind in TRACKED.values()
            },
        }

    def _merged(self, members: dict[str, _Instance]) -> Item:
        """One item of the instances that speak with each other."""
        first = next(iter(members.values()))
        name = first.item["name"]
        hosts = sorted(members, key=lambda host: -members[host].priority)
        priorities = [members[host].priority for host in hosts]
        for peer in (name for name in self.order if name not in self.local):
            if any(self.addresses[peer] in instance.peers for instance in members.values()):
                hosts.append(peer)
                priorities.append(max(priorities[-1] - 1, 1))
        for host, instance in members.items():
            node = instance.node
            if any(isinstance(line, Template) and SOURCE in line for line in instance.item.get("lines", [])):
                self.hosts[host].variables[SOURCE] = instance.source
            if instance.item["name"] != name:
                self.shared.remark("changed", node.place, node.text, f"the instance is called {name} on all nodes")
            self._check_peers(host, instance, members)
        item: Item = {"name": name}
        for key in dict.fromkeys(key for instance in members.values() for key in instance.item if key != "name"):
            item[key] = self._together(name, key, _list_values(members, key))
            if key == "preempt":
                item.update({"nodes": hosts} if hosts != self.order else {})
                item["priorities"] = priorities
        return item

    def _together(self, name: str, key: str, values: dict[str, Any]) -> Any:
        """The value of all nodes, or a reference to variables of single nodes."""
        first = next(iter(values.values()))
        if all(value == first for value in values.values()):
            return first
        variable = re.sub(r"\W", "_", f"vrrp_{name}_{key}").lower()
        for host, value in values.items():
            self.hosts[host].variables[variable] = value
        return Template(f"{{{{ {variable} }}}}")

    def _check_peers(self, host: str, instance: _Instance, members: dict[str, _Instance]) -> None:
        if not instance.item["unicast"]:
            return
        node = next(inner for inner in instance.node.inner if inner.kind == "unicast_peer")
        peers = set(map(canonical, instance.peers))
        for other in members:
            if other != host and canonical(self.addresses[other]) not in peers:
                self.shared.remark("changed", node.place, node.text, f"{other} becomes a peer, as it has the instance")


def _list_values(members: dict[str, _Instance], key: str) -> dict[str, Any]:
    """The value of each node. An owner of the addresses gets the preempt of the others: keepalived ignores its own."""
    values = {host: instance.item.get(key) for host, instance in members.items()}
    others = [values[host] for host, instance in members.items() if instance.priority != ADDRESS_OWNER]
    if key != "preempt" or not others:
        return values
    return {host: others[0] if members[host].priority == ADDRESS_OWNER else value for host, value in values.items()}


def _find_distinction(found: list[tuple[str, _Instance]]) -> str:
    """What tells instances with one virtual router ID apart: nothing if each node has one, their interfaces if no
    node has others, or else their names."""
    interfaces: dict[str, list[str]] = {}
    for host, instance in found:
        interfaces.setdefault(host, []).append(instance.item["interface"])
    if all(len(names) == 1 for names in interfaces.values()):
        return ""
    widest = max(map(set, interfaces.values()), key=len)
    return "interface" if all(widest.issuperset(names) for names in interfaces.values()) else "name"


def _family(instance: _Instance) -> int:
    addresses = [item["address"] for item in instance.item.get("virtual_ipaddress", [])]
    return version_of(addresses[0]) if addresses else 4


def _virtual_address(values: list[str]) -> Item:
    address, options = split_virtual(values)
    typed = {word: options.pop(word) for word in ("dev", "label", "scope") if options.get(word)}
    further = [f"{word} {value}".strip() for word, value in options.items()]
    return {"address": address, **typed, **({"options": further} if further else {})}
