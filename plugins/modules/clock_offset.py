#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: clock_offset
short_description: Measure the offset of a host's clock from the controller's
version_added: 0.1.0
description:
  - Asks the host for its time a few times over Ansible's own connection. The offset lies between what the moments
    before and after every exchange allow, so the uncertainty is a limit and no guess.
  - It is enough to put events of several hosts on one axis of time. It does not replace NTP.
options:
  exchanges:
    description: How often the host is asked. More make the uncertainty smaller.
    type: int
    default: 5
extends_documentation_fragment: [evenkeel.ha_web.reads]
notes:
  - The host needs no Python.
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Measure the clock offset of the host
  evenkeel.ha_web.clock_offset:
  register: clock
"""

RETURN = r"""
offset:
  description: By how many seconds the host's clock is ahead of the controller's.
  type: float
  returned: always
uncertainty:
  description: By how many seconds the offset can be wrong at most.
  type: float
  returned: always
correction:
  description: What to take from the host's times. Zero if the clocks may agree as far as the exchanges can tell, and
    the offset otherwise.
  type: float
  returned: always
"""
