# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation tells people to write is accepted, and what it tells them to run exists and is run by a
scenario."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml
from examples import (
    CONTROLLER,
    ELSEWHERE,
    MODULES,
    PAGES,
    PLAYBOOKS,
    PREFIXES,
    ROLES,
    ROOT,
    Example,
    commands,
    examples,
    module_options,
    options,
    sets,
    tasks,
    used,
    variables,
    written,
)

ALL = list(examples())
WRITTEN = list(written())
RUN = [example for example in ALL if example.language == "sh"]
VARIABLES = variables()
PLACEHOLDERS = {"existing.ini", "inventories/mine", "your_inventory"}
# The host on which the examples would be used: lb1 of inventories/minimal, with the newest daemons.
FACTS = {
    "os_family": "Debian",
    "distribution": "Debian",
    "distribution_major_version": "14",
    "interfaces": ["eth0", "lo"],
    "default_ipv4": {"interface": "eth0", "address": "192.0.2.11"},
    "all_ipv4_addresses": ["192.0.2.11"],
    "all_ipv6_addresses": ["2001:db8::11"],
    "eth0": {
        "ipv4": {"address": "192.0.2.11", "network": "192.0.2.0", "netmask": "255.255.255.0", "prefix": "24"},
        "ipv6": [{"address": "2001:db8::11", "prefix": "64"}],
    },
}
# Metrics of HAProxy itself.
FOREIGN = {"haproxy_process_dropped_logs_total"}


def named(found: list[Example]) -> list:
    return [pytest.param(example, id=str(example)) for example in found]


