#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_certificates
short_description: Copy certificates of ACME clients from one load balancer to another
version_added: 0.2.0
description:
  - Lists the certificates in the directory that C(haproxy-certificate) fills, and copies some of them to another node.
  - A transfer has three steps. The receiving node creates a key (O(request=true)), the other one returns the
    certificates encrypted for it (O(recipient)), and the receiving node decrypts and installs them (O(sealed)). Neither
    the controller nor a log ever has a private key.
  - The host needs the program C(openssl), version 3.
options:
  directory:
    description: Directory of the certificates.
    type: path
    default: /var/lib/haproxy-certificates
  request:
    description: Creates a key for one transfer to this node.
    type: bool
    default: false
  names:
    description: Names of the certificates to return, without C(.pem).
    type: list
    elements: str
    default: []
  recipient:
    description: RV(recipient) of the node that is to have the certificates O(names).
    type: str
  sealed:
    description: RV(sealed) of the node that has the certificates. Installs them and reloads a running HAProxy.
    type: str
attributes:
  check_mode:
    description: Lists certificates; no key is created, and nothing is transferred.
    support: full
  diff_mode:
    description: There is no diff, because the files have private keys.
    support: none
seealso:
  - module: evenkeel.ha_web.haproxy_info
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Create a key for the transfer
  evenkeel.ha_web.haproxy_certificates:
    request: true
  register: transfer

- name: Read the certificates, encrypted for this node
  evenkeel.ha_web.haproxy_certificates:
    names: [www.example.com]
    recipient: "{{ transfer.recipient }}"
  delegate_to: lb1
  register: certificates

- name: Install the certificates
  evenkeel.ha_web.haproxy_certificates:
    sealed: "{{ certificates.sealed }}"
"""

RETURN = r"""
certificates:
  description: The certificates of the directory.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the file, without C(.pem).
      type: str
    digest:
      description: SHA-256 of the file.
      type: str
    expires:
      description: End of validity in UTC, such as V(2027-02-28T12:00:00Z). Empty if the file has no certificate.
      type: str
    valid:
      description: Whether it has not expired.
      type: bool
recipient:
  description: Certificate of the key that was created, in PEM.
  type: str
  returned: with O(request=true), not in check mode
sealed:
  description: The certificates O(names), encrypted for O(recipient), in base64.
  type: str
  returned: with O(recipient), not in check mode
installed:
  description: Names of the certificates that were installed.
  type: list
  elements: str
  returned: with O(sealed), not in check mode
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._haproxy import store


def transfer(params: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Do the step of a transfer that the options ask for, and return its results."""
    if params["request"]:
        return {"recipient": store.create_request(Path(store.KEYS))}
    if params["recipient"]:
        return {"sealed": store.encrypt(directory, params["names"], params["recipient"])}
    if params["sealed"]:
        files = store.decrypt(Path(store.KEYS), params["sealed"])
        store.install(directory, files)
        return {"changed": True, "installed": list(files)}
    return {}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "default": store.STORE},
            "request": {"type": "bool", "default": False},
            "names": {"type": "list", "elements": "str", "default": []},
            "recipient": {"type": "str"},
            "sealed": {"type": "str", "no_log": True},
        },
        mutually_exclusive=[("request", "recipient", "sealed")],
        supports_check_mode=True,
    )
    directory = Path(module.params["directory"])
    try:
        done = {} if module.check_mode else transfer(module.params, directory)
        module.exit_json(**{"changed": False, **done}, certificates=store.list_certificates(directory))
    except (store.StoreError, OSError) as error:
        module.fail_json(msg=f"{directory}: {error}")


if __name__ == "__main__":
    main()
