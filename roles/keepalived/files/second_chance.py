"""Tell the peers that this host is well, and nftables which peers are: docs/explanation/lossless.md in the collection
says how.

usage: second_chance.py

heartbeat.key beside it has keys in hexadecimal, one a line: heartbeats are signed with each, and each is accepted.
second_chance.json is an object with

    heartbeats   list of source and peers: addresses from and to which the host says how it is
    tables       address families of nftables, each with its peers; the ruleset's set alive_N is not empty while the
                 Nth of them is well
    reports      files that all hold 0 while the host is well
    port         UDP port of the heartbeats
    interval     seconds between two of them
    silence      after which a peer counts as dead, in milliseconds such as 1200ms

A heartbeat counts if its digest is right and if it answers a heartbeat that this host has sent within that silence, so
nothing that was recorded is of use later. For each that counts, a packet on lo lets nftables itself renew the element
that says so: what this program does not confirm, the kernel forgets."""

from __future__ import annotations

import hmac
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
STATE = Path("/run/keepalived-kernel/state.json")
"""Is there while keepalived-kernel keeps the addresses and rules without which nothing can be passed on."""
REPORT = Path("/run/keepalived-second-chance/report.json")
"""Number of refused heartbeats by reason, for metrics."""

MAGIC = b"EKH1"
BODY = struct.Struct("!4s?16sQ16sQ6s")
DIGEST = 32
CARD_LIFETIME = 30
CARD_REFRESH = 10
"""Seconds for which nftables knows a peer's network card, and after which it is told again."""
REPLY_PAUSE = 0.1
"""Seconds between two answers to heartbeats that are not fresh."""
LOG_PAUSE = 60
LOG_FROM = {"digest": 1, "stranger": 1, "stale": 10, "replayed": 10}
"""Seconds between two lines about the same, and how many refusals it takes. A few are stale whenever a program
starts."""

SO_MARK = 36
NETLINK_NETFILTER, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFTABLES_GROUP = 12, 270, 1, 7
NEW_TABLE, NEW_SET = 0, 9


class Challenge(NamedTuple):
    """One heartbeat of one run of a program: a random name of the run, and a number that only grows."""

    session: bytes
    counter: int


NOTHING = Challenge(bytes(16), 0)


class Heartbeat(NamedTuple):
    """Message of a host to a peer: its health, its challenge, the last challenge heard from the peer, and its MAC
    address."""

    well: bool
    challenge: Challenge
    answered: Challenge
    card: bytes


def digests(body: bytes, keys: list[bytes], sender: str, receiver: str) -> list[bytes]:
    """The digest of a body with each key. The addresses belong to it, so a heartbeat cannot come back to its sender."""
    whole = f"{sender} {receiver} ".encode() + body
    return [hmac.digest(key, whole, "sha256") for key in keys]


def seal(beat: Heartbeat, keys: list[bytes], sender: str, receiver: str) -> bytes:
    """The packet of a heartbeat."""
    body = BODY.pack(MAGIC, beat.well, *beat.challenge, *beat.answered, beat.card)
    return b"".join([body, *digests(body, keys, sender, receiver)])


def unseal(packet: bytes, keys: list[bytes], sender: str, receiver: str) -> Heartbeat | None:
    """The heartbeat in a packet; nothing if it has no right digest."""
    body, rest = packet[: BODY.size], packet[BODY.size :]
    given = [rest[start : start + DIGEST] for start in range(0, min(len(rest), 2 * DIGEST), DIGEST)]
    known = digests(body, keys, sender, receiver)
    if not any(hmac.compare_digest(one, other) for one in given for other in known):
        return None
    magic, well, session, counter, answered, number, card = BODY.unpack(body)
    return Heartbeat(well, Challenge(session, counter), Challenge(answered, number), card) if magic == MAGIC else None


class Own:
    """The challenges of this run that a peer may still answer."""

    def __init__(self, silence: float) -> None:
        self.silence = silence
        self.session = os.urandom(16)
        self.counter = 0
        self.sent: dict[int, float] = {}

    def next(self, now: float) -> Challenge:
        """A new challenge; C(now) is in seconds of a clock that only goes on."""
        self.counter += 1
        self.sent[self.counter] = now
        while now - self.sent[next(iter(self.sent))] > self.silence:
            del self.sent[next(iter(self.sent))]
        return Challenge(self.session, self.counter)

    def is_fresh(self, answered: Challenge, now: float) -> bool:
        """Return whether it is a challenge of this run, sent within the silence."""
        return answered.session == self.session and now - self.sent.get(answered.counter, float("-inf")) <= self.silence


