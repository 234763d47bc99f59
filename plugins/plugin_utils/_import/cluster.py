# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of a cluster that runs: files with its hosts, their variables, their secrets, and a report."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...module_utils._address import is_address
from ...module_utils._check.secrets import find_secrets
from . import haproxy, haproxy_text, keepalived, keepalived_text, nginx, nginx_text
from .document import write_yaml
from .hosts import Entry, Host
from .report import Report, render_report
from .tree import Node, list_matches
from .values import Path, Template, Translation

BALANCERS, SERVERS = "load_balancers", "web_servers"
SECRET = "0600"
FILES = {"haproxy": "/etc/haproxy/", "keepalived": "/etc/keepalived/", "nginx": "/etc/nginx/"}
"""Directories whose files the roles can install."""

WORD = re.compile(r"[^\s\"':;,{}()]+")
SENSITIVE = re.compile(r"(?i)PRIVATE KEY|password|passwd|secret|token|:(\{\w+\}|\$(apr1|[0-9a-z]{1,2})\$)\S")
"""What makes the content of a file one for the vault."""

USUAL = {"mode": "0644", "owner": "root", "group": "root"}
"""What a file of a role is if nothing else is said."""

INCLUDED = re.compile(r"""\binclude\s+["']?([^\s;"']+)""")
"""A file that is included, or a pattern for several."""

PROGRAMS = (".json", ".key", ".lua", ".pem", ".py", ".sh")
"""How the names of files end that name no further ones for a daemon."""

COMMENT = re.compile(r"(?m)^\s*[#!].*$")
PACKAGED = re.compile(
    r"/etc/(nginx/(mime\.types|fastcgi\.conf|\w+_params|koi-\w+|win-utf|snippets/(fastcgi-php|snakeoil)\.conf)"
    r"|haproxy/errors/\d+\.http)"
)
"""Names of files that the distribution's packages bring."""


@dataclass
class File:
    """A file of the inventory."""

    path: str
    content: str
    mode: str = "0644"


@dataclass
class _Role:
    """The variables of one role: for all of its hosts, and for single ones."""

    shared: Translation = field(default_factory=Translation)
    hosts: dict[str, Translation] = field(default_factory=dict)


