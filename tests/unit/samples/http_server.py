# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real server on the loopback interface, for tests of clients."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from contextlib import contextmanager

SECONDS = 10
"""How long a test waits at the most."""


def answer(body, *headers):
    """A whole answer of status 200."""
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body])


@contextmanager
def server(serve):
    """Its port. Every connection is handed to the function in a thread of its own, and closed afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def handle(connection):
            with connection, contextlib.suppress(ConnectionError):
                serve(connection)

        def accept():
            while True:
                try:
                    connection, _address = listening.accept()
                except OSError:
                    return
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def wait_until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
