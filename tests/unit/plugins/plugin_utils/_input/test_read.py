# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.read import (
    copy_data,
    find_unreadable,
    read_variables,
)
from jinja2 import StrictUndefined, UndefinedError

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19

    def trust_as_template(text):
        return text


# what is written, its value, or the reason why it has none
VALUES = [
    ("text", "text", ""),
    (5, 5, ""),
    (["{{ known }}"], [7], ""),
    ({"a": {"b": "{{ known }}"}}, {"a": {"b": 7}}, ""),
    ("{{ no_such }}", None, "'no_such' is undefined"),
    ([{"a": "{{ no_such }}"}], None, "'no_such' is undefined"),
    ("{{ through }}", None, "'no_such' is undefined"),
    ("{{ a b }}", None, "expected token 'end of print statement', got 'b'"),
    ("{{ known | no_filter }}", None, "no_filter"),
]


def trusted(value):
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


@pytest.mark.parametrize(("written", "value", "reason"), VALUES)
def test_a_value_or_the_reason_why_there_is_none(written, value, reason):
    variables = {"known": 7, "through": trusted("{{ no_such }}"), "asked": trusted(written), "other": 1}
    found = read_variables(Templar(loader=DataLoader(), variables=variables), variables, ["asked"])
    reasons = find_unreadable(found)
    if reason:
        assert list(reasons) == ["asked"]
        assert reason in reasons["asked"]
        assert "\n" not in reasons["asked"]
    else:
        assert (found, reasons) == ({"asked": value}, {})


def test_a_copy_is_the_same_data():
    data = {"a": [1, {"b": "c"}], "d": ()}
    assert copy_data(data) == {"a": [1, {"b": "c"}], "d": []}


def test_what_is_undefined_cannot_be_copied():
    with pytest.raises(UndefinedError, match="'no_such' is undefined"):
        copy_data({"a": [StrictUndefined(name="no_such")]})
