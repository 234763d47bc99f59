# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The flow of every role: from its variables to problems, or to the model that its templates print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import wraps
from inspect import Parameter, signature
from typing import Any, Callable

from ansible.utils.display import Display

from . import packages
from .additions import apply_additions, problems
from .platform import find_problem, find_warning
from .rules import find_unknown
from .shape import find_shape_problems

NAMED = {
    "haproxy": ("haproxy_frontends", "haproxy_listens", "haproxy_backends"),
    "keepalived": ("keepalived_instances",),
    "nginx": ("nginx_sites",),
}
"""Variables of each role whose items are services that a user would miss."""


def with_sources(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The same function that makes a plan. With C(sources), its problems have other words, such as the name of the
    variable from which one of the role is derived."""

    @wraps(function)
    def called(*args: Any, sources: Mapping[str, str] | None = None, **keywords: Any) -> dict[str, Any]:
        made = function(*args, **keywords)
        return {**made, "problems": [_replace_words(problem, sources or {}) for problem in made["problems"]]}

    own = signature(function)
    added = Parameter("sources", Parameter.KEYWORD_ONLY, default={})
    called.__dict__["__signature__"] = own.replace(parameters=[*own.parameters.values(), added])
    return called


def _replace_words(problem: str, sources: Mapping[str, str]) -> str:
    for word, source in sources.items():
        problem = re.sub(rf"\b{re.escape(word)}", source.replace("\\", r"\\"), problem)
    return problem


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
    earlier: Iterable[str] = (),
) -> dict[str, Any]:
    """Return C(problems), one line each, C(model), which is empty if there are problems, and C(names), the services of
    this plan and of those before. C(earlier) are those before, of the same host in the same run.

    A host of C(facts) on which the role cannot work has this problem alone. Of one on which it is not tested, Ansible
    prints a warning.

    C(declare) merges the variables over C(base), both without the additions that the plain mode leaves out. Rules and
    model get what it returns, the model C(base) as well. Values of a wrong type and wrong keys are reported without the
    rules, because all three rely on C(options). With C(nulls), a key within a variable may have no value, which is as
    good as none."""
    if "os_family" in facts and (unsupported := find_problem(facts)):
        return {"problems": [unsupported], "model": {}, "names": []}
    if "os_family" in facts and (untested := find_warning(facts)):
        Display().warning(untested)
    unknown = find_unknown(variables, options)
    if wrong := find_shape_problems(variables, options, nulls):
        return {"problems": unknown + wrong, "model": {}, "names": list(earlier)}
    reduced, merged = apply_additions(role, variables, base)
    declared = declare(leave_out_absent(role, remove_nulls(reduced) if nulls else reduced), merged)
    names = list_names(role, variables)
    rules = [*problems(role, variables, base["additions"]), *packages.problems(role, variables)]
    lost = find_lost(role, names, earlier)
    found = list(dict.fromkeys([*unknown, *rules, *find_problems(declared), *lost]))
    plan = {"problems": found, "model": {}, "names": list(earlier)}
    if found:
        return plan
    return {**plan, "model": build_model(declared, merged), "names": list(dict.fromkeys([*earlier, *names]))}


def remove_nulls(value: Any) -> Any:
    """Return the same data; a key without a value, as YAML allows it, is as good as none."""
    if isinstance(value, dict):
        return {key: remove_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [remove_nulls(item) for item in value]
    return value


def leave_out_absent(role: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Return the variables without the services whose C(state) is C(absent)."""
    return {
        name: [item for item in value if item.get("state") != "absent"] if name in NAMED.get(role, ()) else value
        for name, value in variables.items()
    }


def list_names(role: str, variables: Mapping[str, Any]) -> list[str]:
    """The services that the variables declare, each with its variable."""
    return [
        f"{variable}: {item.get('name', '')}"
        for variable in NAMED.get(role, ())
        for item in variables.get(variable, [])
    ]


def find_lost(role: str, names: Iterable[str], earlier: Iterable[str]) -> list[str]:
    """Return a problem if a plan would end services that an earlier one of the same run has declared."""
    kept = set(names)
    lost = [name for name in earlier if name not in kept]
    if not lost:
        return []
    return [
        f"the role {role} was applied to this host before in this run, with {', '.join(lost)}, and this would end what "
        "it has deployed: declare everything in one application of the role, such as in group_vars"
    ]
