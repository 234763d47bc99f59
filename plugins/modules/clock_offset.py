#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: clock_offset
short_description: Measure the offset of a host's clock from the controller's clock
version_added: 0.1.0
description:
  - Reads the host's time several times over Ansible's own connection. The offset lies between the bounds that the
    controller's time before and after each exchange sets, so the uncertainty is an upper limit.
  - The result is accurate enough to put events of several hosts on one time axis. It does not replace NTP.
options:
  exchanges:
    description: Number of exchanges. More exchanges reduce the uncertainty.
    type: int
    default: 5
extends_documentation_fragment: [evenkeel.ha_web.reads]
notes:
  - The host needs no Python.
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Measure the clock offset of every host
  evenkeel.ha_web.clock_offset:
  register: clock
"""

RETURN = r"""
offset:
  description: Seconds by which the host's clock is ahead of the controller's. Negative if it is behind.
  type: float
  returned: always
uncertainty:
  description: Maximum error of RV(offset), in seconds.
  type: float
  returned: always
correction:
  description: Seconds to subtract from the host's timestamps. 0 if RV(offset) does not exceed RV(uncertainty), else
    RV(offset).
  type: float
  returned: always
"""