class Peer:
    """Known state of one peer."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.last = NOTHING
        """The challenge of the last heartbeat that has counted, which ours answer."""
        self.card = b""
        self.heard = float("-inf")
        self.replied = float("-inf")

    def judge(self, beat: Heartbeat, own: Own, now: float) -> str:
        """Take a heartbeat with a right digest; the reason for which it is refused, empty if it counts."""
        if not own.is_fresh(beat.answered, now):
            return "stale"
        if beat.challenge.session == self.last.session and beat.challenge.counter <= self.last.counter:
            return "replayed"
        self.last, self.card, self.heard = beat.challenge, beat.card, now
        return ""


class Refusals:
    """Counts what is refused, and logs it now and then."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.unsaid: Counter[tuple[str, str]] = Counter()
        self.said: dict[tuple[str, str], float] = {}

    def add(self, sender: str, reason: str, now: float) -> None:
        """Take one heartbeat that was refused."""
        self.counts[reason] += 1
        what = (sender, reason)
        if what not in self.unsaid and len(self.unsaid) > 100:
            return
        self.unsaid[what] += 1
        if now - self.said.get(what, float("-inf")) < LOG_PAUSE:
            return
        self.said[what] = now
        if self.unsaid[what] >= LOG_FROM[reason]:
            print(f"refused {self.unsaid[what]} heartbeats from {sender}: {reason}", file=sys.stderr, flush=True)
        self.unsaid[what] = 0


