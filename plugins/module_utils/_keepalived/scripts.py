# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripts that keepalived would leave out without a word, so that nothing is checked and nobody is notified.

C(keepalived -t) of 2.2.7 and 2.3.3 names check scripts that are missing or, if root runs them, unsafe, but not which
file that is. It says nothing of check scripts that are not executable, and nothing at all of scripts that it runs on
other occasions. When it starts, its log has a line about them, and it goes on without them. For root, 2.3.3 runs
nothing in a directory that is a link.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from .._check.finding import Finding
from .._host import program
from .._host.program import Broken, Unsafe, Unusable, User
from .._host.system import Host
from .._version import split_version
from .conf import Block, Line
from .paths import ASK

CHECKS = {"vrrp_script": "script", "MISC_CHECK": "misc_path"}
"""Blocks that say in lines of their own which script to run, and as which user."""

NOTIFIES = {
    *(
        "notify",
        "notify_master",
        "notify_backup",
        "notify_fault",
        "notify_stop",
        "notify_deleted",
        "notify_master_rx_lower_pri",
    ),
    *("notify_up", "notify_down", "quorum_up", "quorum_down", "startup_script", "shutdown_script"),
    *("notify_fifo_script", "vrrp_notify_fifo_script", "lvs_notify_fifo_script"),
}
"""Directives that name a script and, after it, the user and the group that run it."""

WAITS_FOR_A_RUN = [2, 3, 2]
"""The first release that starts no check while the one before it runs."""

DEFAULT_USER = "keepalived_script"


def findings(whole: Block, host: Host, version: str) -> list[Finding]:
    """An alert for every script that keepalived of this version would leave out, or that others can replace."""
    found = []
    guards_links = split_version(version) >= [2, 3]
    user = default = _default_user(whole, host)
    for line, named in _find_scripts(whole):
        try:
            user = _named_user(named, host) if named else default
            path = _find_path(line.words[1], user, host) if user else ""
            if user and path:
                program.check_program(path, user, host, through_links=not (guards_links and user.is_root))
        except Unusable as error:
            found.append(line.refuse(f"{error}: {_describe_consequence(error, user)}; {error.advice}"))
    return found


def find_overlaps(whole: Block, version: str) -> list[Finding]:
    """A warning for each C(vrrp_script) that keepalived of this version would start although it still runs."""
    if split_version(version) >= WAITS_FOR_A_RUN:
        return []
    found = []
    for block in whole.inner("vrrp_script"):
        line = block.find("timeout")
        interval, timeout = (_read_seconds(block.value(word)) for word in ("interval", "timeout"))
        if line and ASK not in block.value("script") and timeout > interval:
            found.append(
                line.warn(
                    f"a run of {block.name} may take {timeout:g} s, and one begins every {interval:g} s: keepalived "
                    "before 2.3.2 does not wait for the one before, so on a crowded host they pile up. Make interval "
                    "as long as timeout, or let the script end where another run of it is there"
                )
            )
    return found


def _read_seconds(text: str) -> float:
    """keepalived's default for nothing, and for what it refuses itself."""
    try:
        return float(text)
    except ValueError:
        return 1.0


def find_script_line(whole: Block, name: str) -> Line | None:
    """The line that says which file a C(vrrp_script) runs."""
    return next((block.find("script") for block in whole.inner("vrrp_script") if block.name == name), None)


def _find_scripts(whole: Block) -> Iterator[tuple[Line, list[str]]]:
    """Every line that says which file to run, and the user and group that it names for that."""
    for block in whole.walk():
        for line in block.lines:
            if len(line.words) < 2 or "$" in line.text or line.words[1].startswith("<"):
                continue  # no file, a variable of keepalived's, or a file that is opened and not run
            if line.words[0] in NOTIFIES:
                yield line, line.words[2:4]
            elif line.words[0] == CHECKS.get(block.kind):
                user = block.find("user")
                yield line, user.words[1:3] if user else []


def _default_user(whole: Block, host: Host) -> User | None:
    """Return the user of scripts that name none. None if it does not exist, which keepalived itself reports."""
    settings = next(whole.inner("global_defs"), None)
    named = settings.find("script_user") if settings else None
    words = named.words[1:3] if named else [DEFAULT_USER]
    try:
        return User(words[0], *host.ids(*words))
    except (KeyError, IndexError):
        guarded = settings and settings.find("enable_script_security")
        return None if named or guarded else User("root", 0, 0)


def _named_user(words: list[str], host: Host) -> User:
    try:
        return User(words[0], *host.ids(*words))
    except KeyError as error:
        raise Unusable(
            str(error.args[0]),
            "create that user or group before, or name another. What stands after a script is a user and a group; "
            "arguments of the script belong into its quotation marks",
        ) from error


def _find_path(command: str, user: User, host: Host) -> str:
    """The file that a command runs; empty if it has no words."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    name = words[0] if words else ""
    if name.startswith("/") or not name:
        return name
    if "/" in name:
        raise Unusable(f"{name} is not an absolute path", "write the path from / on")
    found = program.find(name, host)
    if not found:
        raise Unusable(
            f"{name} is in none of {', '.join(program.SEARCHED)}",
            "install it before, or write the whole path of another",
        )
    if user.uid:
        raise Unusable(
            f"{name} has no path, and keepalived looks for such a command only if root runs it", f"write {found}"
        )
    return found


def _describe_consequence(error: Unusable, user: User | None) -> str:
    if isinstance(error, Broken):
        return "it would fail whenever keepalived runs it"
    if not isinstance(error, Unsafe):
        return "keepalived runs without it"
    if user and user.is_root:
        return "keepalived runs without it (or, without enable_script_security, lets them become root)"
    return "they control what keepalived runs, and whether this node counts as healthy"