def import_cluster(hosts: Iterable[Host], additions: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """C(files) of the inventory with path, content and mode, and C(problems), one line for each host or file that could
    not be read. C(additions) are what the roles add without plain mode, by role and name."""
    return _Cluster(list(hosts), additions).run()


class _Cluster:
    """The inventory as it grows."""

    def __init__(self, hosts: list[Host], additions: Mapping[str, Mapping[str, str]]) -> None:
        self.hosts = [host for host in hosts if not host.problem]
        problems = [f"{host.name}: {host.problem}" for host in hosts if host.problem]
        unread = [line for host in self.hosts for line in host.problems()]
        self.report = Report(problems + unread, additions)
        self.files: list[File] = []
        self.read: dict[tuple[str, str], set[str]] = {}
        self.addresses = {host.name: host.address for host in self.hosts if is_address(host.address)}

    def run(self) -> dict[str, Any]:
        """Translate what the daemons have, and write it down."""
        balancing = self._parse("haproxy", lambda host: haproxy_text.parse(host.configuration("haproxy")))
        moving = self._parse("keepalived", lambda host: keepalived_text.parse(host.texts, _main(host, "keepalived")))
        serving = self._parse("nginx", lambda host: nginx_text.parse(host.texts, _main(host, "nginx")))
        nodes = keepalived.translate(moving, self.addresses)
        self.addresses.update({name: address for name, address in nodes.addresses.items() if address})
        balancers = [*nodes.order, *(name for name in balancing if name not in nodes.order)]
        servers = [name for name in serving if name not in balancers]
        self.report.stays += [
            f"{name}: nginx, because the host is a load balancer" for name in serving if name in balancers
        ]
        roles = {
            "haproxy": _together({name: haproxy.translate(config) for name, config in balancing.items()}),
            "keepalived": _Role(nodes.shared, nodes.hosts),
            "nginx": _together({name: nginx.translate(serving[name]) for name in servers}),
        }
        known = servers or self._servers_of_backends(roles["haproxy"])
        self._name_servers(roles["haproxy"].shared, known)
        self._kernel(roles, balancers)
        for daemon, role in roles.items():
            self._further_files(daemon, role)
        self._write_variables(roles, balancers, known)
        self._hosts(balancers, known)
        self._write_report(roles)
        return {
            "files": [{"path": file.path, "content": file.content, "mode": file.mode} for file in self.files],
            "problems": self.report.problems,
        }

    def _write_variables(self, roles: dict[str, _Role], balancers: list[str], servers: list[str]) -> None:
        groups = {BALANCERS: ("haproxy", "keepalived"), SERVERS: ("nginx",)}
        for group, daemons in groups.items():
            self._variables(f"group_vars/{group}", {daemon: roles[daemon].shared for daemon in daemons})
        for name in balancers + servers:
            own = {daemon: role.hosts[name] for daemon, role in roles.items() if name in role.hosts}
            self._variables(f"host_vars/{name}", own)

    def _write_report(self, roles: dict[str, _Role]) -> None:
        for role in roles.values():
            for translation in (role.shared, *role.hosts.values()):
                self.report.remarks += translation.remarks
        self.report.firewall = {host.name: list(host.firewall) for host in self.hosts if host.firewall}
        self.files.append(File("report.md", render_report(self.report, [file.path for file in self.files])))

    def _parse(self, daemon: str, parse: Callable[[Host], Any]) -> dict[str, Any]:
        """The configurations of the daemon by host; files that cannot be read are problems."""
        found = {}
        for host in self.hosts:
            if host.configuration(daemon) and not host.runs(daemon):
                self.report.stays.append(f"{host.name}: {daemon}, because it does not run")
            elif host.configuration(daemon):
                try:
                    found[host.name] = parse(host)
                    self.read[daemon, host.name] = _list_files(found[host.name], host, daemon)
                except ValueError as error:
                    self.report.problems.append(f"{host.name}: {error}")
        return found

    # Hosts

    def _servers_of_backends(self, role: _Role) -> list[str]:
        """The servers of the first backend with addresses, where no web server was read."""
        sections = [
            item
            for kind in ("backends", "listens")
            for item in role.shared.variables.get(f"haproxy_{kind}", [])
            if item.get("servers")
        ]
        servers: list[dict[str, Any]] = next(
            (item["servers"] for item in sections if all(is_address(server["address"]) for server in item["servers"])),
            [],
        )
        found = {server["name"]: server["address"] for server in servers if re.fullmatch(r"[\w.-]+", server["name"])}
        found = {name: address for name, address in found.items() if name not in self.addresses}
        self.addresses.update(found)
        return list(found)

    def _name_servers(self, translation: Translation, servers: list[str]) -> None:
        """Take the servers of a section from the inventory's group, if they are its hosts."""
        wanted = [(name, self.addresses.get(name)) for name in servers]
        for variable in ("haproxy_backends", "haproxy_listens"):
            for number, item in enumerate(translation.variables.get(variable, [])):
                there = item.get("servers", [])
                ports = {server.get("port") for server in there}
                simple = all(set(server) == {"name", "address", "port"} for server in there)
                path: Path = (variable, number, "servers")
                commented = any(other[:3] == path for other in translation.comments)
                same = [(server["name"], server["address"]) for server in there] == wanted
                if there and simple and same and len(ports) == 1 and not commented:
                    item["servers"] = Template(
                        f"{{{{ groups['{SERVERS}'] | evenkeel.ha_web.cluster_nodes(hostvars, port={ports.pop()}) }}}}"
                    )

    def _hosts(self, balancers: list[str], servers: list[str]) -> None:
        connections = {host.name: host.connection for host in self.hosts}
        groups = {}
        for group, names in ((BALANCERS, balancers), (SERVERS, servers)):
            hosts = {}
            for name in names:
                address, reached = self.addresses.get(name, ""), dict(connections.get(name, {}))
                stated = reached.get("ansible_host", name)
                hosts[name] = {**reached, **({"cluster_address": address} if address not in ("", stated) else {})}
            groups[group] = {"hosts": hosts}
        self.files.insert(0, File("hosts.yml", write_yaml(groups, {})))

    def _kernel(self, roles: dict[str, _Role], balancers: list[str]) -> None:
        """Kernel parameters that the roles set, as the hosts have them."""
        for daemon, variable, parameter in (
            ("haproxy", "haproxy_nonlocal_bind", "net.ipv4.ip_nonlocal_bind"),
            ("keepalived", "keepalived_ip_forward", "net.ipv4.ip_forward"),
        ):
            values = {host.parameter(parameter) for host in self.hosts if host.name in balancers} - {""}
            if values and roles[daemon].shared.variables:
                roles[daemon].shared.variables[variable] = "1" in values
                if len(values) > 1:
                    self.report.problems.append(f"{parameter} differs between the nodes: {variable} is set to true")

    # Files

    def _further_files(self, daemon: str, role: _Role) -> None:
        """Files that the configuration names, below the directory that the role manages."""
        directory, variable = FILES[daemon], f"{daemon}_files"
        contents: dict[str, dict[str, tuple[str, Entry]]] = {}
        for host in self.hosts:
            for path in _list_named(host, directory, self.read.get((daemon, host.name), set())):
                text, entry = host.files[path], host.entries.get(path, Entry())
                if host.is_packaged(path):
                    continue
                why = "is no text" if text is None else "is a symbolic link" if entry.is_link else ""
                if not host.packaged and PACKAGED.fullmatch(path):
                    why = "has the name of a file of the packages, and nothing tells whether it was changed"
                if text is None or why:
                    self.report.stays.append(f"{host.name}: {path}, because it {why}")
                else:
                    contents.setdefault(path, {})[host.name] = (text, entry)
        items: dict[str, list[dict[str, Any]]] = {}
        for path, texts in contents.items():
            shared = len({text for text, _entry in texts.values()}) == 1
            for host_name in [next(iter(texts))] if shared else texts:
                target = role.shared if shared else role.hosts.setdefault(host_name, Translation())
                item = _file(target, daemon, path.removeprefix(directory), *texts[host_name])
                items.setdefault("" if shared else host_name, []).append(item)
        common = items.pop("", [])
        for owner, own in items.items():
            role.hosts[owner].variables[variable] = [*common, *own]
        if common:
            role.shared.variables[variable] = common

    def _variables(self, folder: str, translations: Mapping[str, Translation]) -> None:
        secrets: dict[str, Any] = {}
        contents: dict[str, Any] = {}
        for daemon, translation in translations.items():
            variables = dict(translation.variables)
            contents.update({f"{daemon}_files": variables.pop(f"{daemon}_files", [])})
            if variables and set(variables) != {f"{daemon}_plain"}:
                self.files.append(File(f"{folder}/{daemon}.yml", write_yaml(variables, translation.comments)))
            secrets.update(translation.secrets)
        contents = {name: items for name, items in contents.items() if items}
        if contents:
            self.files.append(File(f"{folder}/files.yml", write_yaml(contents, {})))
        if secrets:
            self.files.append(File(f"{folder}/vault.yml", write_yaml(secrets, {}), SECRET))


def _list_named(host: Host, directory: str, read: set[str]) -> list[str]:
    """The files below the directory that the files which were C(read) name, or those that they name in turn, unless
    these are programs: what a program names is not for the daemon."""
    found: list[str] = []
    there = [path for path in host.files if path.startswith(directory) and path not in read]
    new = sorted(read)
    while new:
        texts = [host.texts.get(path, "") for path in new if path in read or not _is_program(path, host)]
        code = COMMENT.sub("", "\n".join(texts))
        words = {word.rstrip("/") for word in WORD.findall(code)}
        patterns = {posixpath.join(directory, word) for word in INCLUDED.findall(code)}
        # Only the configuration itself is searched for directories, such as that of all certificates.
        new = [path for path in there if path not in found and _is_named(path, directory, words, patterns, not found)]
        found += new
    return [path for path in there if path in found]


def _is_program(path: str, host: Host) -> bool:
    return path.endswith(PROGRAMS) or host.texts.get(path, "").startswith("#!")


def _is_named(path: str, directory: str, words: set[str], patterns: set[str], folders: bool) -> bool:
    """Whether a word is the path, a pattern for it or, with C(folders), its directory."""
    below = path.removeprefix(directory)
    names = {path, below}
    if folders:
        names |= {posixpath.dirname(path), posixpath.dirname(below)} - {""}
    return bool(names & words) or any(list_matches([path], pattern) for pattern in patterns)


def _file(target: Translation, daemon: str, name: str, text: str, entry: Entry) -> dict[str, Any]:
    """An item of the files of a role. Ansible would read a file beside the inventory as an inventory."""
    sensitive = SENSITIVE.search(text) is not None or any(map(find_secrets, text.split("\n")))
    permissions = entry.mode.zfill(4)
    if "PRIVATE KEY-----" in text:
        # The role refuses keys that others can read. The daemons read them as root.
        permissions = f"{permissions[:-1]}0"
    found = {"mode": permissions, "owner": entry.owner, "group": entry.group}
    return {
        "path": name,
        "content": target.hide(f"{daemon}_{name}", text) if sensitive else text,
        **{key: value for key, value in found.items() if value != USUAL[key]},
        **({"sensitive": True} if sensitive else {}),
    }


def _main(host: Host, daemon: str) -> str:
    return next(iter(host.configuration(daemon)))


def _list_files(parsed: Any, host: Host, daemon: str) -> set[str]:
    """The files that were read for a configuration."""
    if isinstance(parsed, Node):
        return {node.place.file for node in parsed.walk()}
    return set(host.configuration(daemon))


def _together(translations: dict[str, Translation]) -> _Role:
    """Variables that all hosts have alike are shared; the others stand with each host."""
    role = _Role(hosts={name: Translation() for name in translations})
    every = list(translations.values())
    names = dict.fromkeys(name for translation in every for name in translation.variables)
    for name in names:
        alike = all(_same(translation, every[0], name) for translation in every)
        targets = (
            [(role.shared, every[0])] if alike else [(role.hosts[host], translations[host]) for host in translations]
        )
        for target, source in targets:
            if name in source.variables:
                target.variables[name] = source.variables[name]
            target.comments.update({path: text for path, text in source.comments.items() if path[0] == name})
    for host, translation in translations.items():
        for secret, value in translation.secrets.items():
            shared = all(other.secrets.get(secret, value) == value for other in every)
            (role.shared if shared else role.hosts[host]).secrets[secret] = value
        known = [(remark.kind, remark.place, remark.text) for remark in role.shared.remarks]
        role.shared.remarks += [
            replace(remark, host=host)
            for remark in translation.remarks
            if (remark.kind, remark.place, remark.text) not in known
        ]
        for path, texts in translation.comments.items():
            if len(path) == 1 and str(path[0]).endswith("_end") and path not in role.shared.comments:
                role.shared.comments[path] = texts
    return role


def _same(one: Translation, other: Translation, name: str) -> bool:
    return one.variables.get(name) == other.variables.get(name)
