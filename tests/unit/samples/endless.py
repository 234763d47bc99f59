# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that has taken over haproxy, and answers without an end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def endless(path: Path) -> Iterator[None]:
    """Answer the next question at the socket until the asker ends it."""
    with socket.socket(socket.AF_UNIX) as server, ThreadPoolExecutor() as background:
        server.bind(str(path))
        server.listen()

        def flood() -> None:
            with server.accept()[0] as connection, suppress(OSError):
                while True:
                    connection.sendall(b"x" * 65536)

        background.submit(flood)
        yield
