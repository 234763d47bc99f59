"""Keep what the kernel holds for keepalived as it was declared, and the reports of watched units, whatever changes it.

docs/explanation/kernel_state.md in the collection says why.

usage: kernel_state.py apply | keep | check | remove

apply reads the declaration beside this program and makes the kernel so; keep does it again whenever something else has
changed that, as the kernel's own events tell; check prints what differs now; remove undoes it all. The declaration,
kernel_state.json, is an object with

    addresses        addresses with their prefix that stay on lo
    anycast          those of them, by instance, that all nodes have at the same time; only modules read it
    interfaces       where the host must not answer ARP for what it has on lo only
    parameter_files  files of sysctl.d whose values are kept, as far as the files exist
    peers            addresses from which VRRP is let in, and from nobody else; null to leave the firewall alone
    min_ttl          hops that such a packet must have left
    heartbeat_port   UDP port at which the same holds; 0 for none
    ruleset          file with tables of nftables beside the declaration, which make the kernel track connections;
                     empty for none
    reports          files in which watched units report to keepalived, with their units

A rule that somebody puts in front of ours and that drops stays: who drops VRRP may want that, and check_cluster reports
it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
MEMORY = Path("/run/keepalived-kernel")
"""state.json is what apply has made so, for the others to keep or undo; report.json is what keep has seen, for metrics
and checks."""
ARP = {"arp_ignore": "1", "arp_announce": "2"}
TRACKING = Path("/proc/sys/net/netfilter")
ENTRY_SHARE = 8192
"""Bytes of the host's memory for each connection that the kernel may track. An entry takes some 400 of them."""
TIME_WAIT = 30
"""Seconds for which the kernel tracks a connection that has ended, at the most. Its default is 120."""
CHAIN = "EVENKEEL_VRRP"
COMMENT = 'comment "evenkeel_vrrp"'
PROGRAMS = {"iptables": ("ip", "ttl", "ttl"), "ip6tables": ("ip6", "hl", "hoplimit")}
"""Of each program, the family of nftables, the match for the hops left, and that field's name in nftables."""
IPTABLES_CHAINS = (("ip", "filter", "INPUT"), ("ip6", "filter", "INPUT"))
UNITS = Path("/run/systemd/units")
"""Where systemd keeps a link for each unit that is not stopped."""
RUNNING = ("active", "reloading", "refreshing")
TABLES = ("ip evenkeel_second_chance", "ip6 evenkeel_second_chance")

TICK = 0.5
"""Seconds between two looks at what tells no event: kernel parameters, reports, and iptables of the older kind."""
SWEEP = 60.0
"""Seconds after which everything is looked at although no event has come."""
PAUSE = 0.2
"""Seconds between two looks at everything, however many events come."""
BURST = 20
REFILL = 10.0
"""So many repairs of one kind at once, and one more in so many seconds: enough for every reload of a firewall, and no
endless fight."""

SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1
NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
ROUTE_GROUPS = (1, 5, 9, 24, 25)
"""Links, addresses of IPv4 and IPv6, and their parameters as far as the kernel tells of them."""
NFTABLES_GROUP = 7
ELEMENT_MESSAGES = (12, 14)
"""New and deleted elements of sets: they come and go all the time and are nobody's rules."""
NEW_GENERATION = 15


class CommandFailed(Exception):
    """A command has not done what it was asked for; the text says what it said."""


