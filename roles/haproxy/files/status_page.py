"""Serve a page of HTML that shows the state of this load balancer. haproxy hands requests on to it, after it has asked
for the user and the network of its statistics.

usage: status_page.py SETTINGS

SETTINGS is a file with a JSON object: nodes (their names by address), vips (the addresses of keepalived's instances by
name), socket (of haproxy, with level operator), style (the style sheet). It is the same on all nodes.

systemd hands over the socket at which the program listens. It reads nothing of a request: each one gets the page, which
is made when it is asked for, at most once in a second. So it is never older than it says, and without this program
there is none.

The user of the program has no rights but to ask haproxy and to read the journal. Every text is escaped, because names
of servers and certificates come from elsewhere."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from typing import Any
from xml.etree.ElementTree import Element, tostring

STATE = Path("/run/keepalived-track")
"""Where a planned move keeps an instance away from this host, by a file that is not 0."""
UNITS = Path("/run/systemd/units")
"""Where systemd keeps a link for each unit that is not stopped."""
LISTEN_FD = 3
"""The first descriptor that systemd hands over."""
REFRESH = 5
"""Seconds after which a browser asks again."""
SECONDS = 4
"""How long a program or haproxy may take to answer. haproxy itself waits for 5 s."""
LONGEST = 64 * 1024 * 1024
"""Bytes of an answer of haproxy, at the most."""
OWN = "status_page"
"""The backend of this program, which is not shown."""
DAYS = 14
"""A certificate that ends sooner is a problem."""
MOVES = 10
"""Number of moves to show."""
ENTERED = re.compile(r"(?mi)^(\d+\.\d+) .*\((\S+)\) entering (\w+) state")
"""A line of the journal: an instance has entered a state."""
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
FULL = "https://github.com/evenkeel/ha_web/blob/main/docs/reference/status.md"


def run(*argv: str) -> str:
    """What a program prints, on either stream; empty if it cannot be run or takes too long."""
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def ask_haproxy(path: str, command: str) -> str:
    """haproxy's answer to a command. Raises OSError, also for an answer that does not end."""
    with socket.socket(socket.AF_UNIX) as cli:
        cli.settimeout(SECONDS)
        cli.connect(path)
        cli.sendall(f"{command}\n".encode())
        answer = bytearray()
        while piece := cli.recv(65536):
            answer += piece
            if len(answer) > LONGEST:
                raise OSError(f"the answer to '{command}' has more than {LONGEST} bytes")
    return answer.decode(errors="replace")


def read_servers(answer: str) -> list[dict[str, Any]]:
    """The servers in haproxy's C(show stat)."""
    rows = csv.DictReader(answer.removeprefix("# ").splitlines())
    return [
        {
            "backend": row["pxname"],
            "name": row["svname"],
            "address": row["addr"],
            "status": row["status"],
            "check": " ".join(filter(None, (row["check_status"], row["last_chk"]))),
            "sessions": row["scur"],
            "seconds": int(row["lastchg"] or 0),
        }
        for row in rows
        if row["pxname"] != OWN
    ]


def read_certificates(ask: Callable[[str], str], now: float) -> list[dict[str, Any]]:
    """The certificates that haproxy has loaded from files, with the days that are left."""
    files = [line for line in ask("show ssl cert").splitlines() if line.startswith("/")]
    return [read_certificate(file, ask(f"show ssl cert {file}"), now) for file in files]