CASES = {
    re.sub(r"\W", "_", f"{example}_{role}"): (example, role, values)
    for example in WRITTEN
    for role, values in used(example)
    if values
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """What roles and playbooks have against the examples, each as variables of a host, by the names in C(CASES)."""
    folder = tmp_path_factory.mktemp("examples")
    text = "".join(example.text for example in WRITTEN)
    for name in re.findall(r"inventory_dir \}\}/(\w+\.yml)", text):
        (folder / name).write_text("[]\n", encoding="utf-8")
    pair = {
        f"lb{number}": {"cluster_address": f"192.0.2.1{number}", "cluster_address6": f"2001:db8::1{number}"}
        for number in (1, 2)
    }
    groups = {name: {"hosts": pair} for name in re.findall(r"groups\['(\w+)'\]", text)}
    groups["web_servers"] = {"hosts": {"web1": {"cluster_address": "192.0.2.21"}}}
    groups["examples"] = {"hosts": {case: {**values, "role": role} for case, (_example, role, values) in CASES.items()}}
    common = {
        **dict.fromkeys(re.findall(r"\bvault_\w+", text), "unutterable"),
        **dict.fromkeys(re.findall(r"\bvault_\w+_hash", text), "$6$unutterable$" + 86 * "."),
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "cluster_address": "192.0.2.11",
        "cluster_vip": "192.0.2.10/24",
        "shop_address": "192.0.2.10",
        "router_address": "192.0.2.1",
        "haproxy_node_name": "lb1",
        "keepalived_node_name": "lb1",
        "nginx_node_name": "web1",
        "nginx_nodes": [{"name": "web1", "address": "192.0.2.21"}],
    }
    inventory = {"all": {"vars": common, "children": {"load_balancers": {"hosts": pair}, **groups}}}
    (folder / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
    steps = [
        {"include_role": {"name": "evenkeel.ha_web.{{ role }}", "tasks_from": step}} for step in ("facts", "validate")
    ]
    rolling = {"include_tasks": str(ROOT / "playbooks/tasks/web/check_rolling.yml"), "when": "role == 'rolling'"}
    remember = {"set_fact": {"__refusal": "{{ ansible_failed_result.msg | default(ansible_failed_result) }}"}}
    found = "{{ dict(__cases | zip(__cases | map('extract', hostvars) | map(attribute='__refusal', default=''))) }}"
    play = {
        "hosts": "examples",
        "gather_facts": False,
        "vars": {"__cases": "{{ groups['examples'] }}"},
        "vars_files": [str(ROOT / f"playbooks/vars/{name}.yml") for name in ("cluster", "rolling")],
        "tasks": [
            {"set_fact": {"cacheable": True, **FACTS}},
            {"block": [*[{**step, "when": "role != 'rolling'"} for step in steps], rolling], "rescue": [remember]},
            {"copy": {"content": found, "dest": f"{folder}/refusals.json", "mode": "0600"}, "run_once": True},
        ],
    }
    (folder / "play.json").write_text(json.dumps([play]), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", "-i", f"{folder}/hosts.json", f"{folder}/play.json"]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CONFIG": f"{ROOT}/ansible.cfg"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "refusals.json").read_text(encoding="utf-8"))


@pytest.mark.xdist_group("examples")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{CASES[case][0]}-{CASES[case][1]}")
def test_variables_are_accepted(refusals, case):
    assert refusals[case] == ""


@pytest.mark.xdist_group("examples")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
def test_what_is_prepared_once_is_used_by_one_process(request):
    """pytest-xdist knows the groups by the names of the tests, and says nothing if it does not find them there."""
    assert request.node.nodeid.endswith("@examples")


@pytest.mark.parametrize("example", named(ALL))
def test_an_example_says_what_it_is(example):
    assert example.language in ("ini", "sh", "text", "yaml")


@pytest.mark.parametrize("example", named(WRITTEN))
def test_an_example_has_known_variables_or_tasks(example):
    data = example.data
    if isinstance(data, dict):
        assert set(data) - VARIABLES == set()
    else:
        assert list(tasks(data))
    for task in tasks(data):
        for word, arguments in task.items():
            if word.startswith("evenkeel.ha_web."):
                assert set(arguments) - set(module_options(word.rpartition(".")[2])) == set()


@pytest.mark.parametrize("example", named([example for example in ALL if example.language == "ini"]))
def test_hosts_are_in_groups_that_there_are(example):
    assert set(re.findall(r"^\[(.*)\]$", example.text, re.MULTILINE)) <= {"load_balancers", "web_servers", "all:vars"}
    assert set(re.findall(r"(\w+)=", example.text)) <= {"ansible_host", *VARIABLES}


def test_the_ten_lines_of_the_first_page_are_an_inventory():
    (example,) = [example for example in ALL if example.page == "README.md" and example.language == "ini"]
    assert example.text == (ROOT / "inventories/minimal/hosts.ini").read_text(encoding="utf-8")


def playbooks(words: list[str]) -> Iterator[str]:
    """The playbooks of a command, by their names, as long as they are some of the collection's."""
    for word in words:
        name = word.removeprefix("evenkeel.ha_web.").removeprefix("playbooks/").removesuffix(".yml")
        if name != word and name in PLAYBOOKS:
            yield name


def after(words: list[str], *flags: str) -> list[str]:
    """What follows the flags."""
    return [value for flag, value in zip(words, words[1:]) if flag in flags]


def wrong_with(words: list[str]) -> Iterator[str]:
    """Why a command of a page cannot be right."""
    program, *arguments = words
    if program not in CONTROLLER | ELSEWHERE and not (ROOT / arguments[0]).is_file():
        yield f"what is {program}?"
    if program in ("ansible", "ansible-playbook"):
        yield from (
            f"no inventory {name}"
            for name in after(words, "-i")
            if name not in PLACEHOLDERS and not (ROOT / name).exists()
        )
        yield from (f"no variable {name}" for name in sets(words) if name not in VARIABLES)
    if program == "ansible-playbook":
        values = after(words, "-i", "-e", "--limit")
        rest = [word for word in arguments if word not in values and not word.startswith("-")]
        if len(rest) != 1 or list(playbooks(rest)) == []:
            yield f"no playbook {' '.join(rest)}"
        known = {"-e", "-i", "--ask-vault-pass", "--become", "--check", "--diff", "--limit"}
        yield from (f"no option {word}" for word in arguments if word.startswith("-") and word not in known)
    for name in after(words, "-m"):
        if name.startswith("evenkeel.ha_web."):
            given = yaml.safe_load(after(words, "-a")[0])
            yield from (f"{name} has no {word}" for word in set(given) - set(module_options(name.rpartition(".")[2])))
    if program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        programs = [*(ROOT / "tests/bench").glob("*.py"), *(ROOT / "molecule").rglob("*.py")]
        sources = makefile + "".join(path.read_text(encoding="utf-8") for path in programs)
        for word in arguments:
            name, equals, _value = word.partition("=")
            if not re.search(rf"\b{name}\b" if equals else rf"^{name}:", sources, re.MULTILINE):
                yield f"make does not know {name}"
    if program == "molecule":
        yield from (
            f"no scenario {name}"
            for name in after(words, "-s")
            if not (ROOT / "molecule" / name / "molecule.yml").exists()
        )


@pytest.mark.parametrize("example", named(RUN))
def test_a_command_can_be_run(example):
    found = [(shlex.join(words), problem) for words in commands(example) for problem in wrong_with(words)]
    assert found == []
    assert list(commands(example))


def test_every_playbook_that_a_page_names_is_run_by_a_scenario():
    documented = {name for example in RUN for words in commands(example) for name in playbooks(words)}
    sources = [
        *ROOT.glob("molecule/**/*.py"),
        *ROOT.glob("molecule/**/*.yml"),
        *ROOT.glob("tests/tools/*.py"),
        ROOT / "tests/unit/test_input.py",
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in [*sources, ROOT / ".config/molecule/config.yml"])
    run = set(re.findall(r'(?:playbook|begun)\(\s*"(\w+)"|playbooks/(\w+)\.yml|/(site)\.yml', text))
    assert len(documented) > 8
    assert documented - {name for names in run for name in names} == set()


@pytest.mark.parametrize("playbook", sorted(PLAYBOOKS))
def test_a_page_explains_every_extra_variable_of_a_playbook(playbook):
    comment, _plays = (ROOT / f"playbooks/{playbook}.yml").read_text(encoding="utf-8").split("- name:", 1)
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert {name for name in VARIABLES if re.search(rf"\b{name}\b", comment)} - set(re.findall(r"\w+", pages)) == set()


@pytest.fixture(scope="module")
def words():
    """All words of the code."""
    sources = [
        path
        for folder in ("playbooks", "plugins", "roles")
        for path in (ROOT / folder).glob("**/*")
        if path.suffix in (".py", ".yml", ".j2")
    ]
    return {word for path in sources for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_name_in_a_text_is_one_that_there_is(words, page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    names = re.findall(rf"`((?:{'|'.join((*ROLES, *PREFIXES))})_\w+)(?![-.\w])", text)
    assert set(names) - words - PLAYBOOKS - MODULES - FOREIGN == set()


def told(page: str) -> set[str]:
    """What the items that are headed by C(check_cluster) say, in the words between backquotes."""
    items = re.findall(r"^  - `check_cluster` reports[\w ]*: (.*\n(?:    .*\n)*)", page, re.MULTILINE)
    return {span for item in items for span in re.findall(r"`([^`]+)`", item)}


def test_what_check_cluster_says_of_a_fault_is_what_it_says():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "plugins/plugin_utils/_status").glob("*.py"))
    known = "".join(
        re.sub(r"\{(daemon|module)\}", daemon, sources).replace("{}", "") for daemon in ("haproxy", "keepalived")
    )
    said = told((ROOT / "docs/how_to/recover.md").read_text(encoding="utf-8"))
    assert len(said) > 12
    assert {words for words in said if words not in known} == set()


def test_every_option_of_a_role_is_known_to_these_tests():
    assert all(set(options(role)) <= VARIABLES for role in ROLES)
