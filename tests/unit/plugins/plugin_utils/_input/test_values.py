# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every option of every role, at any depth, and every variable of the playbooks is refused by its name where YAML has
read something else than was written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster import input as cluster
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.values import (
    DIGITS,
    MODES,
    find_type_problems,
)

ROOT = Path(__file__).parents[5]
OPTIONS = {
    **{
        name: option
        for role in ("haproxy", "keepalived", "nginx")
        for name, option in yaml.safe_load((ROOT / "roles" / role / "meta/argument_specs.yml").read_text())[
            "argument_specs"
        ]["main"]["options"].items()
    },
    **{
        name: option
        for kind in ("rolling", "drill")
        for name, option in yaml.safe_load((ROOT / f"playbooks/vars/{kind}.yml").read_text())[
            f"__{kind}_options"
        ].items()
    },
    **cluster.ADDRESSES,
    **cluster.OPTIONS,
}


def leaves(options, name="", path=(), where=""):
    """Every option with the keys that lead to it, and how a problem names it."""
    for key, option in options.items():
        place = f"{where}.{key}" if path else key
        yield (*path, key), place, option
        items = f"{place}[0]" if option["type"] == "list" else place
        yield from leaves(option.get("options", {}), key, (*path, key), items)


LEAVES = list(leaves(OPTIONS))

# What somebody writes in YAML, by the type of the option; what of the problem says why.
WRONG = {
    "str": [
        ("no", "is false: YAML makes that of words such as yes, no, on and off"),
        ("on", "is true: YAML makes that"),
        ("2024-10-01", "is 2024-10-01: YAML reads a date"),
        ("1.10", "is 1.1: "),
        ("[a]", "is a list: a single value is needed"),
        ("{a: b}", "is a dictionary: a single value is needed"),
    ],
    "int": [
        ("yes", "is true: a number"),
        ("1m", "is '1m': a number"),
        ("1.5", "is 1.5: a whole number"),
        ("'1.5'", "is '1.5': a whole number"),
        ("'1_000'", "is '1_000': a number"),
        ("''", "is '': a number"),
        ("99999999999", "is 99999999999: a number"),
        ("[1]", "is a list: a single value"),
        ("2024-10-01", "is 2024-10-01: YAML reads a date"),
    ],
    "float": [
        ("on", "is true: a number"),
        ("1m", "is '1m': a number"),
        ("'1e3'", "is '1e3': a number"),
        ("''", "is '': a number"),
        ("-1", "is -1: a number from 0"),
        (".nan", "is nan: a number"),
        (".inf", "is inf: a number"),
    ],
    "bool": [("y", "is 'y': true or false"), ("2", "is 2: true or false"), ("[no]", "is a list: a single value")],
    "list": [
        ("web", "is 'web': a list is needed"),
        ("{a: b}", "is a dictionary: a list is needed"),
        ("[null]", "[0] has no value"),
        ("7", "is 7: "),
    ],
    # A text or a list of texts, or of numbers.
    "raw": [("2024-10-01", "is 2024-10-01: YAML reads a date")],
    "dict": [
        ("web", "is 'web': keys with values"),
        ("[a]", "is a list: keys with values"),
        ("{no: a}", "has the key false"),
    ],
}
WRONG["path"] = WRONG["str"]
WRONG = {kind: [(yaml.safe_load(written), why) for written, why in rows] for kind, rows in WRONG.items()}
RIGHT = {
    "str": ["web", "", "0640"],
    "path": ["/srv"],
    "int": [7, "7"],
    "float": [1.5, "1.5", 3],
    "bool": [True, "yes"],
    "list": [[]],
    "dict": [{}],
    "raw": ["web", ["web"]],
}


def nested(path, value):
    """The variables in which the value stands at that place."""
    options, steps = OPTIONS, []
    for key in path:
        steps.append((key, options[key]["type"] == "list"))
        options = options[key].get("options", {})
    for number, (key, listed) in enumerate(reversed(steps)):
        value = {key: [value] if listed and number else value}
    return value


