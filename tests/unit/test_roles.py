# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
# One for each daemon, all of the same shape; SHARED serve them.
ROLES = ["bird", "haproxy", "keepalived", "nginx"]
SHARED = ["daemon", "docker_engine"]
PLAYBOOKS = sorted(
    path.relative_to(ROOT) for folder in ("playbooks", "playbooks/stages") for path in (ROOT / folder).glob("*.yml")
)

# Names that begin with ansible_ and are no facts.
SPECIAL = {
    "ansible_become",
    "ansible_check_mode",
    "ansible_connection",
    "ansible_facts",
    "ansible_failed_result",
    "ansible_failed_task",
    "ansible_host",
    "ansible_inventory_sources",
    "ansible_job_id",
    "ansible_play_batch",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_playbook_python",
    "ansible_port",
    "ansible_python_interpreter",
    "ansible_run_tags",
    "ansible_ssh_retries",
    "ansible_ssh_timeout",
    "ansible_user",
}


def files(role, *patterns):
    return sorted(path for pattern in patterns for path in (ROOT / "roles" / role).glob(pattern))


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def entry_points(role):
    return read(ROOT / "roles" / role / "meta/argument_specs.yml")["argument_specs"]


def every_option(options, where=""):
    """The options and those within them, by their paths."""
    for name, option in options.items():
        yield f"{where}{name}", option
        yield from every_option(option.get("options", {}), f"{where}{name}.")


@pytest.fixture(params=ROLES)
def role(request):
    return request.param


def test_these_are_all_roles():
    assert {path.name for path in (ROOT / "roles").iterdir()} == {*ROLES, *SHARED}


def test_every_default_is_an_option_and_every_optional_option_has_a_default(role):
    defaults = set(read(ROOT / "roles" / role / "defaults/main.yml"))
    options = entry_points(role)["main"]["options"]
    assert defaults - set(options) == set()
    assert {name for name, option in options.items() if not option.get("required")} - defaults == set()


def test_every_option_begins_with_the_roles_name(role):
    assert [name for name in entry_points(role)["main"]["options"] if not name.startswith(f"{role}_")] == []


def test_a_boolean_may_be_a_text_as_on_the_command_line(role):
    names = [name for name, option in entry_points(role)["main"]["options"].items() if option["type"] == "bool"]
    raw = re.compile(rf"\b({'|'.join(names)})\b(?! \| bool)")
    sources = [path for path in files(role, "vars/*", "tasks/*", "templates/**/*") if path.is_file()]
    assert names
    assert [
        (path.name, line)
        for path in sources
        for line in path.read_text(encoding="utf-8").splitlines()
        if raw.search(line)
    ] == []


def test_both_entry_points_take_the_same_options(role):
    points = entry_points(role)
    assert sorted(points) == ["main", "validate"]
    assert points["main"]["options"] == points["validate"]["options"]


def test_every_option_has_a_description_and_a_type(role):
    options = list(every_option(entry_points(role)["main"]["options"]))
    assert [name for name, option in options if not option.get("description")] == []
    assert [name for name, option in options if option.get("type") in (None, "raw")] == []
    assert [name for name, option in options if option["type"] == "list" and "elements" not in option] == []


def test_a_password_is_never_logged(role):
    options = every_option(entry_points(role)["main"]["options"])
    assert [
        name for name, option in options if re.search("pass(?!ive)|secret", name) and not option.get("no_log")
    ] == []


def test_the_roles_are_laid_out_alike(role):
    assert [path.name for path in files(role, "tasks/*")] == [path.name for path in files(ROLES[0], "tasks/*")]
    assert {path.name for path in files(role, "*")} - {"files"} == {path.name for path in files(ROLES[0], "*")} - {
        "files"
    }


def test_the_main_tasks_are_a_table_of_contents(role):
    assert len((ROOT / "roles" / role / "tasks/main.yml").read_text().splitlines()) <= 20
    tasks = read(ROOT / "roles" / role / "tasks/main.yml")
    assert [task["ansible.builtin.import_tasks"] for task in tasks] == [
        "facts.yml",
        "validate.yml",
        "install.yml",
        "configure.yml",
    ]


def calls_of_shared_tasks():
    """The calls of the role daemon: where, the file of tasks, and the variables that the caller sets."""
    for path in [*(ROOT / "roles").glob("*/tasks/*.yml"), *(ROOT / "playbooks").rglob("*.yml")]:
        for task in every_task(read(path)):
            role = task.get("ansible.builtin.import_role", task.get("ansible.builtin.include_role", {}))
            if role.get("name") == "evenkeel.ha_web.daemon":
                yield f"{path.parts[-3]}/{path.name}", role["tasks_from"], set(task["vars"])


def every_task(part):
    """The tasks of a file of tasks or of a playbook, those in blocks too."""
    for item in part if isinstance(part, list) else []:
        yield item
        for key in ("tasks", "block", "rescue", "always"):
            yield from every_task(item.get(key))


def test_the_shared_tasks_get_the_variables_that_they_need():
    calls = list(calls_of_shared_tasks())
    points = entry_points("daemon")
    assert {name for _where, name, _variables in calls} == set(points)
    assert [call for call in calls if call[2] != set(points[call[1]]["options"])] == []


def test_every_platform_has_the_same_variables(role):
    platforms = [set(read(path)) for path in files(role, "vars/*.yml") if path.stem != "main"]
    assert len(platforms) > 1
    assert all(platform == platforms[0] for platform in platforms)


def every_text(value, where):
    """The texts within a value of vars/, by their paths."""
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from every_text(item, f"{where}.{key}")
    elif isinstance(value, str):
        yield where, value