def run(*argv: str, text: str | None = None, fails: bool = False) -> str:
    """Run a command and return what it prints. Raises CommandFailed, or returns nothing if it C(fails) without harm."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if done.returncode and not fails:
        raise CommandFailed(f"{' '.join(argv)}: {done.stderr.strip() or f'exit status {done.returncode}'}")
    return "" if done.returncode else done.stdout


class Addresses:
    """Addresses that stay on lo, so that whoever has accepted a connection goes on serving it after the VIP has
    moved."""

    name = "addresses"

    def __init__(self, state: dict[str, Any]) -> None:
        self.wanted = state["addresses"]

    def deviations(self) -> list[str]:
        """Name the addresses that lo lacks."""
        if not self.wanted:
            return []
        (link,) = json.loads(run("ip", "-json", "address", "show", "dev", "lo"))
        found = {f"{item['local']}/{item['prefixlen']}" for item in link["addr_info"] if "local" in item}
        return [f"{address} is missing on lo" for address in self.wanted if address not in found]

    def restore(self) -> None:
        """Add what is missing. Not to be chosen as the source of what the host itself begins."""
        for address in self.wanted:
            run(
                "ip",
                "address",
                "replace",
                address,
                "dev",
                "lo",
                *(["preferred_lft", "0"] if ":" in address else ["scope", "host"]),
            )

    def remove(self, still_wanted: dict[str, Any]) -> None:
        """Take away what is not wanted any more."""
        for address in self.wanted:
            if address not in still_wanted["addresses"]:
                run("ip", "address", "delete", address, "dev", "lo", fails=True)


class Parameters:
    """Kernel parameters: those of ARP, those of tracked connections, and those that files of sysctl.d set."""

    name = "parameters"

    def __init__(self, state: dict[str, Any]) -> None:
        self.interfaces = state["interfaces"]
        self.tracking = bool(state["rules"])
        self.files = [Path(file) for file in state["parameter_files"]]
        self.former = state["former"]

    def own(self) -> dict[Path, str]:
        """Return the value of every parameter that the program itself declares."""
        return {
            **{path: value for interface in self.interfaces for path, value in arp_parameters(interface).items()},
            **(tracking_parameters() if self.tracking else {}),
        }

    def wanted(self) -> dict[Path, str]:
        """Return the value of every parameter, by the file that the kernel has for it."""
        found: dict[Path, str] = {}
        for file in self.files:
            with contextlib.suppress(FileNotFoundError):
                found.update(parse_parameters(file.read_text(encoding="utf-8")))
        return {**found, **self.own()}

    def deviations(self) -> list[str]:
        """Name the parameters that have another value. What this kernel or host does not have is no deviation."""
        return [f"{dotted(path)} is {is_now}, not {value}" for path, value, is_now in self._differing()]

    def restore(self) -> None:
        """Write what differs, and remember what the program's own had before."""
        own = self.own()
        for path, value, is_now in self._differing():
            if path in own:
                self.former.setdefault(str(path), is_now)
            try:
                path.write_text(value, encoding="ascii")
            except OSError as error:
                raise CommandFailed(f"the kernel does not take {dotted(path)} = {value}: {error.strerror}") from error

    def remove(self, still_wanted: dict[str, Any]) -> None:
        """Give back the former values of the program's own parameters that are not declared any more."""
        kept = set(map(str, Parameters(still_wanted).own()))
        for path, value in self.former.items():
            if path not in kept and os.path.exists(path):
                Path(path).write_text(value, encoding="ascii")

    def _differing(self) -> Iterator[tuple[Path, str, str]]:
        for path, value in self.wanted().items():
            with contextlib.suppress(FileNotFoundError):
                is_now = path.read_text(encoding="ascii").strip()
                if is_now.split() != value.split():
                    yield path, value, is_now


def arp_parameters(interface: str) -> dict[Path, str]:
    """The values of an interface's parameters of ARP, by their files."""
    return {Path(f"/proc/sys/net/ipv4/conf/{interface}/{name}"): value for name, value in ARP.items()}