@pytest.fixture(params=OPTIONS)
def inner(request):
    """The variable with every option in it: keys, how a problem names it, and the option."""
    return [(path, where, option) for path, where, option in LEAVES if path[0] == request.param]


def test_a_value_of_another_type_is_refused_by_its_name(inner):
    for path, where, option in inner:
        hidden = option.get("no_log")
        for value, why in WRONG[option["type"]]:
            (problem,) = find_type_problems(nested(path, value), OPTIONS)
            assert problem.startswith(where)
            assert (why.partition(": ")[2] if hidden else why) in problem
            assert not hidden or f"is {value}" not in problem


def test_no_value_is_refused_by_its_name(inner):
    for path, where, _option in inner:
        refused = [f"{where} has no value; give it one, or leave it out"]
        assert find_type_problems(nested(path, None), OPTIONS) == refused
        assert find_type_problems(nested(path, None), OPTIONS, nulls=True) == ([] if len(path) > 1 else refused)


def test_a_value_of_its_type_is_accepted(inner):
    for path, _where, option in inner:
        is_mode = path[-1] == "mode" and "choices" not in option
        for value in ["0640"] if is_mode else RIGHT[option["type"]]:
            if not (len(path) > 1 and option["type"] == "bool" and value is not True):
                assert find_type_problems(nested(path, value), OPTIONS) == []


def test_a_number_is_a_text_only_where_its_digits_are_all_it_says(inner):
    for path, where, option in inner:
        if option["type"] == "raw" or option.get("elements", option["type"]) not in ("str", "path"):
            continue
        found = find_type_problems(nested(path, [416] if option["type"] == "list" else 416), OPTIONS)
        if path[-1] in DIGITS:
            assert found == []
        else:
            (problem,) = found
            assert problem.startswith(where)
            assert "put it in quotation marks" in problem


@pytest.mark.parametrize(
    ("written", "problems"),
    [
        ("keepalived_firewall: 'no'", []),
        ("keepalived_firewall: 'n'", ["keepalived_firewall is 'n': true or false is needed, without quotation marks"]),
        (("haproxy_frontends: [{name: web, "
         "https_only: 'no'}]"), ["haproxy_frontends[web].https_only is 'no': true or false is needed"]),
        ("keepalived_scripts: [{name: a, weight: -20}]", []),
        (("keepalived_scripts: [{name: a, "
         "fall: -1}]"), ["keepalived_scripts[a].fall is -1: a number from 1 to 2147483647"]),
        (("nginx_files: [{path: key.pem, "
         "mode: 0640}]"), ["nginx_files[0].mode is 416: YAML makes another number of 0640"]),
        ('nginx_files: [{path: a, content: "", mode: "0999"}]', ["nginx_files[0].mode is '0999': an octal number"]),
        ('haproxy_files: [{path: a, content: "", mode: u=rw}]', ["haproxy_files[0].mode is 'u=rw': an octal number"]),
        ('keepalived_files: [{path: a, content: "", mode: "755"}]', []),
        ("haproxy_socket_mode: 0660", [('haproxy_socket_mode is 432: YAML makes another number of 0640 than the '
                                       'permission bits; put it')]),
        ("haproxy_backends: [{name: no}]", [("haproxy_backends[0].name is false: YAML makes that of words such as yes, "
                                            "no, on and off")]),
        ("haproxy_timeouts: {client: 2024-01-01}", ["haproxy_timeouts.client is 2024-01-01: YAML reads a date"]),
        ("nginx_http_settings: {gzip: null, log_not_found: false, keepalive_requests: 7}", []),
        ("haproxy_what: 0640", []),
    ],
)  # fmt: skip
def test_what_is_written(written, problems):
    found = find_type_problems(yaml.safe_load(written), OPTIONS)
    assert len(found) == len(problems)
    assert [told for told, problem in zip(found, problems) if not told.startswith(problem)] == []


def test_the_exceptions_are_options():
    names = {path[-1] for path, _where, _option in LEAVES}
    assert {*DIGITS, *MODES} <= names
