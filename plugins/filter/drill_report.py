# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drill_report
short_description: Write a failover drill as JSON, JUnit XML, a page of HTML or some lines
version_added: 0.1.0
description:
  - The page needs nothing but itself, loads nothing and runs nothing.
positional: form
options:
  _input:
    description:
      - C(site) (what the cluster is called), C(began) (seconds since 1970), C(faults) (of
        P(evenkeel.ha_web.drill_measure#filter)), C(surprise) (why the drill has stopped, empty if it has not),
        C(limit_ms) (the longest outage that is allowed, 0 for any),
      - C(settings) (names with texts), C(versions) (texts by host) and C(clocks) (what M(evenkeel.ha_web.clock_offset)
        has returned, by host).
    type: dict
    required: true
  form:
    description: What to write.
    type: str
    choices: [json, xml, html, text]
    required: true
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
content: "{{ drill | evenkeel.ha_web.drill_report('html') }}"
"""

RETURN = r"""
_value:
  description: The text of the file.
  type: str
"""

import json
from typing import Any

from ..plugin_utils._drill.junit import junit, text
from ..plugin_utils._drill.page import page

FORMS = {"json": lambda drill: json.dumps(drill) + "\n", "xml": junit, "html": page, "text": text}


def report(drill: dict[str, Any], form: str) -> str:
    """The drill as a text. Raises KeyError for a form that is none."""
    return FORMS[form](drill)


class FilterModule:
    """Write a failover drill as JSON, JUnit XML, a page of HTML or some lines."""

    def filters(self) -> dict:
        return {"drill_report": report}