def read_certificate(file: str, answer: str, now: float) -> dict[str, Any]:
    """A certificate, from the answer to C(show ssl cert FILE)."""
    said = dict(re.findall(r"^([\w ]+): *(.*?)\s*$", answer, re.MULTILINE))
    days = None
    with suppress(ValueError):
        days = int((ssl.cert_time_to_seconds(said.get("notAfter", "")) - now) // 86400)
    return {
        "file": file,
        "names": said.get("Subject Alternative Name", "").replace("DNS:", "") or said.get("Subject", ""),
        "ends": said.get("notAfter", ""),
        "days": days,
    }


def read_moves(journal: str) -> list[dict[str, Any]]:
    """The states that instances have entered, the latest first; one that is entered anew, as by a reload, counts
    once."""
    found: list[dict[str, Any]] = []
    states: dict[str, str] = {}
    # With --grep, journalctl prints the latest first.
    for moment, name, state in sorted(ENTERED.findall(journal), key=lambda entry: float(entry[0])):
        if states.get(name) != state.upper():
            states[name] = state.upper()
            found.append({"at": int(float(moment)), "instance": name, "state": state.upper()})
    return found[::-1]


def list_addresses(answer: str) -> set[str]:
    """The addresses on all interfaces but lo, of what C(ip -json address show) prints."""
    return {
        address["local"]
        for link in json.loads(answer or "[]")
        if link.get("ifname") != "lo"
        for address in link.get("addr_info", [])
        if "local" in address
    }


def find_name(nodes: Mapping[str, str], addresses: set[str]) -> str:
    """The name of this node, which has its address; that of the host if no node has one of its addresses."""
    return next((name for address, name in nodes.items() if address in addresses), socket.gethostname())


def find_holder(name: str, nodes: Iterable[str], here: bool, state: str) -> str:
    """Who holds an address, as far as a node knows: this one, or the others if it waits as a backup, because one that
    hears no master becomes it. Empty where it cannot tell."""
    others = " or ".join(node for node in nodes if node != name)
    return name if here else others if state == "BACKUP" else ""


def is_kept_away(instance: str) -> bool:
    """Return whether a planned move or a drain keeps the instance away from this host."""
    try:
        return (STATE / f"standby_{instance}").read_text(encoding="ascii", errors="replace").strip() != "0"
    except OSError:
        return False


def gather(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What this node knows. What cannot be read is empty, and C(problem) says that haproxy does not answer."""
    now = time.time()
    vips = settings["vips"]
    held = list_addresses(run("ip", "-json", "address", "show"))
    name = find_name(settings["nodes"], held)
    journal = run(
        *("journalctl", "--quiet", "--boot", "--unit=keepalived", "--output=short-unix", "--lines=200"),
        *("--grep", r"entering \w+ state"),
    )
    found: dict[str, Any] = {
        "name": name,
        "now": now,
        "moves": read_moves(journal),
        "stopped": bool(vips) and not os.path.lexists(UNITS / "invocation:keepalived.service"),
        "versions": {"haproxy": "", "keepalived": ""},
        "servers": [],
        "certificates": [],
        "problem": "",
    }
    if said := re.search(r"Keepalived v(\S+)", run("keepalived", "--version")):
        found["versions"]["keepalived"] = said[1]
    try:
        ask = partial(ask_haproxy, settings["socket"])
        found["versions"]["haproxy"] = dict(re.findall(r"^(\w+): *(.*)$", ask("show info"), re.MULTILINE))["Version"]
        found["servers"] = read_servers(ask("show stat -1 4 -1"))
        found["certificates"] = read_certificates(ask, now)
    except (OSError, KeyError, ValueError) as error:
        found["problem"] = f"haproxy does not say how it is: {error!r}"
    moves = [] if found["stopped"] else found["moves"]
    states = {move["instance"]: move["state"] for move in reversed(moves)}
    found["vips"] = [
        {
            "instance": instance,
            "address": address,
            "holder": find_holder(name, settings["nodes"].values(), address in held, states.get(instance, "")),
            "here": address in held,
            "kept_away": is_kept_away(instance),
        }
        for instance, addresses in vips.items()
        for address in addresses
    ]
    return found


def is_down(server: Mapping[str, Any]) -> bool:
    """Return whether a server fails its checks, and nobody has taken it out of rotation."""
    return server["status"].startswith("DOWN")


def list_problems(found: Mapping[str, Any]) -> Iterator[str]:
    """What somebody should look after, in words."""
    if found["problem"]:
        yield found["problem"]
    if found["stopped"]:
        yield "keepalived does not run"
    for vip in found["vips"]:
        if vip["kept_away"]:
            yield f"{vip['instance']} ({vip['address']}) is kept away from {found['name']}, which is in standby"
    for server in filter(is_down, found["servers"]):
        yield f"{server['backend']}/{server['name']} is {server['status']}: {server['check']}"
    for item in found["certificates"]:
        if item["days"] is None or item["days"] < DAYS:
            verb = "ended" if (item["days"] or 0) < 0 else "ends"
            yield f"{item['file']} {verb} {item['ends'] or 'at no known time'}"


def tag(what: str, /, *children: Element | str, **attributes: str) -> Element:
    """An element; C(_) at the end of an attribute's name stands for nothing. No text can become markup."""
    element = Element(what, {name.rstrip("_"): value for name, value in attributes.items()})
    for child in children:
        if not isinstance(child, str):
            element.append(child)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + FORBIDDEN.sub("\ufffd", child)
        else:
            element.text = (element.text or "") + FORBIDDEN.sub("\ufffd", child)
    return element


def table(title: str, head: Iterable[str], rows: Iterable[Iterable[Element | str]]) -> Iterator[Element]:
    """A section with a table; nothing if it has no rows."""
    body = [tag("tr", *(cell if isinstance(cell, Element) else tag("td", cell) for cell in row)) for row in rows]
    if body:
        top = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in head)))
        yield tag("section", tag("h2", title), tag("table", top, tag("tbody", *body)), class_="card wide")


def mark(text: str, kind: str) -> Element:
    """A cell in the colour of what it says: good, bad, or costly for what lies between."""
    return tag("td", tag("span", text, class_=kind))


