# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The flow of every role: from its variables to problems, or to the model that its templates print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from . import packages
from .additions import apply_additions, problems
from .keys import find_key_problems
from .platform import find_problem
from .rules import find_unknown
from .text import find_unprintable_texts
from .values import find_type_problems


def make_plan(
    role: str,
    variables: Mapping[str, Any],
    base: Mapping[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any],
    declare: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]],
    find_problems: Callable[[dict[str, Any]], Iterable[str]],
    build_model: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]],
    nulls: bool = False,
) -> dict[str, Any]:
    """Return C(problems), one line each, and C(model), which is empty if there are problems.

    A host of C(facts) on which the role cannot work has this problem alone.

    C(declare) merges the variables over C(base), both without the additions that the plain mode leaves out. Rules and
    model get what it returns, the model C(base) as well. Values of a wrong type and wrong keys are reported without the
    rules, because all three rely on C(options). With C(nulls), a key within a variable may have no
    value."""
    if "os_family" in facts and (unsupported := find_problem(facts)):
        return {"problems": [unsupported], "model": {}}
    strangers = find_unknown(variables, options)
    wrong = [
        *find_type_problems(variables, options, nulls),
        *find_key_problems(variables, options, nulls),
        *find_unprintable_texts(variables),
    ]
    if wrong:
        return {"problems": strangers + wrong, "model": {}}
    reduced, merged = apply_additions(role, variables, base)
    declared = declare(reduced, merged)
    rules = [*problems(role, variables, base["additions"]), *packages.problems(role, variables)]
    found = list(dict.fromkeys([*strangers, *rules, *find_problems(declared)]))
    return {"problems": found, "model": {} if found else build_model(declared, merged)}
