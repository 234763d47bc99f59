# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems as the message of a task that fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

LONGEST = 600
"""Characters of one problem. The end, where the remedy is, is kept."""

MOST = 40
"""Problems of one message."""


def write_message(problems: Iterable[str], one_per_line: bool) -> str:
    """Return the problems, each once, as lines of a text, or numbered on one line.

    Ansible prints line breaks of a message as they are only with C(result_format=yaml)."""
    unique = list(dict.fromkeys(map(_shorten, problems)))
    shown = unique[:MOST]
    if len(unique) > MOST:
        shown.append(f"... and {len(unique) - MOST} more")
    if one_per_line or len(shown) == 1:
        return "\n".join(shown)
    return " ".join(f"({number}) {problem}" for number, problem in enumerate(shown, 1))


def merge_hosts(problems: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the problems of all hosts, each once, behind the names of its hosts."""
    hosts: dict[str, list[str]] = {}
    for host, found in problems.items():
        for problem in dict.fromkeys(found):
            hosts.setdefault(problem, []).append(host)
    return [f"{', '.join(names)}: {problem}" for problem, names in hosts.items()]


def _shorten(problem: str) -> str:
    return problem if len(problem) <= LONGEST else f"{problem[: LONGEST // 2]} ... {problem[-LONGEST // 2 :]}"
