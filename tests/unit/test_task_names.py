# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every name of a play or task is a verb of the trade with its object, as in `install | Check which packages ...`."""

from __future__ import annotations

import re

import yaml
from examples import ROOT

PATTERNS = (
    "site.yml",
    "roles/*/tasks/**/*.yml",
    "roles/*/handlers/**/*.yml",
    "playbooks/**/*.yml",
    "molecule/**/*.yml",
    "tests/**/*.yml",
)
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LISTS = {"tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"}
PREFIX = re.compile(r"[a-z_]+ \| ")
VERBS = set(
    re.findall(
        r"\w+",
        """
    Add Allow Build Check Collect Configure Confirm Create Deploy Drain Enable Fail Gather Generate Group Inject Install
    List Load Measure Move Plan Prepare Prevent Pull Read Reboot Record Reload Remove Render Report Reset Resolve
    Restart Restore Run Select Set Shut Start Stop Upgrade Wait Write
    """,
    )
)


def named(node):
    """Lines and names of the plays and tasks below a node of a playbook or a file of tasks."""
    for item in node.value if isinstance(node, yaml.SequenceNode) else []:
        for key, value in item.value if isinstance(item, yaml.MappingNode) else []:
            if key.value == "name" and isinstance(value, yaml.ScalarNode):
                yield value.start_mark.line + 1, value.value
            elif key.value in LISTS:
                yield from named(value)


def names():
    """Places, as file:line, with the names of plays and tasks there."""
    for path in sorted({path for pattern in PATTERNS for path in ROOT.glob(pattern)}):
        for line, name in named(yaml.compose(path.read_text(encoding="utf-8"), Loader=LOADER)):
            yield f"{path.relative_to(ROOT)}:{line}", name


def test_a_name_begins_with_a_verb_of_the_trade():
    found = dict(names())
    assert len(found) > 400
    assert [f"{place}: {name}" for place, name in found.items() if PREFIX.sub("", name).split()[0] not in VERBS] == []


def test_a_name_says_what_the_verb_is_for():
    assert [f"{place}: {name}" for place, name in names() if len(PREFIX.sub("", name).split()) == 1] == []


def test_the_list_of_verbs_stays_short():
    assert len(VERBS) <= 45
