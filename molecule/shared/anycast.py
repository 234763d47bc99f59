"""The lab of anycast addresses: load balancers that announce them, a router, and clients behind it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from cluster import container, lab_host, wait_until
from inside import inside, measuring

NODES = [f"lb{number + 1}" for number in range(int(os.environ.get("LAB_NODES", "3")))]
PREFIX = os.environ["LAB_PREFIX"]
ADDRESSES = {f"{PREFIX}.1{name[-1]}": name for name in NODES}
ADDRESS, ADDRESS6 = "198.51.100.80", "2001:db8:5::80"
URLS = [f"http://{ADDRESS}/", f"http://[{ADDRESS6}]/"]
SIZE = 20_000_000
STANDBY = "/run/keepalived-track/standby_cluster_anycast"
CLIENT = "/usr/local/bin/client.py"


def used() -> set[str]:
    """The nodes to which the router sends new connections to the IPv4 address."""
    table = lab_host("router").check_output("ip -4 route show %s", f"{ADDRESS}/32")
    return {name for address, name in ADDRESSES.items() if f" {address} " in table}


def count_used6() -> int:
    """How many nodes get new connections to the IPv6 address; their next hops are link-local ones."""
    return lab_host("router").check_output("ip -6 route show %s", f"{ADDRESS6}/128").count(" via ")


def announced(name: str) -> str:
    """What the node says that it announces."""
    return json.loads(lab_host(name).check_output("cat /run/bird-announce/state.json"))["announced"]


def wait_for_nodes(*names: str) -> None:
    """Wait until exactly these nodes get new connections."""
    wait_until(lambda: used() == set(names) and count_used6() == len(names), f"routes to {names}", 90)


def others(*names: str) -> list[str]:
    """The nodes but these."""
    return [name for name in NODES if name not in names]


def drain(name: str, value: int = 1) -> None:
    """Drain a node, or end that with 0."""
    lab_host(name).check_output("echo %s | tee %s %s6", str(value), STANDBY, STANDBY)


def write_content() -> str:
    """Give the web servers something to download, and return its checksum."""
    content = random.Random(7).randbytes(SIZE)
    for name in ("web1", "web2"):
        subprocess.run([*inside(container(name)), "sh", "-c", "cat >/var/www/web/large"], input=content, check=True)
    return hashlib.sha256(content).hexdigest()


def count_served(url: str, number: int) -> dict[str, int]:
    """The new connections that each node has served."""
    return json.loads(lab_host("client").check_output("python3 %s spread %s %s", CLIENT, url, str(number)))


class Noticed:
    """What clients have noticed, once they have ended."""

    def __init__(self) -> None:
        self.lost: list = []
        self.broken: list = []
        self.kept: dict[str, int] = {}
        self.downloads: list[str] = []
        self.uploads: list[str] = []
        self.texts = 0
        self.served = 0

    def assert_nothing_lost(self, checksum: str) -> None:
        """Fail if anybody has noticed anything."""
        assert self.lost == []
        assert self.broken == []
        assert set(self.kept) == set(NODES)
        assert set(self.downloads) == {checksum}
        assert set(self.uploads) == {f"uploaded 1 {hashlib.sha256(bytes(range(256)) * 4096).hexdigest()}"}
        assert self.texts


@contextmanager
def clients(url: str = URLS[0]) -> Iterator[Noticed]:
    """New connections, kept ones, WebSockets, uploads and downloads while the context lasts."""
    found = Noticed()
    with measuring(container("client"), "python3", CLIENT, "watch", url) as said:
        yield found
    vars(found).update(*said)
    print(found.served, "served;", len(found.lost), "lost:", found.lost[:3], "broken:", found.broken[:3], found.kept)


def wait_for_kept(url: str = URLS[0]) -> None:
    """Wait until every node has answered some clients."""
    wait_until(lambda: len(count_served(url, 20 * len(NODES))) == len(NODES), "every node serves somebody", 30)
