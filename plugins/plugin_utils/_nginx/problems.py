# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find invalid values in the declaration of model.py. Each problem is one line with variable, value and accepted
values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._input import container
from .._input.rules import find_file_problems, find_repeated, refuse_hidden_path, refuse_no_host, refuse_no_network
from . import acme
from .model import Item, list_directives, normalize_listen, server, site_root

NAME = re.compile(r"""[^\s/\\;{}"'#$]+""")
VARIABLE = re.compile(r"\$\{\w+\}")
NO_ARGUMENTS = re.compile(r"""[;{}"'\\]|(^|\s)#|^$""")
TOKEN = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?!["'])(?:\\.|\$\{|[^\s;{\\])+)(?=\s|$)""", re.DOTALL)
"""One argument as nginx reads it, with a blank or the end behind it."""
NAMED = ("sites", "upstreams", "log_formats")
TLS = ("ssl", "quic")
SERVED = re.compile(r"""\s*(root|alias)\s+["']?([^\s;"']+)""")
LOCATION = re.compile(r"\s*location\s+(.*?)\s*(\{|$)")
"""A location among the lines of a site."""
NO_PATH = re.compile(r"(= ?|\^~ ?)?[A-Za-z0-9]")
"""A location without a regular expression that no request has."""
# Whoever writes one of these knows where the certificate comes from.
SSL_ON = re.compile(r"\s*ssl\s+on\s*;")
CERTIFIED = ("ssl_certificate", "ssl_reject_handshake", "include")


PLACE = re.compile(r"(?:(\*|[^:\[\]]+|\[[^\[\]]+\]):)?(\d+)(?:-(\d+))?|(\*|[^:\[\]]+|\[[^\[\]]+\])")
"""Address and ports, or an address alone."""
WORKERS = re.compile("auto|[1-9][0-9]*|")
"""Numbers of processes; in plain mode, there may be none."""
NO_NAME = re.compile(r"\d[^.]*")
REDIRECT = re.compile(r"https?://[^\s;{}\"'\\#]*[^\s;{}\"'\\#/]")


def problems(declared: dict[str, Any]) -> list[str]:
    """One line for everything that nginx would refuse or, worse, accept."""
    found = list(_workers(declared))
    for variable in NAMED:
        names = [str(item["name"]) for item in declared[variable]]
        found += find_repeated(f"nginx_{variable}", "name", names)
        found += [
            (
                f"nginx_{variable}: the name '{name}' is no single word: one without spaces, slashes, quotation marks, "
                "braces and $ is needed"
            )
            for name in names
            if not NAME.fullmatch(name)
        ]
    for site in declared["sites"]:
        found += [f"nginx_sites: {site['name']}: {problem}" for problem in _site_problems(site, declared)]
        if declared["confined"]:
            found += _find_hidden_paths(site, declared)
    for upstream in declared["upstreams"]:
        wrong = _upstream_problems(upstream, boolean(declared["plain"]))
        found += [f"nginx_upstreams: {upstream['name']}: {problem}" for problem in wrong]
    return [
        *found,
        *_arguments(declared),
        *_listeners(declared),
        *_health(declared["health_location"]),
        *_proxies(declared["trusted_proxies"]),
        *find_file_problems("nginx_files", declared["files"]),
        *container.problems("nginx", declared),
        *acme.find_problems(declared),
    ]


def _workers(declared: dict[str, Any]) -> Iterator[str]:
    processes = str(declared["worker_processes"])
    if not WORKERS.fullmatch(processes):
        yield f"nginx_worker_processes is '{processes}': auto, or a number from 1 is needed"


def are_arguments(text: str) -> bool:
    """Return whether nginx reads the text as arguments of a directive, the last of which ends with it.

    Quotation marks count at the beginning of an argument only, and C(;) and C({) end one that has none, but for a
    variable in braces."""
    rest, found = text, False
    while rest := rest.lstrip():
        token = TOKEN.match(rest)
        if not token or rest.startswith(("#", "}")):
            return False
        rest, found = rest[token.end() :], True
    return found