def tracking_parameters() -> dict[Path, str]:
    """The values with which the table of tracked connections bears a rush hour, by their files.

    When it is full, the kernel drops the first packets of new connections, those of health checks included. A larger
    table and a shorter time of the host's own stay, as does what a container may not change."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    bounds = {
        TRACKING / "nf_conntrack_max": (max, memory // ENTRY_SHARE),
        TRACKING / "nf_conntrack_tcp_timeout_time_wait": (min, TIME_WAIT),
    }
    return {
        path: str(choose(int(path.read_text(encoding="ascii")), bound))
        for path, (choose, bound) in bounds.items()
        if os.access(path, os.W_OK)
    }


def parse_parameters(text: str) -> dict[Path, str]:
    """The values that a file of sysctl.d sets, by the kernel's files. A name's dots and slashes change places."""
    pairs = [line.partition("=") for line in text.splitlines() if not re.match(r"\s*([#;]|$)", line)]
    swap = str.maketrans("./", "/.")
    return {Path("/proc/sys") / name.strip().translate(swap): value.strip() for name, _equals, value in pairs}


def dotted(path: Path) -> str:
    """The name of a parameter as sysctl has it."""
    return str(path.relative_to("/proc/sys")).translate(str.maketrans("./", "/."))


class Firewall:
    """VRRP comes in from the peers only: whoever else could send it would take the VIP.

    A chain of iptables does that. Input chains of nftables' own kind drop what they do not know, so peers are let in
    there as well."""

    name = "vrrp_rules"

    def __init__(self, state: dict[str, Any]) -> None:
        self.peers = state["peers"]
        self.min_ttl = state["min_ttl"]
        self.port = state["heartbeat_port"]
        self.printed = state["printed"]

    def deviations(self) -> list[str]:
        """Name the chains that are not as restore() has left them."""
        if self.peers is None:
            return []
        found = []
        for program in PROGRAMS:
            chains = saved_rules(program)
            if chains.get(CHAIN) != self.printed.get(program):
                found.append(f"the chain {CHAIN} of {program} was changed")
            jumps = find_jumps(chains)
            if jumps != self.printed.get(f"{program} INPUT"):
                found.append(f"the rules of INPUT of {program} that jump to {CHAIN} were changed")
            elif any(map(may_accept_vrrp, chains["INPUT"][: chains["INPUT"].index(jumps[0])])):
                found.append(f"INPUT of {program} has a rule before those that jump to {CHAIN} that may let VRRP in")
        for chain in input_chains():
            if own_rules(chain)[0] != self.printed.get(" ".join(chain)):
                found.append(f"the chain {' '.join(chain)} of nftables does not let the peers in")
        return found

    def restore(self) -> None:
        """Replace the rules, each chain's in one step."""
        if self.peers is None:
            return
        for name in [name for name in self.printed if name not in (*TABLES, "ruleset")]:
            del self.printed[name]
        for program in PROGRAMS:
            text = self._iptables(program, find_jumps(saved_rules(program)))
            run(f"{program}-restore", "--wait", "--noflush", text=text)
            self._remember(program, saved_rules(program))
        for chain in input_chains():
            text = self._nftables(chain)
            run("nft", "--file", "-", text=text)
            rules = own_rules(chain)[0]
            if len(rules) == text.count("insert rule"):
                self.printed[" ".join(chain)] = rules

    def remove(self, still_wanted: dict[str, Any]) -> None:
        """Remove the rules, if the firewall is to be left alone from now on."""
        if self.peers is None or still_wanted["peers"] is not None:
            return
        for program in PROGRAMS:
            chains = saved_rules(program)
            if CHAIN in chains:
                commands = [
                    "*filter",
                    f":{CHAIN} - [0:0]",
                    *map(delete_rule, find_jumps(chains)),
                    f"-X {CHAIN}",
                    "COMMIT",
                ]
                run(f"{program}-restore", "--wait", "--noflush", text="\n".join(commands) + "\n")
        for chain in input_chains():
            run("nft", "--file", "-", text="".join(delete_handles(chain)))

    def _remember(self, program: str, chains: dict[str, list[str]]) -> None:
        """Remember how iptables prints the rules, unless somebody has changed them since they were loaded."""
        rules, jumps = chains.get(CHAIN, []), find_jumps(chains)
        if len(rules) == len(of_family(self.peers, PROGRAMS[program][0])) + 1 and len(jumps) == len(self._protocols()):
            self.printed.update({program: rules, f"{program} INPUT": jumps})

    def _protocols(self) -> list[str]:
        """Matches, in iptables syntax, of packets that only peers may send."""
        return ["vrrp", *([f"udp --dport {self.port}"] if self.port else [])]

    def _iptables(self, program: str, jumps: list[str]) -> str:
        """Build the input of iptables-restore that replaces the chain and puts its jump first."""
        family, match, _field = PROGRAMS[program]
        accept = f"-m {match} --{match}-gt {self.min_ttl - 1} -j ACCEPT"
        rules = [f"-A {CHAIN} -s {peer} {accept}" for peer in of_family(self.peers, family)]
        inserted = [f"-I INPUT 1 -p {protocol} -j {CHAIN}" for protocol in self._protocols()]
        lines = [
            "*filter",
            f":{CHAIN} - [0:0]",
            *rules,
            f"-A {CHAIN} -j DROP",
            *map(delete_rule, jumps),
            *inserted,
            "COMMIT",
        ]
        return "\n".join(lines) + "\n"

    def _nftables(self, chain: tuple[str, str, str]) -> str:
        """Build the input of nft that replaces our rules in an input chain of another owner."""
        inserted = []
        for family, _match, field in PROGRAMS.values():
            if chain[0] in (family, "inet"):
                for peer in of_family(self.peers, family):
                    condition = f"{family} saddr {peer} {family} {field} >= {self.min_ttl}"
                    for protocol in ("meta l4proto 112", f"udp dport {self.port}")[: 2 if self.port else 1]:
                        inserted.append(f"insert rule {' '.join(chain)} {condition} {protocol} accept {COMMENT}\n")
        return "".join([*inserted, *delete_handles(chain)])


