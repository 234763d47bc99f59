# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of iptables, as C(iptables --list-rules) prints them."""

from __future__ import annotations

import shlex
from typing import Callable

from .packet import NUMBERS, Advert, Rule, all_met, compare_values, follow_chain, is_within

VERDICTS = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "drop", "RETURN": "return"}
SAYS_NOTHING = ("-m", "--comment", "--reject-with")
"""Options with a value that is no condition."""


def find_refusal(printed: str, advert: Advert) -> str:
    """The rule that keeps the advert out, or the policy that does; empty if it comes in."""
    chains: dict[str, list[Rule]] = {}
    policy = "ACCEPT"
    for line in printed.splitlines():
        kind, chain, *rest = line.split(maxsplit=2)
        if kind == "-A":
            chains.setdefault(chain, []).append(_parse_rule(line, advert))
        elif (kind, chain) == ("-P", "INPUT"):
            policy = rest[0]
    verdict, text = follow_chain("INPUT", chains)
    return text if verdict == "drop" else f"-P INPUT {policy}" if not verdict and policy == "DROP" else ""


def _parse_rule(line: str, advert: Advert) -> Rule:
    words = shlex.split(line)[2:]
    conditions, verdict, negated = [], "", False
    for before, word, value in zip(["", *words], words, [*words[1:], ""]):
        if before in SAYS_NOTHING:
            continue
        if word == "!":
            negated = True
        elif word in ("-j", "-g"):
            verdict = VERDICTS.get(value, f"{'goto' if word == '-g' else 'jump'} {value}")
        elif word.startswith("-") and word not in SAYS_NOTHING:
            found = _meets_condition(word, value, advert)
            conditions.append(None if found is None else found is not negated)
            negated = False
    return Rule(all_met(conditions), verdict, line)


def _meets_condition(word: str, value: str, advert: Advert) -> bool | None:
    option, _dash, comparison = word.lstrip("-").partition("-")
    if option in ("ttl", "hl"):
        return compare_values(comparison, "255", value)
    known: dict[str, Callable[[], bool | None]] = {
        "-p": lambda: value in (*NUMBERS, "all"),
        "-i": lambda: advert.interface == value or (value.endswith("+") and advert.interface.startswith(value[:-1])),
        "-s": lambda: is_within(advert.source, value),
        "-d": lambda: is_within(advert.destination, value),
        "--ctstate": lambda: "NEW" in value.split(","),
        "--state": lambda: "NEW" in value.split(","),
    }
    return known[word]() if word in known else None
