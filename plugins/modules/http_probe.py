#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: http_probe
short_description: Send requests to a web site and report lost and slow ones
version_added: 0.1.0
description:
  - Opens a new connection at a steady rate, also while earlier ones hang, so that an outage is sampled as densely as
    the time around it.
  - Keeps some connections and asks over each of them ten times a second, and loads something large slowly, again and
    again.
  - Needs nothing but Python on the host that it runs on. With C(async) and O(while_exists) it goes on while a playbook
    does something.
options:
  url:
    description:
      - What is asked for, which has to be answered with status 200. The name in it is looked up once.
    type: str
    required: true
  interval:
    description: Seconds between two new connections.
    type: float
    default: 0.01
  connections:
    description: How many connections are kept.
    type: int
    default: 10
  download_url:
    description: What is loaded, at about 2 MB a second. Nothing if empty.
    type: str
    default: ""
  timeout:
    description: Seconds after which an answer counts as lost.
    type: float
    default: 1
  server:
    description:
      - A regular expression for the name of the server that has answered. The page is searched, then the headers.
    type: str
    default: '\bweb\d+\b'
  seconds:
    description: How long the clients ask at most.
    type: float
    default: 10
  while_exists:
    description:
      - A file without which they end earlier. As soon as the first client is served it has the line C(served). It is
        removed in the end.
    type: path
  validate_certs:
    description: Whether the certificate of the site has to be good.
    type: bool
    default: true
attributes:
  check_mode:
    description: Nobody is asked.
    support: full
  diff_mode:
    description: There is no change to show.
    support: none
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Measure the availability of the site for ten seconds
  evenkeel.ha_web.http_probe:
    url: https://www.example.com/
  delegate_to: localhost
  register: seen
"""

RETURN = r"""
requests:
  description: The new connections as columns, in the order of time.
  type: dict
  returned: when the clients have asked
  contains:
    began:
      description: When the first one began, in seconds since 1970 on the clock of the host.
      type: float
    interval:
      description: O(interval).
      type: float
    servers:
      description: Names of servers that have answered; an empty one where none was found.
      type: list
      elements: str
    errors:
      description: What went wrong.
      type: list
      elements: str
    outcome:
      description:
        - Of each request the number of its server in RV(requests.servers), or C(-1) minus that of its error in
          RV(requests.errors).
      type: list
      elements: int
    start_ms:
      description: When each began, in milliseconds after the first.
      type: list
      elements: float
    latency_ms:
      description: Milliseconds to the end of its answer, or until it was given up.
      type: list
      elements: float
kept:
  description: The connections that were kept.
  type: dict
  returned: when the clients have asked
  contains:
    connections:
      description: O(connections).
      type: int
    answers:
      description: How many whole answers they have had.
      type: int
    breaks:
      description: Ends that the server had not announced.
      type: list
      elements: dict
      contains: &break
        at:
          description: When it was noticed, in seconds since 1970.
          type: float
        error:
          description: What went wrong.
          type: str
        used:
          description: Whether the connection had been there before; else it could not be opened.
          type: bool
download:
  description: What was loaded from O(download_url).
  type: dict
  returned: when the clients have asked
  contains:
    bytes:
      description: How many bytes have come.
      type: int
    pieces:
      description: When something has arrived, in seconds since 1970.
      type: list
      elements: float
    breaks:
      description: Downloads that have ended too early.
      type: list
      elements: dict
      contains: *break
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._http.probe import ProbeError, probe


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "interval": {"type": "float", "default": 0.01},
            "connections": {"type": "int", "default": 10},
            "download_url": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 1},
            "server": {"type": "str", "default": r"\bweb\d+\b"},
            "seconds": {"type": "float", "default": 10},
            "while_exists": {"type": "path"},
            "validate_certs": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False)
    try:
        module.exit_json(changed=False, **probe(module.params))
    except ProbeError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