def of_family(addresses: list[str], family: str) -> list[str]:
    """Those of the addresses that belong to a family of nftables."""
    return [address for address in addresses if (":" in address) == (family == "ip6")]


def saved_rules(program: str) -> dict[str, list[str]]:
    """The rules of all chains in the table filter, as iptables-save prints them; a chain without rules is there too."""
    chains: dict[str, list[str]] = {}
    for line in run(f"{program}-save", "--table", "filter").splitlines():
        if line.startswith(":"):
            chains[line[1:].split()[0]] = []
        elif line.startswith("-A "):
            chains.setdefault(line.split()[1], []).append(line)
    return chains


def find_jumps(chains: dict[str, list[str]]) -> list[str]:
    """The rules of INPUT that jump to our chain."""
    return [rule for rule in chains.get("INPUT", []) if f"-j {CHAIN}" in rule]


def delete_rule(rule: str) -> str:
    """The line for iptables-restore that deletes a rule."""
    return rule.replace("-A ", "-D ", 1)


def may_accept_vrrp(rule: str) -> bool:
    """Return whether a rule of INPUT could accept VRRP: it neither drops nor matches another protocol only."""
    other = re.search(r"(?<!! )-p (?!vrrp|112|all)\S", rule)
    return not other and not re.search(r" -j (DROP|REJECT)\b[^\"]*$", rule)


def input_chains() -> list[tuple[str, str, str]]:
    """Family, table and name of the chains of nftables' own kind through which packets for the host go."""
    found, table, chain = [], ("", ""), ""
    for line in run("nft", "list", "chains").splitlines():
        words = line.split()
        if words[:1] == ["table"]:
            table = (words[1], words[2])
        elif words[:1] == ["chain"]:
            chain = words[1]
        elif " hook input " in line and table[0] in ("ip", "ip6", "inet") and (*table, chain) not in IPTABLES_CHAINS:
            found.append((*table, chain))
    return found


def own_rules(chain: tuple[str, str, str]) -> tuple[list[str], list[str]]:
    """Our rules in a chain of somebody else, and their handles."""
    lines = [
        line.strip() for line in run("nft", "--stateless", "--handle", "list", "chain", *chain, fails=True).splitlines()
    ]
    pairs = [line.rpartition(" # handle ") for line in lines if COMMENT in line]
    return [text for text, _mark, _handle in pairs], [handle for _text, _mark, handle in pairs]


