"""The connection of Ansible to the lab's hosts."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import PIPE, Popen

from ansible.errors import AnsibleConnectionFailure, AnsibleFileNotFound
from ansible.plugins.connection import ConnectionBase

sys.path.insert(0, str(Path(__file__).parents[1]))
from inside import NotRunningError, inside

DOCUMENTATION = """
name: lab
short_description: Run tasks in the lab's hosts
description: Enters the containers that tests/lab/create.yml has made, as root.
author: The evenkeel authors
options:
  remote_addr:
    description: Name of the container.
    default: inventory_hostname
    type: str
    vars:
      - name: inventory_hostname
      - name: ansible_host
"""


class Connection(ConnectionBase):
    """Each command is a process of its own in the host's namespaces."""

    transport = "lab"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def close(self) -> None:
        self._connected = False

    def reset(self) -> None:
        self.close()

    def exec_command(self, cmd, in_data=None, sudoable=True):
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return self._run(["/bin/sh", "-c", cmd], in_data)

    def put_file(self, in_path, out_path):
        super().put_file(in_path, out_path)
        if not Path(in_path).is_file():
            raise AnsibleFileNotFound(f"file to be transferred does not exist: {in_path}")
        self._expect(["dd", f"of={out_path}", "status=none"], Path(in_path).read_bytes())

    def fetch_file(self, in_path, out_path):
        super().fetch_file(in_path, out_path)
        Path(out_path).write_bytes(self._expect(["cat", in_path]))

    def _expect(self, argv, in_data=b""):
        status, out, problem = self._run(argv, in_data)
        if status:
            raise AnsibleConnectionFailure(f"{' '.join(argv)}: {problem.decode()}")
        return out

    def _run(self, argv, in_data):
        try:
            before = inside(self.get_option("remote_addr"))
        except (NotRunningError, OSError) as problem:
            raise AnsibleConnectionFailure(str(problem)) from problem
        with Popen([*before, *argv], stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
            out, problem = process.communicate(in_data)
        return process.returncode, out, problem
