# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prove that a daemon runs the configuration on disk.

A daemon whose reload fails keeps its old configuration, and C(systemctl reload) may succeed all the same. So each
daemon is asked in its own way whether it runs the new configuration; haproxy's master and nginx's workers know,
keepalived tells its journal, and BIRD shows its sessions and what it exports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from .._bird.sessions import Protocol, count_routes, find_missing, read_protocols
from .._check.messages import BIRD, HAPROXY, KEEPALIVED, NGINX, SYSTEMD, OwnWords, quote_lines
from .._haproxy import binds
from .._haproxy.cli import MASTER_SOCKET, NoAnswer, Workers, ask, parse_workers
from .._host.sockets import ANYWHERE, ANYWHERE6, Place, find_held
from .._host.system import Declared, Host
from .._host.unit import Unit
from .._keepalived.conf import parse
from .._keepalived.setup import list_vmac_interfaces
from .._nginx.check import read_lines
from .._nginx.listens import find_listens, find_refused

VMAC = "00:00:5e:00:0"
"""How virtual MAC addresses of VRRP begin."""
RETRIED = re.compile(r"bind\(\) to \S+ failed \(98: ")
"""nginx tries five times within two seconds to bind an address that is in use."""
BGP = 179
"""The port on which routers open sessions."""
NGINX_ERRORS = Path("/var/log/nginx/error.log")


class NotProven(Exception):
    """The daemon does not run the configuration; the text says what it said."""


class Daemon:
    """Proof of one daemon that it runs the configuration on disk. It is repeated until it succeeds or times out."""

    words: OwnWords

    def __init__(self, unit: Unit, health: str, main: str = "") -> None:
        """C(health) is a URL that a running daemon answers with 2xx, or empty; C(main) is the main file's name in the
        directory."""
        self.unit = unit
        self.health = health
        self.main = main

    def remember(self) -> None:
        """Note what is there before the change. What is asked afterwards is compared with it."""
        self.cursor = self.unit.cursor()
        self.before = self.workers()

    def workers(self) -> frozenset[int]:
        """The process ids of the daemon's workers."""
        return self.unit.children()

    def reload_command(self) -> list[str]:
        """The command that makes the daemon take the set on disk."""
        return ["systemctl", "reload", self.unit.name]

    def confirm(self) -> None:
        """Tell the daemon that its new configuration is proven."""

    def list_places(self, texts: Mapping[str, str]) -> set[Place]:
        """The addresses of the host on which the daemon will listen by TCP; C(texts) are the files of its set."""
        return set()

    def refuse_known_harm(self, directory: Path) -> None:
        """Raise NotProven for what is known to harm already while the daemon tries."""

    def find_restart_reason(self, directory: Path) -> str:
        """Return why the running daemon cannot take the set in the directory by a reload; empty if it can."""
        return ""

    def is_proven(self) -> bool:
        """Return whether the new configuration is in use. Raises NotProven once it is certain that it will not be."""
        return bool(self.workers() - self.before) and self.is_healthy()

    def is_healthy(self) -> bool:
        """Return whether the health URL is answered with 2xx within 2 seconds; true without a health URL.

        A redirect is no answer, because it can lead to another host."""
        if not self.health:
            return True
        # They take longer to load than all the rest, and only a change needs them.
        from http.client import HTTPException

        from ansible.module_utils.urls import open_url

        try:
            with open_url(self.health, timeout=2, use_proxy=False, follow_redirects="none"):
                return True
        except (HTTPException, OSError):
            return False

    def quote_complaints(self) -> str:
        """Quote the daemon's messages about the change, only errors if there are any, else systemd's messages."""
        own = self.words.select_lines(self.unit.read_journal(self.cursor, *self.words.sources))
        return quote_lines(own or self.unit.read_journal(self.cursor, SYSTEMD))


class Haproxy(Daemon):
    """The master process knows which worker runs which generation and whether a reload has failed."""

    words = HAPROXY

    def workers(self) -> frozenset[int]:
        return self.ask().current

    def list_places(self, texts: Mapping[str, str]) -> set[Place]:
        return binds.list_places(texts.get(self.main, ""))

    def refuse_known_harm(self, directory: Path) -> None:
        """haproxy pauses all its listeners while it tries for seconds to bind a port that somebody else has."""
        if not self.unit.has_ports_of_host():
            return
        file = directory / self.main
        taken = list(binds.find_unavailable(file.read_text(encoding="utf-8", errors="replace")))
        if taken:
            lines = "\n".join(f"{file}:{number}: {reason}\n    > {source}" for number, source, reason in taken)
            raise NotProven(lines)

    def ask(self) -> Workers:
        """Read the master's answer; no workers while it does not answer."""
        try:
            return parse_workers(ask(MASTER_SOCKET, "show proc", timeout=2))
        except NoAnswer:
            return Workers(frozenset(), 0)

    def is_proven(self) -> bool:
        answer = self.ask()
        if answer.failed:
            raise NotProven(self.quote_complaints())
        return bool(answer.current - self.before) and self.is_healthy()