def delete_handles(chain: tuple[str, str, str]) -> list[str]:
    """The lines for nft that delete our rules from a chain of somebody else."""
    return [f"delete rule {' '.join(chain)} handle {handle}\n" for handle in own_rules(chain)[1]]


class Tables:
    """The tables of nftables that pass on what belongs to a peer. Repaired, they keep what their sets hold, so no peer
    is forgotten."""

    name = "tables"

    def __init__(self, state: dict[str, Any]) -> None:
        self.ruleset = state["rules"]
        self.printed = state["printed"]

    def names(self) -> list[str]:
        """The tables that the ruleset has."""
        return [table for table in TABLES if f"\ntable {table} {{" in self.ruleset]

    def deviations(self) -> list[str]:
        """Name the tables that are not as restore() has left them."""
        return [
            f"the table {table} was changed"
            for table in self.names()
            if printed_table(table) != self.printed.get(table)
        ]

    def restore(self) -> None:
        """Load the rules, and the sets anew only where they are others now."""
        if not self.ruleset:
            return
        loaded = self.printed.get("ruleset")
        for name in (*TABLES, "ruleset"):
            self.printed.pop(name, None)
        if loaded != self.ruleset:
            self._load(anew=True)
        else:
            try:
                self._load()
            except CommandFailed:
                self._load(anew=True)
        printed = {table: printed_table(table) for table in self.names()}
        self.printed["ruleset"] = self.ruleset
        if count_rules(self.ruleset) == sum(map(count_rules, printed.values())):
            # Nobody has changed them since they were loaded.
            self.printed.update(printed)

    def remove(self, still_wanted: dict[str, Any]) -> None:
        """Remove the tables that the ruleset does not have any more."""
        for table in self.names():
            if table not in Tables(still_wanted).names():
                run("nft", "delete", "table", *table.split(), fails=True)

    def _load(self, anew: bool = False) -> None:
        gone = [f"table {table}\ndelete table {table}\n" for table in self.names()] if anew else []
        run("nft", "--file", "-", text="".join([*gone, self.ruleset]))


def count_rules(text: str) -> int:
    """Count the rules of the chains in nft's input or output."""
    rules, inside = 0, False
    for line in map(str.strip, text.splitlines()):
        inside = line.startswith("chain ") or (inside and line != "}")
        rules += inside and not re.match(r"(chain |type |#|$)", line)
    return rules


def printed_table(table: str) -> str:
    """A table as nft prints it, without counters and what sets have learned."""
    return run("nft", "--stateless", "--terse", "list", "table", *table.split(), fails=True)


class Reports:
    """Files in which watched units report to keepalived whether they run. A unit's drop-in writes them, unless it was
    missing, or the unit masked, when the unit started or ended."""

    name = "reports"

    def __init__(self, state: dict[str, Any]) -> None:
        self.units = {Path(file): unit for file, unit in state["reports"].items()}

    def deviations(self) -> list[str]:
        """Name the files that do not say how their units are."""
        return [
            f"{file} says {content or 'nothing'} although {unit} {'runs' if runs else 'does not run'}"
            for file, unit, content, runs in self._differing()
        ]

    def restore(self) -> None:
        """Write how the units are."""
        for file, _unit, _content, runs in list(self._differing()):
            file.parent.mkdir(exist_ok=True)
            file.write_text("0\n" if runs else "1\n", encoding="ascii")

    def remove(self, still_wanted: dict[str, Any]) -> None:
        """Leave the files alone: keepalived may still track them."""

    def _differing(self) -> Iterator[tuple[Path, str, str, bool]]:
        """The files with their units, their contents, and whether the units run. systemd is only asked where its link
        contradicts the file."""
        for file, unit in self.units.items():
            content = read_word(file)
            if (content == "0") == os.path.lexists(UNITS / f"invocation:{unit}.service"):
                continue
            state = run("systemctl", "show", "--property=ActiveState", "--value", f"{unit}.service").strip()
            runs = state in RUNNING
            # The file may just have been written.
            if content == read_word(file) and (content == "0") != runs:
                yield file, unit, content, runs


