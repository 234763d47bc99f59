"""The cluster under traffic of every kind, and the playbooks that are run on it meanwhile."""

from __future__ import annotations

import os
import random
import subprocess
from contextlib import AbstractContextManager

import pytest
from cluster import container, holders, is_backup, lab_host, wait_until

pytest.register_assert_rewrite("traffic")
from traffic import SIZE, traffic

NODES = ["lb1", "lb2", "lb3"]
WEB_SERVERS = ["web1", "web2"]
VIP = f"{os.environ['LAB_PREFIX']}.240"
VIP6 = f"fd00:{os.environ['LAB_PREFIX'].split('.')[1]}::240"


def holder() -> str:
    """The node that has the addresses, once there is one and the others wait."""
    settled: list[str] = []

    def settle() -> bool:
        settled[:] = holders(NODES, VIP)
        waiting = [name for name in NODES if name not in settled]
        return len(settled) == 1 and settled == holders(NODES, VIP6) and all(map(is_backup, waiting))

    wait_until(settle, "one holder of both addresses, and backups", 60)
    return settled[0]


@pytest.fixture(scope="session")
def body(tmp_path_factory) -> bytes:
    """What the web servers serve as /big.bin."""
    content = random.Random(6).randbytes(SIZE)
    file = tmp_path_factory.mktemp("body") / "big.bin"
    file.write_bytes(content)
    for name in WEB_SERVERS:
        lab_host(name).check_output("install --directory --owner www-data /var/www/web/upload")
        subprocess.run(
            ["docker", "cp", file, f"{container(name)}:/var/www/web/big.bin"], check=True, capture_output=True
        )
    return content


@pytest.fixture
def clients(body) -> AbstractContextManager[None]:
    """Clients of every kind, none of whom may notice what a story does while they are there."""

    def uploaded(name: str) -> set[str]:
        sums = [
            lab_host(server).run("sha256sum /var/www/web/upload/%s", name).stdout.split()[:1] for server in WEB_SERVERS
        ]
        return {found[0] for found in sums if found}

    for name in WEB_SERVERS:
        lab_host(name).check_output("rm --force /var/www/web/upload/*")
    holder()
    return traffic(VIP, VIP6, body, uploaded, set(WEB_SERVERS))