def _arguments(declared: dict[str, Any]) -> Iterator[str]:
    """Texts that would end their directive and begin another. Those of C(lines) and settings are whole directives, in
    nginx's own words."""
    texts = {
        "nginx_access_logs": declared["access_logs"] or [],
        "nginx_health_location": [declared["health_location"] or "/"],
    }
    for upstream in declared["upstreams"]:
        options = [option for item in upstream["servers"] for option in item.get("options", [])]
        texts[f"nginx_upstreams: {upstream['name']}: options"] = [*upstream["server_options"], *options]
    for site in declared["sites"]:
        where = f"nginx_sites: {site['name']}"
        texts.update({f"{where}: {key}": site[key] for key in ("listens", "server_names")})
        texts[f"{where}: access_logs"] = site.get("access_logs", [])
        texts[f"{where}: index"] = [site["index"] or "/"]
        texts[f"{where}: path"] = [location["path"] for location in site["locations"]]
    for where, found in texts.items():
        for text in map(str, found):
            if not are_arguments(text):
                yield (
                    f"{where} has '{text}': what has a semicolon, a brace or a # needs quotation marks around it, "
                    "and all of them closed"
                )


def _health(path: str) -> Iterator[str]:
    if path and not path.startswith(("/", '"', "'")):
        yield f"nginx_health_location is '{path}': a path with a slash at its beginning is needed, such as /{path}"


def _words(site: Item) -> Iterator[str]:
    for key in ("root", "certificate", "certificate_key"):
        text = site.get(key) or "/"
        if text.split() != [text] or NO_ARGUMENTS.search(VARIABLE.sub("v", text)):
            yield (
                f"{key} is '{text}': a single word without blanks, quotation marks, semicolons, braces and "
                "backslashes is needed"
            )


def _locations(site: Item, health: str) -> Iterator[str]:
    paths = [" ".join(location["path"].split()) for location in site["locations"]]
    yield from find_repeated("locations", "path", paths)
    for path in paths:
        if NO_PATH.match(path):
            yield f"the location '{path}' is no path with a slash at its beginning, so nginx would never use it"
    if health and f"= {health}" in [*paths, *_list_written_locations(site)]:
        yield f"the location = {health} is the role's own: choose another nginx_health_location, or an empty one"


def _list_written_locations(site: Item) -> Iterator[str]:
    """The paths of the locations among the lines of a site, without those inside of others."""
    depth = 0
    for line in map(str, site["lines"]):
        found = LOCATION.match(line)
        if found and not depth:
            yield " ".join(found[1].split())
        depth += line.count("{") - line.count("}")


def _site_problems(site: Item, declared: dict[str, Any]) -> Iterator[str]:
    yield from _locations(site, declared["health_location"])
    yield from _words(site)
    if "root" in site and not site["root"].startswith(("/", "$")):
        yield f"root is '{site['root']}': an absolute path is needed, such as /srv/www"
    if site["redirect"] and not REDIRECT.fullmatch(site["redirect"]):
        yield (
            f"redirect is '{site['redirect']}': a URL without a slash at its end is needed, such as "
            "https://www.example.com"
        )
    if site["redirect"] and "/" in (location["path"].strip() for location in site["locations"]):
        yield "redirect is set, and locations has the path /: choose one of them"
    for key in ("listens", "server_names"):
        if not site[key]:
            yield f"{key} is empty: name at least one, or leave it out"
    lines = [*map(str, site["lines"] + declared["http_lines"]), *declared["http_settings"]]
    listens = list(map(str, site["listens"]))
    secure = [listen for listen in listens if set(listen.split()[1:]).intersection(TLS)]
    if secure and not site["certificate"] and not any(line.strip().startswith(CERTIFIED) for line in lines):
        yield f"listen '{secure[0]}' has TLS and the site has no certificate: set certificate and certificate_key"
    # The old directive makes every listen of the site one with TLS.
    old = declared["http_settings"].get("ssl") in (True, "on") or any(SSL_ON.match(line) for line in lines)
    if site["certificate"] and not old:
        for listen in listens:
            if listen not in secure and normalize_listen(listen).endswith(":443"):
                yield (
                    f"listen '{listen}' would answer in plain text although the site has a certificate: write "
                    f"'{listen} ssl'"
                )
    if site["certificate_key"] and not site["certificate"]:
        yield "certificate_key is set and certificate is not: set both, or certificate alone for a file that has both"


