#!/usr/bin/python
# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: apt_candidate
short_description: Find the release of a daemon that apt would install from a declared repository
version_added: 0.2.0
description:
  - Returns the version that a host will have, and the files by which apt gets it. Changes nothing on the host.
  - apt reads the declared source and pins, and an index of them, from a temporary directory. So the module fails before
    any change if a repository cannot be reached or verified, if no repository has the version, or if apt cannot install
    the package.
  - The network is needed only if the files on the host differ from the declared ones, or if the installed version is
    not the declared one.
options:
  daemon:
    description: Name of the daemon. The files are C(evenkeel-NAME.sources) and C(evenkeel-NAME.pref).
    type: str
    required: true
  packages:
    description: Binary packages that have the version of the daemon. The first one has the daemon.
    type: list
    elements: str
    required: true
  repository:
    description: Repository to install from. Without one, a source that was declared before is removed.
    type: dict
    suboptions:
      uris:
        description: Addresses of the repository; the mirrors of one repository.
        type: list
        elements: str
        required: true
      suites:
        description: Suites, or one path that ends with a slash for a flat repository.
        type: list
        elements: str
        required: true
      components:
        description: Components. Empty for a flat repository.
        type: list
        elements: str
        default: []
      key:
        description: Public key in armor that signs the repository.
        type: str
        default: ""
      key_url:
        description: URL of the public key. The host reads it.
        type: str
        default: ""
      keyring:
        description: Path of a keyring on the host.
        type: path
        default: ""
      fingerprints:
        description: Accepted fingerprints of the primary keys. Required with O(repository.key_url).
        type: list
        elements: str
        default: []
      pin:
        description: What identifies packages of the repository, as in C(Pin) of C(apt_preferences). Default are origin,
          label, suite and codename of its C(Release) file; without these, the host name of its address.
        type: str
        default: ""
      priority:
        description: Priority of the daemon's packages in the repository. All others have 100.
        type: int
        default: 900
      packages:
        description: Further packages that have O(repository.priority), such as libraries that the daemon needs.
        type: list
        elements: str
        default: []
  version:
    description: Version to install, or its beginning. V(3.2) stands for every 3.2. Required with O(repository). If
      empty, every version is right, and pins that were declared before are removed.
    type: str
  allow_downgrade:
    description: Install an older version than the present one.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would return outside of it.
    support: full
    details:
      - This action does not modify state.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: none
    details:
      - This action does not modify state.
  idempotent:
    description: When run twice in a row with the same arguments, the second invocation indicates no change.
    support: full
    details:
      - This action does not modify state.
author:
  - The evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Find the version of HAProxy that the host will have
  evenkeel.ha_web.apt_candidate:
    daemon: haproxy
    packages: [haproxy]
    version: "3.2"
    repository:
      uris: [https://packages.example.com/debian]
      suites: [bookworm]
      components: [main]
      key_url: https://packages.example.com/key.asc
      fingerprints: [0123456789ABCDEF0123456789ABCDEF01234567]
  register: candidate
"""

RETURN = r"""
version:
  description: Version that the host will have. Empty if the package is not installed and no version is declared.
  type: str
  returned: success
installed:
  description: Installed version; empty if there is none.
  type: str
  returned: success
install:
  description: Version to install. Empty if the installed one is right, or any is.
  type: str
  returned: success
available:
  description: Versions that the package sources have. Empty where they were not asked.
  type: list
  elements: str
  returned: success
files:
  description: Files that differ from the declaration.
  type: list
  elements: dict
  returned: success
  contains:
    path:
      description: Path of the file.
      type: str
    before:
      description: Present text; empty if there is no file.
      type: str
    content:
      description: Declared text; empty if the file has to be removed.
      type: str
refresh:
  description: Command that reads the index of the repository. Empty without one.
  type: list
  elements: str
  returned: success
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

from ..module_utils._apt.candidate import Apt, Refused, Wanted, list_paths, update_options
from ..module_utils._host.run import run_or_fail

LARGEST_KEY = 1 << 20
REPOSITORY = {
    "uris": {"type": "list", "elements": "str", "required": True},
    "suites": {"type": "list", "elements": "str", "required": True},
    "components": {"type": "list", "elements": "str", "default": []},
    "key": {"type": "str", "default": "", "no_log": False},
    "key_url": {"type": "str", "default": "", "no_log": False},
    "keyring": {"type": "path", "default": "", "no_log": False},
    "fingerprints": {"type": "list", "elements": "str", "default": []},
    "pin": {"type": "str", "default": ""},
    "priority": {"type": "int", "default": 900},
    "packages": {"type": "list", "elements": "str", "default": []},
}


def fetch(url: str) -> bytes:
    """Read a key; no more than any key has."""
    return bytes(open_url(url, timeout=30).read(LARGEST_KEY))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "daemon": {"type": "str", "required": True},
            "packages": {"type": "list", "elements": "str", "required": True},
            "repository": {"type": "dict", "no_log": False, "options": REPOSITORY},
            "version": {"type": "str"},
            "allow_downgrade": {"type": "bool", "default": False},
        },
        required_by={"repository": ["version"]},
        supports_check_mode=True,
    )
    params = module.params
    wanted = Wanted(
        params["daemon"],
        params["packages"],
        params["repository"] or {},
        params["version"] or "",
        params["allow_downgrade"],
    )
    try:
        found = Apt(run_or_fail(module), fetch, time.time()).find_candidate(wanted)
    except (Refused, OSError) as error:
        module.fail_json(msg=f"Nothing was changed. {error}.")
    source = list_paths(wanted.daemon)[0]
    module.exit_json(
        version=found.version,
        installed=found.installed,
        install=found.install,
        available=found.available,
        files=[file.to_dict() for file in found.files],
        refresh=["apt-get", "update", *update_options(source)] if wanted.repository else [],
    )


if __name__ == "__main__":
    main()
