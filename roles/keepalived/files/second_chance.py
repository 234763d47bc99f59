"""Let connections outlive the move of their address: docs/lossless.md in the collection says how.

usage: second_chance.py install | serve | remove

The files beside this one say what: second_chance.json is an object with

    addresses    VIPs with their prefix, which live on lo for ever: whoever has accepted a connection can then go on serving it
    interfaces   where those VIPs move; there the host must not answer ARP for what it has on lo only
    heartbeats   list of source and peers: addresses from and to which the host says that it is well
    tables       address families of nftables, each with its peers; the ruleset's set alive_N is not empty while the Nth of them is heard
    reports      files that all hold 0 while the host is well
    port         UDP port of the heartbeats
    interval     seconds between two of them

and second_chance.nft is the ruleset that passes packets on to peers which are heard."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
INSTALLED = Path("/run/keepalived-second-chance/installed.json")
"""What install has done, for the next install or remove to undo: addresses, and kernel parameters with their former values."""
TABLES = ("ip evenkeel_second_chance", "ip6 evenkeel_second_chance")
ARP = {"arp_ignore": "1", "arp_announce": "2"}


def run(*argv: str, check: bool = True) -> bool:
    """Run a command; whether it succeeded."""
    return subprocess.run(argv, check=check, stderr=None if check else subprocess.DEVNULL).returncode == 0


def installed() -> dict:
    try:
        return json.loads(INSTALLED.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"addresses": [], "parameters": {}}


def parameters(interfaces: list[str]) -> dict[str, str]:
    """The files of the kernel's parameters, and what they have to hold."""
    return {f"/proc/sys/net/ipv4/conf/{interface}/{name}": value for interface in interfaces for name, value in ARP.items()}


def give_back(before: dict) -> None:
    for address in before["addresses"]:
        run("ip", "address", "delete", address, "dev", "lo", check=False)
    for file, value in before["parameters"].items():
        if os.path.exists(file):
            Path(file).write_text(value, encoding="ascii")


def install(wanted: dict) -> None:
    """Bring addresses, kernel parameters and rules to what is wanted; what is there already is left alone."""
    before = installed()
    values = parameters(wanted["interfaces"])
    former = {file: before["parameters"].get(file) or Path(file).read_text(encoding="ascii").strip() for file in values}
    give_back(
        {
            "addresses": [address for address in before["addresses"] if address not in wanted["addresses"]],
            "parameters": {file: value for file, value in before["parameters"].items() if file not in values},
        }
    )
    INSTALLED.write_text(json.dumps({"addresses": wanted["addresses"], "parameters": former}), encoding="utf-8")
    for file, value in values.items():
        Path(file).write_text(value, encoding="ascii")
    for address in wanted["addresses"]:
        # Not to be chosen as the source of what the host itself begins.
        run("ip", "address", "replace", address, "dev", "lo", *(["preferred_lft", "0"] if ":" in address else ["scope", "host"]))
    install_rules((HERE / "second_chance.nft").read_text(encoding="utf-8"))


def install_rules(ruleset: str) -> None:
    """Load the ruleset unless it is loaded: loaded anew, it has to hear from every peer first."""
    loaded = INSTALLED.with_name("loaded.nft")
    if loaded.exists() and loaded.read_text(encoding="utf-8") == ruleset and all(map(has_table, tables(ruleset))):
        return
    drop_rules([table for table in TABLES if table not in tables(ruleset)])
    subprocess.run(["nft", "--file", "-"], input=ruleset, text=True, check=True)
    loaded.write_text(ruleset, encoding="utf-8")


def tables(ruleset: str) -> list[str]:
    return [table for table in TABLES if f"\ntable {table} {{" in ruleset]


def has_table(table: str) -> bool:
    return run("nft", "--terse", "list", "table", *table.split(), check=False)


def drop_rules(unwanted: tuple[str, ...] | list[str]) -> None:
    for table in unwanted:
        run("nft", "delete", "table", *table.split(), check=False)


def remove() -> None:
    """Leave nothing behind."""
    drop_rules(TABLES)
    give_back(installed())
    for file in INSTALLED.parent.iterdir():
        file.unlink()


class Heart:
    """Tells the peers that this host is well, as long as it is."""

    def __init__(self, wanted: dict) -> None:
        self.interval = wanted["interval"]
        self.reports = [Path(file) for file in wanted["reports"]]
        self.ways = [
            (self.open(heartbeat["source"]), [(peer, wanted["port"]) for peer in heartbeat["peers"]]) for heartbeat in wanted["heartbeats"]
        ]

    @staticmethod
    def open(source: str) -> socket.socket:
        """A socket whose packets nobody can have sent from another segment: they arrive with 255 hops left."""
        six = ":" in source
        way = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
        way.bind((source, 0))
        way.setsockopt(*(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if six else (socket.IPPROTO_IP, socket.IP_TTL), 255)
        return way

    def is_well(self) -> bool:
        try:
            return all(report.read_text(encoding="ascii").split() == ["0"] for report in self.reports)
        except OSError:
            return False

    def beat(self) -> None:
        if not self.is_well():
            return
        for way, peers in self.ways:
            for peer in peers:
                try:
                    way.sendto(b"", peer)
                except OSError as error:
                    print(f"heartbeat to {peer[0]}: {error}", file=sys.stderr, flush=True)

    def serve(self) -> None:
        while True:
            self.beat()
            time.sleep(self.interval)


def say_ready() -> None:
    """Tell systemd that the program works."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
        systemd.sendall(b"READY=1")


def main(action: str) -> None:
    if action == "remove":
        # Only if somebody wants that. When the program has failed it starts again, and connections must not notice.
        if os.environ.get("SERVICE_RESULT", "success") == "success":
            remove()
        return
    wanted = json.loads((HERE / "second_chance.json").read_text(encoding="utf-8"))
    if action == "install":
        install(wanted)
    else:
        heart = Heart(wanted)
        signal.signal(signal.SIGHUP, lambda *_event: os.execv(sys.executable, [sys.executable, "-I", *sys.argv]))
        say_ready()
        heart.serve()


if __name__ == "__main__":
    main(sys.argv[1])
