# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[4]
NAMES = sorted(path.stem for path in (ROOT / "plugins/filter").glob("*.py"))


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def plugin(name):
    return import_module(f"ansible_collections.evenkeel.ha_web.plugins.filter.{name}")


def read_documentation(plugin) -> dict:
    """The documentation of a filter, with the options of the fragments that it extends."""
    documented = yaml.safe_load(plugin.DOCUMENTATION)
    for name in documented.get("extends_documentation_fragment", []):
        fragment = import_module(f"ansible_collections.evenkeel.ha_web.plugins.doc_fragments.{name.split('.')[-1]}")
        documented["options"] |= yaml.safe_load(fragment.ModuleDocFragment.DOCUMENTATION)["options"]
    return documented


def test_a_file_holds_the_one_filter_of_its_name(name, plugin):
    assert list(plugin.FilterModule().filters()) == [name]
    assert yaml.safe_load(plugin.DOCUMENTATION)["name"] == name


def test_the_documented_options_are_the_parameters(name, plugin):
    documented = read_documentation(plugin)
    _input, *parameters = inspect.signature(plugin.FilterModule().filters()[name]).parameters.values()
    required = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    options = documented["options"]
    assert set(options) == {"_input"} | {parameter.name for parameter in parameters}
    # ansible-core calls a filter by a function that has a parameter of this name.
    assert "instance" not in options
    assert [option for option in options if options[option].get("required")] == ["_input", *required]
    assert [word.strip() for word in documented.get("positional", "").split(",") if word] == required


def test_the_example_uses_the_filter(name, plugin):
    assert f"| evenkeel.ha_web.{name}" in plugin.EXAMPLES
    assert yaml.safe_load(plugin.EXAMPLES)


@pytest.fixture(scope="module")
def tasks():
    """The text of all roles and playbooks."""
    paths = [path for part in ("playbooks", "roles") for path in (ROOT / part).rglob("*.yml")]
    return "".join(path.read_text(encoding="utf-8") for path in paths)


def test_a_role_or_a_playbook_uses_the_filter(name, tasks):
    assert re.search(rf"\| evenkeel\.ha_web\.{name}\b", tasks)