def format_time(seconds: float) -> str:
    """A moment, by the clock of the node."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def format_age(seconds: float) -> str:
    """A length of time in its largest unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(max(seconds, 0))} s"


def _show_vips(found: Mapping[str, Any]) -> Iterator[Element]:
    entered = {}
    for move in [] if found["stopped"] else found["moves"]:
        entered.setdefault(move["instance"], move)
    rows = []
    for vip in found["vips"]:
        move = entered.get(vip["instance"])
        state = f"{move['state']} for {format_age(found['now'] - move['at'])}" if move else "unknown"
        holder = mark(f"{vip['holder']} (this node)", "good") if vip["here"] else vip["holder"] or "not this node"
        rows.append([vip["instance"], vip["address"], holder, f"{state}{', in standby' if vip['kept_away'] else ''}"])
    yield from table("VIPs", ("Instance", "Address", "Held by", f"State on {found['name']}"), rows)


def _show_servers(found: Mapping[str, Any]) -> Iterator[Element]:
    rows = []
    for server in found["servers"]:
        kind = "good" if server["status"] in ("UP", "no check") else "bad" if is_down(server) else "costly"
        age = format_age(server["seconds"])
        cells = [server["address"], mark(server["status"], kind), age, server["check"], server["sessions"]]
        rows.append([f"{server['backend']}/{server['name']}", *cells])
    yield from table("Servers", ("Server", "Address", "State", "For", "Last check", "Sessions"), rows)


def _show_certificates(found: Mapping[str, Any]) -> Iterator[Element]:
    rows = []
    for item in found["certificates"]:
        days = "unknown" if item["days"] is None else f"{item['days']} days"
        kind = "good" if item["days"] is not None and item["days"] >= DAYS else "bad"
        rows.append([item["file"], item["names"], item["ends"], mark(days, kind)])
    yield from table("Certificates", ("File", "Names", "Ends", "Left"), rows)


def render(found: Mapping[str, Any], style: str) -> str:
    """The page."""
    problems = list(list_problems(found))
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}" if problems else "No problems"
    verdict = f"{count} seen from this node"
    versions = [f"{name} {version}" for name, version in found["versions"].items() if version]
    moves = [[format_time(move["at"]), move["instance"], move["state"]] for move in found["moves"][:MOVES]]
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", **{"http-equiv": "refresh", "content": str(REFRESH)}),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{found['name']}: {verdict}"),
        tag("style", style),
    ]
    body = [
        tag("h1", f"The cluster, seen from {found['name']}"),
        tag("p", f"Made at {format_time(found['now'])}. The page loads itself anew every {REFRESH} s.", class_="dim"),
        tag("p", verdict, class_=f"verdict {'bad' if problems else 'good'}"),
        *(
            [tag("section", tag("ul", *(tag("li", text) for text in problems), class_="errors"), class_="card")]
            if problems
            else []
        ),
        *_show_vips(found),
        *_show_servers(found),
        *_show_certificates(found),
        *table(f"Changes of state on {found['name']}", ("At", "Instance", "Entered"), moves),
        tag(
            "p",
            f"{', '.join(versions)}. This is what one node knows. check_cluster asks all of them, and writes ",
            tag("a", "a page of the whole cluster", href=FULL, rel="noreferrer"),
            ".",
            class_="dim",
        ),
    ]
    page = tag("html", tag("head", *head), tag("body", tag("main", *body)), lang="en")
    return "<!DOCTYPE html>\n" + tostring(page, encoding="unicode", method="html") + "\n"


class Page:
    """The page as it was made within the last second, or anew."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.made = float("-inf")
        self.text = b""

    def read(self) -> bytes:
        if time.monotonic() - self.made >= 1:
            self.text = render(gather(self.settings), self.settings["style"]).encode()
            self.made = time.monotonic()
        return self.text


class Handler(BaseHTTPRequestHandler):
    """Answers every request with the page."""

    timeout = SECONDS
    page: Page

    def do_GET(self) -> None:
        text = self.page.read()
        self.send_response(200)
        for name, value in {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(text)),
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def version_string(self) -> str:
        return "status_page"

    def log_message(self, *_words: object) -> None:
        """Write nothing: haproxy logs requests, and their texts are a client's."""


class Server(UnixStreamServer):
    """Serves one connection after the other at the socket of systemd."""

    def __init__(self, descriptor: int, page: Page) -> None:
        super().__init__("", type("Handler", (Handler,), {"page": page}), bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=descriptor)


def say_ready() -> None:
    """Tell systemd that the program works, which its children need not do."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect(os.environ.pop("NOTIFY_SOCKET").replace("@", "\0", 1))
        systemd.sendall(b"READY=1")


def main() -> None:
    server = Server(LISTEN_FD, Page(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
    say_ready()
    server.serve_forever()


if __name__ == "__main__":
    main()