class Nginx(Daemon):
    """New workers appear beside the old ones, or the error log says why not."""

    words = NGINX

    def remember(self) -> None:
        super().remember()
        self.log_end = NGINX_ERRORS.stat().st_size if NGINX_ERRORS.exists() else 0

    def list_places(self, texts: Mapping[str, str]) -> set[Place]:
        return find_listens(line for _file, _number, line in read_lines(self.main, Declared(texts), []))

    def find_restart_reason(self, directory: Path) -> str:
        lines = (text for _file, _number, text in read_lines(str(directory / self.main), Host(), []))
        refused = find_refused(find_listens(lines), find_held(self.unit.main_process()))
        return "; ".join(
            f"it cannot bind {new[0]} port {new[1]} while it listens on {old[0]} port {old[1]}" for new, old in refused
        )

    def is_proven(self) -> bool:
        refused = self.refusals()
        # It tries again meanwhile, and what comes of that is another line.
        if any(not RETRIED.search(line) for line in refused):
            raise NotProven(quote_lines(refused))
        return super().is_proven()

    def quote_complaints(self) -> str:
        return quote_lines(self.refusals()) or super().quote_complaints()

    def refusals(self) -> list[str]:
        """The lines of the error log that tell why the configuration is refused; those of requests are not among
        them."""
        if not NGINX_ERRORS.exists():
            return []
        with NGINX_ERRORS.open(encoding="utf-8", errors="replace", newline="\n") as log:
            log.seek(self.log_end)
            return [line.rstrip("\n") for line in log if "[emerg]" in line and self.words.line.match(line)]


class Keepalived(Daemon):
    """Its processes stay the same when it reloads; the journal says that it is done."""

    words = KEEPALIVED
    done = re.compile(r"(Reload|Startup) complete")

    def find_restart_reason(self, directory: Path) -> str:
        if not (directory / self.main).exists():
            return ""
        wanted = set(filter(None, list_vmac_interfaces(parse(str(directory / self.main), Host()))))
        out = self.unit.run(["ip", "-json", "-details", "link", "show", "type", "macvlan"])[1]
        found = {link["ifname"]: link.get("address", "") for link in json.loads(out or "[]") if "ifname" in link}
        own = {name for name, address in found.items() if address.startswith(VMAC)}
        changed = sorted((wanted - set(found)) | (own - wanted))
        if not changed:
            return ""
        return (
            f"it creates and removes interfaces of virtual MAC addresses when it starts, and not {', '.join(changed)} "
            "by a reload; its addresses go to another node"
        )

    def is_proven(self) -> bool:
        done = any(self.done.search(line) for line in self.unit.read_journal(self.cursor, *self.words.sources))
        return done and self.unit.state().active and bool(self.workers())


class Bird(Daemon):
    """It runs what it has taken until it is told that this is proven; else it goes back by itself.

    Sessions that did not stand before and have not changed are not asked for: their routers may be down."""

    words = BIRD
    require_sessions = True
    undo_after = 60
    """Seconds without a confirmation after which BIRD takes its former configuration back, such as when the host loses
    the controller."""

    def list_places(self, texts: Mapping[str, str]) -> set[Place]:
        has_sessions = "protocol bgp" in texts.get(self.main, "")
        return {(ANYWHERE, BGP), (ANYWHERE6, BGP)} if has_sessions else set()

    def remember(self) -> None:
        self.cursor = self.unit.cursor()
        self.down = {_identify(item) for item in self._sessions() if not item.is_established}
        self.reason = ""

    def reload_command(self) -> list[str]:
        return ["birdc", f"configure timeout {self.undo_after}"]

    def confirm(self) -> None:
        self.unit.run(["birdc", "configure confirm"])

    def is_proven(self) -> bool:
        protocols = read_protocols(self.unit.run)
        wanted = count_routes(protocols)
        asked = [
            item
            for item in protocols
            if item.kind == "BGP" and self.require_sessions and _identify(item) not in self.down
        ]
        self.reason = "; ".join(filter(None, (find_missing(item, wanted) for item in asked)))
        return bool(wanted) and not self.reason

    def quote_complaints(self) -> str:
        return self.reason or super().quote_complaints()

    def _sessions(self) -> list[Protocol]:
        return [item for item in read_protocols(self.unit.run) if item.kind == "BGP"]


def _identify(session: Protocol) -> tuple[str, str]:
    return session.fields.get("Neighbor address", ""), session.fields.get("Neighbor AS", "")


DAEMONS = {"bird": Bird, "haproxy": Haproxy, "keepalived": Keepalived, "nginx": Nginx}