def read_word(file: Path) -> str:
    """The word in a file; empty if there is no such file."""
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""


PARTS = (Addresses, Parameters, Firewall, Tables, Reports)
NOTHING: dict[str, Any] = {
    "addresses": [],
    "interfaces": [],
    "parameter_files": [],
    "peers": None,
    "min_ttl": 255,
    "heartbeat_port": 0,
    "rules": "",
    "reports": {},
}
REMEMBERED: dict[str, Any] = {"applied": False, "former": {}, "printed": {}}


def read_json(file: Path) -> dict[str, Any]:
    """The object in a file; an empty one if there is no such file."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Replace a file as a whole. The directory is root's alone."""
    staged = file.with_suffix(".new")
    staged.write_text(json.dumps(content), encoding="utf-8")
    staged.replace(file)


def read_state() -> dict[str, Any]:
    """Read the state that was applied last; empty if it was removed or never applied."""
    return {**NOTHING, **REMEMBERED, **read_json(MEMORY / "state.json")}


def read_declaration() -> dict[str, Any]:
    """Read the declared state, with the text of the ruleset."""
    found = json.loads((HERE / "kernel_state.json").read_text(encoding="utf-8"))
    file = found.pop("ruleset")
    return {**NOTHING, **found, "rules": (HERE / file).read_text(encoding="utf-8") if file else ""}


