# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every path in playbooks leads from the file that has it to a file, every file is used, and errors are readable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "playbooks"
FILES = sorted(FOLDER.rglob("*.yml"))
PUBLIC = {path for path in FILES if path.parent == FOLDER}
IMPORTS = {f"ansible.builtin.{word}" for word in ("import_playbook", "import_tasks", "include_tasks")}
COMPUTED = {
    "{{ __fault.how }}.yml": ["break.yml", "drain.yml", "move.yml", "reboot.yml"],
    "{{ cluster_deploy_tasks }}": [],
    "{{ cluster_node_tasks }}": [],
    "{{ cluster_restore_tasks }}": [],
}
"""Names that are known when they are included, and the files that they can be; the inventory's are elsewhere."""


def imported(part: object) -> Iterator[str]:
    """The paths that a part of a playbook names."""
    if isinstance(part, list):
        for item in part:
            yield from imported(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in IMPORTS:
                name = value["file"] if isinstance(value, dict) else value
                yield from COMPUTED.get(name, [name])
            elif key == "vars_files":
                yield from [value] if isinstance(value, str) else value
            elif key in ("cluster_node_tasks", "__cluster_host_tasks"):
                # The stages read it.
                yield value.replace("{{ playbook_dir }}", str(FOLDER / "stages"))
            else:
                yield from imported(value)


def walk_texts(part: object) -> Iterator[str]:
    """All texts of a file."""
    if isinstance(part, (dict, list)):
        for item in part.values() if isinstance(part, dict) else part:
            yield from walk_texts(item)
    elif isinstance(part, str):
        yield part


def targets(path: Path) -> list[Path]:
    return [(path.parent / name).resolve() for name in imported(yaml.safe_load(path.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_path_leads_from_its_file_to_another(path):
    assert [target for target in targets(path) if target not in FILES] == []


@pytest.mark.parametrize(
    "path", [*FILES, *sorted((ROOT / "roles").rglob("*.yml"))], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_message_has_the_letters_of_a_line_break(path):
    """Ansible keeps the backslash of a template in a block; in quotation marks, YAML has read it before."""
    texts = walk_texts(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [text for text in texts if r"join('\n')" in text] == []


def test_every_stage_and_task_file_is_used():
    used = {target for path in FILES for target in targets(path)}
    assert set(FILES) - used - PUBLIC == set()


def test_a_task_file_calls_itself_only_up_to_a_deadline():
    """A task with until is not repeated for a host that cannot be reached. A file calls itself at most some 240 times,
    because Python's stack grows with each call."""
    callers = [path for path in FILES if path in targets(path)]
    assert {path.name for path in callers} == {"wait_for_health.yml", "wait_for_shutdown.yml"}
    assert [path.name for path in callers if "__deadline" not in path.read_text(encoding="utf-8")] == []


def test_a_task_file_has_no_name_of_a_playbook():
    """Ansible looks for what a task file includes beside the playbook first."""
    names = {path.name for path in PUBLIC} | {path.name for path in (FOLDER / "stages").iterdir()}
    assert {path.name for path in (FOLDER / "tasks").rglob("*.yml")} & names == set()


DAEMONS = [f"evenkeel.ha_web.{name}" for name in ("bird", "haproxy", "keepalived", "nginx")]
TASKS = sorted([*FOLDER.rglob("*.yml"), *(FOLDER.parent / "roles").glob("*/tasks/*.yml")])


@pytest.mark.parametrize("path", TASKS, ids=lambda path: str(path.relative_to(FOLDER.parent)))
def test_an_error_is_shown_without_templates(path):
    """ansible-core prints the two lines before a task that has failed."""
    lines = path.read_text(encoding="utf-8").splitlines()
    failing = [
        number - 1
        for number, line in enumerate(lines)
        if re.match(r"\s+ansible\.builtin\.(assert|fail):", line) and "- name:" in lines[number - 1]
    ]
    assert [lines[number] for number in failing if "{{" in "".join(lines[max(0, number - 2) : number + 1])] == []


def roles(part: object) -> Iterator[dict]:
    """The arguments of every import or include of a role."""
    for item in part if isinstance(part, list) else part.values() if isinstance(part, dict) else []:
        yield from roles(item)
    if isinstance(part, dict):
        yield from (part[key] for key in part if key in ("ansible.builtin.import_role", "ansible.builtin.include_role"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_role_checks_its_variables_itself(path):
    """Ansible's own check prints the specification of every option."""
    used = [role for role in roles(yaml.safe_load(path.read_text(encoding="utf-8"))) if role["name"] in DAEMONS]
    checked = [role for role in used if role.get("tasks_from", "validate") == "validate"]
    assert [role for role in checked if role.get("rolespec_validate") is not False] == []


@pytest.mark.parametrize("path", TASKS, ids=lambda path: str(path.relative_to(FOLDER.parent)))
def test_an_expression_can_be_read_at_once(path):
    """Longer ones have parts with names."""
    found = [
        " ".join(match.split()) for match in re.findall(r"{{(.*?)}}", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    ]
    assert [expression for expression in found if len(expression) > 200] == []