def _find_hidden_paths(site: Item, declared: dict[str, Any]) -> Iterator[str]:
    """Find paths that nginx -t accepts and a confined nginx answers with status 404."""
    lines = [*site["lines"], *(line for location in site["locations"] for line in location["lines"])]
    served = [
        ("root", site_root(site, declared)),
        *(("access_logs", str(log).split()[0]) for log in site.get("access_logs", []) if str(log).split()),
        *(found.groups() for found in map(SERVED.match, map(str, lines)) if found),
    ]
    for word, path in served:
        yield from refuse_hidden_path(f"nginx_sites: {site['name']}: {word}", path, "nginx_confined")


def _upstream_problems(upstream: Item, plain: bool) -> Iterator[str]:
    """In plain mode, a server that stands twice is what the owner wrote: nginx gives it twice the share."""
    if not upstream["servers"] and not {"include", "server"} & list_directives(upstream["lines"]):
        yield "servers is empty: name at least one"
    for item in upstream["servers"]:
        address, port = str(item["address"]), item.get("port")
        if not address or re.search(r"[\s;{}]", address):
            yield f"a server has the address '{address}': an address, a name or unix: and a path is needed"
        elif not address.startswith("unix:"):
            yield from refuse_no_host("the address of a server", address)
        if port and (address.startswith("unix:") or not 1 <= int(port) <= 65535):
            yield f"server {address} has the port {port}: " + (
                "a socket has none" if address.startswith("unix:") else "allowed are 1-65535"
            )
    if not plain:
        yield from find_repeated("servers", "address", [server(item, []) for item in upstream["servers"]])


def _listeners(declared: dict[str, Any]) -> Iterator[str]:
    """Find conflicts of listeners and server names."""
    port = int(declared["status_port"])
    if not 0 <= port <= 65535:
        yield f"nginx_status_port is {port}: allowed are 1-65535, and 0 for none"
    answers = [f"_ on 127.0.0.1:{port}"] if port else []
    defaults: dict[str, list[str]] = {}
    for site in declared["sites"]:
        for listen in map(str, site["listens"]):
            if are_arguments(listen) and not _is_place(listen):
                yield (
                    f"nginx_sites: {site['name']}: listen '{listen}' begins with no port or address: a port (1-65535), "
                    "an address, both with a colon between them, or unix: and a path is needed"
                )
            answers += [f"{name} on {normalize_listen(listen)}" for name in site["server_names"]]
            if {"default_server", "default"}.intersection(listen.split()[1:]):
                defaults.setdefault(normalize_listen(listen), []).append(site["name"])
    # nginx takes the first and warns, so in plain mode it is what the owner wrote.
    if not boolean(declared["plain"]):
        yield from find_repeated("nginx_sites", "server name", answers)
    for place, names in defaults.items():
        if len(set(names)) > 1:
            yield (
                f"nginx_sites: {' and '.join(names)} are both default_server on {place}: each address and port has one"
            )


def _is_place(listen: str) -> bool:
    """Return whether a listen begins with what nginx can listen on; names and variables are accepted."""
    word = (listen.split() or [""])[0]
    if word.startswith("unix:") or "$" in word:
        return True
    place = PLACE.fullmatch(word)
    if not place:
        return False
    host = place.group(1) or place.group(4) or "*"
    ports = [int(port) for port in place.group(2, 3) if port]
    is_host = host == "*" or not (NO_NAME.fullmatch(host) or refuse_no_host("", host))
    return is_host and all(1 <= port <= 65535 for port in ports)


def _proxies(trusted: list[str]) -> Iterator[str]:
    for proxy in trusted:
        if "." in proxy.partition("/")[2]:
            yield f"nginx_trusted_proxies has '{proxy}': write its prefix instead of a netmask, such as 192.0.2.0/24"
        elif proxy != "unix:":
            yield from refuse_no_network("nginx_trusted_proxies", proxy)
