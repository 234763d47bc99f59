"""Clients that have requests at a web server when it begins to hang."""

from __future__ import annotations

import http.client
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from faults import Fault

METHODS = ("GET", "HEAD", "POST")
CLIENTS = 6
"""Clients of each method."""
PATIENCE = 60
"""Seconds, longer than haproxy waits for a server, after which a client gives up."""


def send(vip: str, port: int, method: str) -> int:
    """Send a request to the cluster over a connection of its own; returns the answer's status."""
    connection = http.client.HTTPConnection(vip, port, timeout=PATIENCE)
    connection.request(method, f"/?{method}")
    with connection.getresponse() as answer:
        answer.read()
        return answer.status


def collect_answers(vip: str, port: int, hangs: Fault, wait_until_down: Callable[[], None]) -> list[tuple[str, int]]:
    """Send one request after the other until the web server is down; returns method and status of every answer.

    It hangs until every answer has come. Clients of each method have a request waiting there."""
    over = threading.Event()

    def send_until_over(method: str) -> list[tuple[str, int]]:
        requests = itertools.takewhile(lambda _number: not over.is_set(), itertools.count())
        return [(method, send(vip, port, method)) for _request in requests]

    with ThreadPoolExecutor(CLIENTS * len(METHODS)) as pool:
        clients = [pool.submit(send_until_over, method) for method in METHODS * CLIENTS]
        try:
            with hangs:
                wait_until_down()
                over.set()
                return [answer for client in clients for answer in client.result()]
        finally:
            over.set()