LONGEST = 200
NO_DATA = {
    "ternary after ternary": re.compile(r"\bternary\b.*\bternary\b"),
    "a list multiplied by a condition": re.compile(r"\*\s*\(*[^*]*\|\s*int\b"),
    f"more than {LONGEST} characters": re.compile(rf".{{{LONGEST + 1}}}"),
}


def decisions(text):
    """Why a text of vars/ is no data but a decision, which belongs into the plan of the role."""
    found = re.findall(r"{{.*?}}", " ".join(text.split()))
    return [why for why, pattern in NO_DATA.items() for expression in found if pattern.search(expression)]


@pytest.mark.parametrize("role", [*ROLES, "docker_engine"])
def test_the_variables_of_a_role_are_data(role):
    texts = [found for path in files(role, "vars/*.yml") for found in every_text(read(path), path.name)]
    assert len(texts) > 10
    assert [(where, decisions(text)) for where, text in texts if decisions(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ a | ternary(b | ternary(c, d), e) }}",
        "{{ ['watch'] * (a | length > 0) | int }}",
        "{{ ['watch'] * (enabled | bool | int) }}",
        "{{ " + "a + " * 50 + "a }}",
    ],
)
def test_a_decision_in_a_variable_is_found(text):
    assert len(decisions(text)) == 1


@pytest.mark.parametrize("role", [*ROLES, *SHARED])
def test_no_default_hides_in_tasks_and_templates(role):
    hidden = re.compile(r"\|\s*d(efault)?\b")
    texts = {path.name: path.read_text() for path in files(role, "tasks/*.yml", "handlers/*.yml", "templates/**/*.j2")}
    assert texts
    assert [name for name, text in texts.items() if hidden.search(text)] == []


@pytest.mark.parametrize("folder", ["roles", "playbooks"])
def test_facts_are_read_from_ansible_facts(folder):
    words = {
        word for path in (ROOT / folder).glob("**/*.[jy]*") for word in re.findall(r"\bansible_\w+", path.read_text())
    }
    assert words - SPECIAL == set()
    assert words


@pytest.mark.parametrize(
    "template",
    [
        path
        for role in [*ROLES, *SHARED]
        for path in files(role, "templates/**/*.j2")
        if path.name not in ("demo_page.html.j2", "files.json.j2")
    ],
    ids=lambda path: path.name,
)
def test_a_file_begins_with_who_manages_it(template):
    written = re.sub(r"{% macro .*?{% endmacro %}\n", "", template.read_text(), flags=re.DOTALL)
    # The value of ansible_managed may have a date or a path in it, with which every run would change every file.
    assert written.startswith("# Managed by Ansible (evenkeel.ha_web): changes to this file are overwritten.\n")


DOWNLOADS = (
    "apt_key|apt_repository|deb822_repository|docker_image_pull|gem|get_url|git|npm|pip|rpm_key|subversion"
    "|unarchive|yum_repository"
)


def test_nothing_is_downloaded_but_packages_and_what_images_begin_with():
    module = re.compile(rf"^[ -]*\w+\.\w+\.({DOWNLOADS}):", re.MULTILINE)
    paths = [path for folder in ("roles", "playbooks") for path in (ROOT / folder).glob("**/*.yml")]
    found = {(path.name, name) for path in paths for name in module.findall(path.read_text(encoding="utf-8"))}
    assert found == {("image.yml", "docker_image_pull"), ("build_image.yml", "docker_image_pull")}


# Names of processors, the facts that have them, paths and numbers that are other ones on each.
PROCESSOR = (
    r"amd64|x86|i[3-6]86|arm64|armhf|armv\d|aarch64|linux-gnu"
    r"|\[.(architecture|machine).\]|os\.uname|--platform|__NR_|\.syscall\("
)


@pytest.mark.parametrize("folder", ["roles", "playbooks", "plugins"])
def test_nothing_depends_on_the_processor(folder):
    paths = [path for path in (ROOT / folder).glob("**/*") if path.is_file() and path.suffix != ".pyc"]
    assert len(paths) > 20
    assert [path.name for path in paths if re.search(PROCESSOR, path.read_text(encoding="utf-8"), re.IGNORECASE)] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_a_playbook_has_a_name_that_a_collection_can_import(playbook):
    assert re.fullmatch(r"[a-z][a-z0-9_]*\.yml", playbook.name)
    plays = read(ROOT / playbook)
    assert [play for play in plays if not play.get("name")] == []


def test_the_collections_folder_leads_to_this_checkout():
    links = list((ROOT / "collections/ansible_collections/evenkeel/ha_web").iterdir())
    assert {link.name for link in links} >= {"galaxy.yml", "meta", "playbooks", "plugins", "roles"}
    assert [link.name for link in links if link.resolve() != ROOT / link.name or not link.exists()] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.name)
def test_a_play_says_its_strategy(playbook):
    plays = [play for play in read(ROOT / playbook) if "ansible.builtin.import_playbook" not in play]
    assert [play["name"] for play in plays if play.get("strategy") != "linear"] == []


PACKAGE_FILES = [path for folder in ("roles", "playbooks") for path in (ROOT / folder).glob("**/*.yml")]


def test_a_package_manager_waits_for_another():
    """Unattended upgrades hold the lock for minutes after a boot; Ansible gives up after one."""
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE_FILES]
    tasks = [
        part for text in texts for part in re.split(r"\n(?=\s*- name:)", text) if "ansible.builtin.package:" in part
    ]
    assert len(tasks) > 5
    assert [task for task in tasks if "ansible.builtin.apt:" not in task or "lock_timeout: 900" not in task] == []