class Way:
    """The socket at one of the host's addresses, and the peers with which it speaks."""

    def __init__(self, source: str, peers: list[str], port: int) -> None:
        """Packets leave with 255 hops left: one with less has passed a router, and the firewall drops it."""
        self.source = source
        self.peers = {address: Peer(address) for address in peers}
        self.port = port
        six = ":" in source
        self.socket = socket.socket(
            socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
        )
        self.socket.setsockopt(
            *(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if six else (socket.IPPROTO_IP, socket.IP_TTL), 255
        )
        self.socket.bind((source, port))
        found = subprocess.run(
            ["ip", "-json", "address", "show", "to", source], check=True, capture_output=True, text=True
        ).stdout
        (self.interface,) = {link["ifname"] for link in json.loads(found) if link.get("ifname") not in (None, "lo")}

    def card(self) -> bytes:
        """The address of the network card from which packets are passed on."""
        return bytes.fromhex(
            Path(f"/sys/class/net/{self.interface}/address").read_text(encoding="ascii").strip().replace(":", "")
        )[:6]


class Confirmation:
    """The packet on lo for which a rule of nftables renews the set of one peer. Only root can mark packets so."""

    def __init__(self, family: str, number: int, port: int) -> None:
        self.socket = socket.socket(
            socket.AF_INET6 if family == "ip6" else socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
        )
        self.socket.setsockopt(socket.SOL_SOCKET, SO_MARK, number)
        self.receiver = ("::1" if family == "ip6" else "127.0.0.1", port)

    def send(self) -> None:
        """Let the set be renewed. The rule drops the packet, which is an error to its sender."""
        with suppress(PermissionError, ConnectionRefusedError):
            self.socket.sendto(b"", self.receiver)


class Program:
    """Sends, hears and confirms heartbeats."""

    def __init__(self, settings: dict[str, Any], keys: list[bytes]) -> None:
        self.keys = keys
        self.interval = settings["interval"]
        self.own = Own(float(settings["silence"].removesuffix("ms")) / 1000)
        self.reports = settings["reports"]
        self.ways = [Way(item["source"], item["peers"], settings["port"]) for item in settings["heartbeats"]]
        self.families = {peer: table["family"] for table in settings["tables"] for peer in table["peers"]}
        self.confirmations = {
            peer: Confirmation(table["family"], number, settings["port"])
            for table in settings["tables"]
            for number, peer in enumerate(table["peers"], start=1)
        }
        self.refusals = Refusals()
        self.reported: dict[str, int] = {}
        self.known_cards: set[tuple[str, bytes]] = set()
        self.told_cards = float("-inf")
        self.events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_NETFILTER)
        self.events.bind((0, 0))
        self.events.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFTABLES_GROUP)

    def is_well(self) -> bool:
        """Return whether the host can serve packets that peers forward to it."""
        return STATE.exists() and all(map(says_well, self.reports))

    def send(self, way: Way, peer: Peer, well: bool, answered: Challenge, now: float) -> None:
        """Send one heartbeat."""
        beat = Heartbeat(well, self.own.next(now), answered, way.card())
        try:
            way.socket.sendto(seal(beat, self.keys, way.source, peer.address), (peer.address, way.port))
        except OSError as error:
            print(f"heartbeat to {peer.address}: {error}", file=sys.stderr, flush=True)

    def beat(self, now: float) -> None:
        """Tell all peers how this host is."""
        well = self.is_well()
        for way in self.ways:
            for peer in way.peers.values():
                self.send(way, peer, well, peer.last, now)

    def hear(self, way: Way, now: float) -> None:
        """Take all heartbeats that have come."""
        with suppress(BlockingIOError):
            while True:
                packet, (sender, *_rest) = way.socket.recvfrom(256)
                peer = way.peers.get(sender)
                beat = unseal(packet, self.keys, sender, way.source) if peer else None
                reason = "stranger" if not peer else "digest" if not beat else peer.judge(beat, self.own, now)
                if reason:
                    self.refusals.add(sender, reason, now)
                if peer and beat and not reason and beat.well:
                    self.confirmations[peer.address].send()
                if peer and beat and reason == "stale" and now - peer.replied > REPLY_PAUSE:
                    # One of the two has just started and does not know the other's challenge.
                    peer.replied = now
                    self.send(way, peer, False, beat.challenge, now)

    def cards(self, now: float) -> set[tuple[str, bytes]]:
        """The network cards of the peers that were heard of late, with the family of the table."""
        peers = [peer for way in self.ways for peer in way.peers.values()]
        return {(self.families[peer.address], peer.card) for peer in peers if now - peer.heard < CARD_REFRESH}

    def tell_cards(self, now: float) -> None:
        """Tell nftables the peers' network cards when they have changed, its table was loaded anew, or it is about to
        forget them."""
        cards, since = self.cards(now), now - self.told_cards
        changed = cards != self.known_cards and since > REPLY_PAUSE
        if not self.is_loaded_anew() and not changed and since < CARD_REFRESH:
            return
        lines = [line for family, card in sorted(cards) for line in renew_card(family, card)]
        gone = sorted(self.known_cards - cards)
        lines += [
            f"delete element {family} evenkeel_second_chance cards {{ {card.hex(':')} }}\n" for family, card in gone
        ]
        done = subprocess.run(["nft", "--file", "-"], input="".join(lines), text=True, check=False, capture_output=True)
        self.known_cards = cards if not done.returncode else set()
        self.told_cards = now

    def is_loaded_anew(self) -> bool:
        """Return whether the kernel has reported a new table or set since the last call. Lost events count as such."""
        found = False
        while True:
            try:
                data = self.events.recv(65536)
            except BlockingIOError:
                return found
            except OSError:
                found = True
                continue
            while len(data) >= 16:
                length, kind = struct.unpack_from("=IH", data)
                found |= kind & 0xFF in (NEW_TABLE, NEW_SET)
                data = data[max(16, (length + 3) & ~3) :]

    def report(self) -> None:
        """Say for metrics what was refused."""
        if self.refusals.counts != self.reported:
            self.reported = dict(self.refusals.counts)
            staged = REPORT.with_suffix(".new")
            staged.write_text(
                json.dumps({"refused": {reason: self.reported.get(reason, 0) for reason in LOG_FROM}}), encoding="utf-8"
            )
            staged.replace(REPORT)

    def serve(self) -> None:
        """Go on until the end."""
        self.report()
        due = time.monotonic()
        while True:
            ready = select.select(
                [way.socket for way in self.ways] + [self.events], [], [], max(0, due - time.monotonic())
            )[0]
            now = time.monotonic()
            for way in self.ways:
                if way.socket in ready:
                    self.hear(way, now)
            if now >= due:
                due = max(due + self.interval, now)
                self.beat(now)
                self.report()
            self.tell_cards(now)


def renew_card(family: str, card: bytes) -> list[str]:
    """The lines for nft after which a card is known for the whole lifetime again, whether it was known or not."""
    name = f"element {family} evenkeel_second_chance cards {{ {card.hex(':')}"
    return [f"add {name} }}\n", f"delete {name} }}\n", f"add {name} timeout {CARD_LIFETIME}s }}\n"]


def says_well(report: str) -> bool:
    """Return whether a report holds 0. Its directory may belong to another user, who could replace it with anything."""
    try:
        with open(os.open(report, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            return stream.read(64).split() == [b"0"]
    except OSError:
        return False


def say_ready() -> None:
    """Tell systemd that the program works."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
        systemd.sendall(b"READY=1")


def main() -> None:
    keys = [bytes.fromhex(line) for line in (HERE / "heartbeat.key").read_text(encoding="ascii").split()]
    program = Program(json.loads((HERE / "second_chance.json").read_text(encoding="utf-8")), keys)
    signal.signal(signal.SIGHUP, lambda *_event: os.execv(sys.executable, [sys.executable, "-I", *sys.argv]))
    say_ready()
    program.serve()


if __name__ == "__main__":
    main()
