#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: http_probe
short_description: Measure the availability of a web site as its clients see it
version_added: 0.1.0
description:
  - Opens new connections at a constant rate, also while earlier ones hang. An outage is therefore sampled as densely as
    the time around it.
  - Keeps some connections open and sends ten requests per second over each of them. Optionally downloads a large file
    slowly and repeatedly.
  - Requires only Python on its host. With C(async) and O(while_exists) it runs while a playbook does something else.
options:
  url:
    description:
      - URL to request. It must be answered with status 200. Its host name is resolved once.
    type: str
    required: true
  address:
    description:
      - Address to connect to instead of the one that the name in O(url) and O(download_url) resolves to. It is used for
        both.
    type: str
    default: ""
    version_added: 0.2.0
  site:
    description:
      - Name of the site, for the header C(Host) and for TLS, instead of the name or address in O(url) and
        O(download_url).
    type: str
    default: ""
    version_added: 0.2.0
  interval:
    description: Seconds between two new connections.
    type: float
    default: 0.01
  connections:
    description: Number of connections to keep open.
    type: int
    default: 10
  download_url:
    description: URL to download at about 2 MB/s. Empty for no download.
    type: str
    default: ""
  timeout:
    description: Seconds after which a request counts as lost.
    type: float
    default: 1
  server:
    description:
      - Regular expression for the name of the server that answers. It is searched in the page, then in the headers.
    type: str
    default: '\bweb\d+\b'
  seconds:
    description: Maximum duration, in seconds.
    type: float
    default: 10
  while_exists:
    description:
      - Path of a file. The module ends once the file is removed. After the first successful request the module writes
        the line C(served) to it. The module removes the file at the end.
    type: path
  validate_certs:
    description: Whether to validate the certificate of the site.
    type: bool
    default: true
attributes:
  check_mode:
    description: No request is sent.
    support: full
  diff_mode:
    description: There is no diff to show.
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

- name: Ask a load balancer by its address for a site that has another address in the DNS
  evenkeel.ha_web.http_probe:
    url: https://www.example.com/
    address: 192.0.2.10
  delegate_to: localhost
  register: seen
"""

RETURN = r"""
requests:
  description: Requests on new connections, as columns in order of time.
  type: dict
  returned: when the clients have asked
  contains:
    began:
      description: Start of the first request, in seconds since 1970 on the host's clock.
      type: float
    interval:
      description: O(interval).
      type: float
    timeout:
      description: O(timeout).
      type: float
    servers:
      description: Names of the servers that have answered. An empty name stands for answers without a match of
        O(server).
      type: list
      elements: str
    errors:
      description: Distinct errors.
      type: list
      elements: str
    outcome:
      description:
        - For each request, the index of its server in RV(requests.servers), starting at 0, or C(-1 - INDEX) with the
          index of its error in RV(requests.errors).
      type: list
      elements: int
    start_ms:
      description: Start of each request, in milliseconds since RV(requests.began).
      type: list
      elements: float
    latency_ms:
      description: Milliseconds until the end of the answer or until the request was lost.
      type: list
      elements: float
kept:
  description: Connections that were kept open.
  type: dict
  returned: when the clients have asked
  contains:
    connections:
      description: O(connections).
      type: int
    answers:
      description: Number of complete answers.
      type: int
    breaks:
      description: Connections that ended without an announcement by the server.
      type: list
      elements: dict
      contains: &break
        at:
          description: Time at which the client noticed it, in seconds since 1970.
          type: float
        error:
          description: Error message.
          type: str
        used:
          description: Whether the connection was established. If not, it could not be opened.
          type: bool
download:
  description: Result of the download of O(download_url).
  type: dict
  returned: when the clients have asked
  contains:
    bytes:
      description: Number of bytes received.
      type: int
    pieces:
      description: Times at which data arrived, in seconds since 1970.
      type: list
      elements: float
    breaks:
      description: Incomplete downloads.
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
            "address": {"type": "str", "default": ""},
            "site": {"type": "str", "default": ""},
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