@contextlib.contextmanager
def hold_lock() -> Iterator[None]:
    """Hold the lock on the kernel state."""
    handle = os.open(MEMORY, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def apply() -> None:
    """Make the kernel what is declared, and undo what is not any more."""
    with hold_lock():
        before = read_state()
        state = {**before, **read_declaration(), "applied": True}
        for part in PARTS:
            part(before).remove(state)
        kept = set(map(str, Parameters(state).own()))
        state["former"] = {path: value for path, value in state["former"].items() if path in kept}
        # Once more the parameters that the kernel has since it has rules that track connections.
        for part in (*PARTS, Parameters):
            part(state).restore()
        write_json(MEMORY / "state.json", state)


def remove() -> None:
    """Undo everything. When the program has failed it starts again, and nobody must notice."""
    if os.environ.get("SERVICE_RESULT", "success") != "success":
        return
    with hold_lock():
        state = read_state()
        for part in PARTS:
            part(state).remove({**NOTHING, **REMEMBERED})
        for file in MEMORY.iterdir():
            file.unlink()


def find_deviations() -> list[str]:
    """Say what is not as it is declared to be, or that nothing is because nobody has made it so."""
    state = read_state()
    if not state["applied"]:
        return ["keepalived-kernel does not run, so none of its settings is in place"]
    return [text for part in PARTS for text in part(state).deviations()]


def check() -> None:
    """Print what differs and stays so, as JSON; what is just being restored does not."""
    found = find_deviations()
    end = time.monotonic() + 2
    while found and time.monotonic() < end:
        time.sleep(0.2)
        again = find_deviations()
        found = [text for text in found if text in again]
    print(json.dumps({"deviations": found, "repairs": read_json(MEMORY / "report.json").get("repairs", {})}))


class Message(NamedTuple):
    """One message of netlink: the socket's protocol, and the type without its subsystem."""

    protocol: int
    kind: int


def open_events(protocol: int, groups: tuple[int, ...]) -> socket.socket:
    """A socket on which the kernel tells what has changed."""
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
    events.bind((0, 0))
    for group in groups:
        events.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    return events


def parse_messages(protocol: int, data: bytes) -> Iterator[Message]:
    """The messages of a datagram, whose lengths are padded to 4 bytes."""
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        yield Message(protocol, kind & 0xFF)
        data = data[max(16, (length + 3) & ~3) :]


def is_relevant(message: Message) -> bool:
    """Return whether the event may concern the declared state."""
    return message.protocol == NETLINK_ROUTE or message.kind not in (*ELEMENT_MESSAGES, NEW_GENERATION)


def drain(events: socket.socket) -> bool:
    """Read all events; whether one of them is relevant. Events that the kernel had no room for count as that."""
    found = False
    while True:
        try:
            found |= any(map(is_relevant, parse_messages(events.proto, events.recv(65536))))
        except BlockingIOError:
            return found
        except OSError:
            found = True


class Budget:
    """Limit on consecutive repairs of one kind."""

    def __init__(self, now: float) -> None:
        self.left = float(BURST)
        self.since = now

    def take(self, now: float) -> bool:
        """Take one; whether there was one left. C(now) is in seconds of any clock that only goes on."""
        self.left = min(BURST, self.left + (now - self.since) / REFILL)
        self.since = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Keeper:
    """Looks at what is kept whenever the kernel tells of a change, and restores it."""

    def __init__(self) -> None:
        self.budgets = {part.name: Budget(time.monotonic()) for part in PARTS}
        self.given_up: set[str] = set()
        self.repairs = {**{part.name: 0 for part in PARTS}, **read_json(MEMORY / "report.json").get("repairs", {})}
        self.deviations: dict[str, list[str]] = {part.name: [] for part in PARTS}
        self.reported: dict[str, Any] = {}
        self.report()

    def look(self, parts) -> None:
        """Restore what is not as it should be, as often as the budget allows."""
        with hold_lock():
            state = read_state()
            for part in parts:
                self.deviations[part.name] = self._repaired(part(state), state)
        self.report()

    def _repaired(self, part, state: dict[str, Any]) -> list[str]:
        """Restore one part; returns what still differs."""
        found = part.deviations()
        if not found:
            self.given_up.discard(part.name)
            return []
        if not self.budgets[part.name].take(time.monotonic()):
            if part.name not in self.given_up:
                print(
                    (
                        f"something changes this repeatedly, so it is restored only every {REFILL:g} s: "
                        f"{'; '.join(found)}"
                    ),
                    flush=True,
                )
            self.given_up.add(part.name)
            return found
        part.restore()
        self.repairs[part.name] += 1
        write_json(MEMORY / "state.json", state)
        if part.name not in self.given_up:
            print(f"restored: {'; '.join(found)}", flush=True)
        return part.deviations()

    def report(self) -> None:
        """Say for metrics how often something was restored, and what could not be."""
        now = {
            "repairs": dict(self.repairs),
            "deviations": [text for found in self.deviations.values() for text in found],
        }
        if now != self.reported:
            write_json(MEMORY / "report.json", now)
            self.reported = now

    def serve(self) -> None:
        """Keep until the end."""
        sources = [open_events(NETLINK_ROUTE, ROUTE_GROUPS), open_events(NETLINK_NETFILTER, (NFTABLES_GROUP,))]
        silent = (Parameters, Reports, *((Firewall,) if "legacy" in run("iptables", "--version") else ()))
        tell_systemd("READY=1")
        swept = -SWEEP
        while True:
            wake = select.select(sources, [], [], TICK)[0]
            changed = [events for events in wake if drain(events)]
            now = time.monotonic()
            if changed or now - swept > SWEEP or any(self.deviations.values()):
                self.look(PARTS)
                swept = now
                time.sleep(PAUSE)
            else:
                self.look(silent)
            tell_systemd("WATCHDOG=1")


def tell_systemd(text: str) -> None:
    """Tell systemd how the program is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
        systemd.sendall(text.encode())


def keep() -> None:
    """Keep what apply has made so. A hangup means that this program may have changed."""
    signal.signal(signal.SIGHUP, lambda *_event: os.execv(sys.executable, [sys.executable, "-I", *sys.argv]))
    Keeper().serve()


if __name__ == "__main__":
    try:
        {"apply": apply, "keep": keep, "check": check, "remove": remove}[sys.argv[1]]()
    except CommandFailed as error:
        sys.exit(str(error))
