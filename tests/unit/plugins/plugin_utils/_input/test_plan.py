# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.plan import make_plan

OPTIONS = {
    "web_port": {"type": "int"},
    "web_lines": {"type": "list", "elements": "str"},
    "web_plain": {"type": "bool"},
    "web_additions": {"type": "list", "elements": "str"},
}
PLAIN = {"web_plain": True, "web_additions": []}
BASE = {
    "additions": {"lines": {"variables": {"lines": []}, "base": {"http": {}}}},
    "role_defaults": {"web_lines": ["a"]},
    "http": {"gzip": True},
}


def never(*_declared):
    raise AssertionError("the rules rely on the types")


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        ({"web_port": "many"}, "web_port is 'many': a number from 0 to"),
        ({"web_port": 80, "web_lines": ["a\nb"]}, "web_lines[0] has a line break"),
        ({"web_lines": [None]}, "web_lines[0] has no value"),
    ],
)
def test_a_value_of_a_wrong_type_is_reported_alone(variables, part):
    plan = make_plan("web", variables, BASE, OPTIONS, {}, never, never, never)
    (problem,) = plan["problems"]
    assert part in problem
    assert plan["model"] == {}


def test_unknown_variables_and_what_the_rules_find_are_reported_together():
    plan = make_plan(
        "web",
        {**PLAIN, "web_prot": 80, "web_lines": [], "web_additions": ["limes"]},
        BASE,
        OPTIONS,
        {},
        lambda reduced, _merged: reduced,
        lambda _declared: iter(["a rule"]),
        never,
    )
    assert plan["problems"] == [
        "web_prot is not a variable of this role; did you mean web_port?",
        "web_additions has 'limes', which is no addition of the role; did you mean lines?",
        "a rule",
    ]
    assert plan["model"] == {}


@pytest.mark.parametrize(
    ("nulls", "problems", "model"),
    [
        (True, [], {"web_port": 80, "web_sites": [{"name": "a", "ports": [{"number": 1}]}], **PLAIN}),
        (False, ["web_sites[a].lines has no value; give it one, or leave it out"], {}),
    ],
)
def test_a_key_without_a_value_is_as_good_as_none(nulls, problems, model):
    port = {"type": "list", "elements": "dict", "options": {"number": {"type": "int"}, "name": {"type": "str"}}}
    site = {"name": {"type": "str"}, "lines": {"type": "list"}, "ports": port}
    options = {**OPTIONS, "web_sites": {"type": "list", "elements": "dict", "options": site}}
    sites = [{"name": "a", "lines": None, "ports": [{"number": 1, **({"name": None} if nulls else {})}]}]
    plan = make_plan(
        "web",
        {**PLAIN, "web_port": 80, "web_lines": [], "web_sites": sites},
        BASE,
        options,
        {},
        lambda reduced, _merged: reduced,
        lambda _declared: [],
        lambda declared, _merged: declared,
        nulls=nulls,
    )
    assert plan["problems"] == problems
    assert {name: value for name, value in plan["model"].items() if name in model} == model


@pytest.mark.parametrize(
    ("plain", "lines", "merged"), [(False, ["a"], {"gzip": True}), (True, [], {})], ids=["with additions", "plain"]
)
def test_good_input_makes_a_model(plain, lines, merged):
    plan = make_plan(
        "web",
        {"web_plain": plain, "web_additions": [], "web_port": 80, "web_lines": ["a"]},
        BASE,
        OPTIONS,
        {},
        lambda reduced, base: {"lines": reduced["web_lines"], "http": base["http"]},
        lambda _declared: [],
        lambda declared, base: {**declared, "base": base["http"]},
    )
    model = {"lines": lines, "http": merged, "base": merged}
    assert plan == {"problems": [], "model": model, "names": []}


def test_an_absent_service_is_not_declared():
    sites = [{"name": "a"}, {"name": "b", "state": "absent"}, {"name": "c", "state": "present"}]
    plan = make_plan(
        "nginx",
        {"nginx_plain": False, "nginx_additions": [], "nginx_sites": sites},
        BASE,
        {name: {"type": "raw"} for name in ("nginx_plain", "nginx_additions", "nginx_sites")},
        {},
        lambda reduced, _merged: reduced,
        lambda _declared: [],
        lambda declared, _merged: {"sites": [site["name"] for site in declared["nginx_sites"]]},
    )
    assert (plan["problems"], plan["model"]) == ([], {"sites": ["a", "c"]})


@pytest.mark.parametrize(
    ("earlier", "sites", "lost", "names"),
    [
        ([], ["a"], "", ["a"]),
        (["a"], ["a"], "", ["a"]),
        (["a"], ["a", "b"], "", ["a", "b"]),
        (["a", "b"], ["b", "c"], "nginx_sites: a", ["a", "b"]),
    ],
)
def test_what_an_earlier_play_has_deployed_is_not_ended_silently(earlier, sites, lost, names):
    declared = {"nginx_plain": False, "nginx_additions": [], "nginx_sites": [{"name": name} for name in sites]}
    plan = make_plan(
        "nginx",
        declared,
        BASE,
        {name: {"type": "raw"} for name in declared},
        {},
        lambda reduced, _merged: reduced,
        lambda _declared: [],
        lambda _declared, _merged: {},
        earlier=[f"nginx_sites: {name}" for name in earlier],
    )
    assert plan["names"] == [f"nginx_sites: {name}" for name in names]
    assert len(plan["problems"]) == bool(lost)
    assert [problem for problem in plan["problems"] if f"in this run, with {lost}, and" in problem] == plan["problems"]
