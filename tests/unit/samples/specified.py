# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of any public variable of a role that hypothesis draws from its argument specification: of the right type most
of the times, and as YAML makes them of what people write."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from hypothesis import strategies as st
from samples.drawn import rarely

WORDS = ["", "a", "a b", "web", "80", "*:80", "[::]:80", "192.0.2.10", "192.0.2.10/24", "2001:db8::10/64", "/srv/a"]
ODD = ["1m", "http://127.0.0.1/up", "eth0", "0640", "{{", "'", '"', "#", "\\", "ä", "}", ";", "no", "GET /", "a.b", "-"]
NUMBERS = [0, 1, -1, 416, 10**20, 1.5, float("inf"), float("nan")]
DATES = [datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4)]
NESTED = [[], {}, [None], {"a": None}, [[]], {1: 2}, {None: 1}, {True: [False]}]
TEXTS = st.sampled_from([*WORDS, *ODD])
TRAPS = st.sampled_from([None, True, False, "", "a\nb", *NUMBERS, *DATES, *NESTED])
SCALARS = {
    "bool": st.booleans() | st.sampled_from(["yes", "off", 1]),
    "int": st.sampled_from([0, 1, 2, 50, 80, 443, 255, 65535, 65536, -1, "10", 2**31]),
    "float": st.sampled_from([0, 0.05, 1, 1.5, 40.95, -1, "2.5"]),
    "path": TEXTS,
    "raw": TEXTS | st.integers(0, 700),
    "str": TEXTS | st.sampled_from([80, 1.5, True]),
}


def draw(spec: Mapping) -> st.SearchStrategy:
    """A value of an option."""
    return rarely(_draw_right(spec), TRAPS)


def _draw_right(spec: Mapping) -> st.SearchStrategy:
    kind = spec.get("type", "str")
    if "choices" in spec:
        return st.sampled_from(spec["choices"])
    if kind == "dict":
        return _draw_keys(spec["options"]) if "options" in spec else st.dictionaries(TEXTS, TEXTS | TRAPS, max_size=2)
    if kind == "list":
        item = {"options": spec["options"], "type": "dict"} if "options" in spec else {"type": spec["elements"]}
        return st.lists(draw(item), max_size=2)
    return SCALARS[kind]


def _draw_keys(options: Mapping) -> st.SearchStrategy:
    required = {name: draw(spec) for name, spec in options.items() if spec.get("required")}
    optional = {name: draw(spec) for name, spec in options.items() if not spec.get("required")}
    few = st.lists(st.sampled_from(sorted(optional)), max_size=3, unique=True) if optional else st.just([])
    return few.flatmap(lambda names: st.fixed_dictionaries({**required, **{name: optional[name] for name in names}}))


def draw_variables(options: Mapping) -> st.SearchStrategy:
    """One to three variables of a role."""
    drawn = {name: draw(spec) for name, spec in options.items()}
    return st.lists(st.sampled_from(sorted(drawn)), min_size=1, max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: drawn[name] for name in names})
    )
