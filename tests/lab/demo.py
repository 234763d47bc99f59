"""Deploys the cluster on lab hosts and shows that it survives a dead HAProxy.

Run it by "make demo", which prepares the Docker Engine and the hosts' image.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

from prober import Prober, Result, outage

ROOT = Path(__file__).resolve().parents[2]
# As inventories/lab says.
INVENTORY = "inventories/lab"
LAB = os.environ.get("LAB_NAME", "evenkeel")
PREFIX = os.environ.get("LAB_PREFIX", "10.42.0")
VIP = f"{PREFIX}.240"
STATISTICS = f"http://{PREFIX}.11:8404/stats"
LOAD_BALANCERS = ("lb1", "lb2")
WEB_SERVERS = ("web1", "web2", "web3")

T = TypeVar("T")


class DemoError(Exception):
    """A step that failed: what, and commands whose output tells more."""

    def __init__(self, what: str, *look: list[str]) -> None:
        super().__init__(what)
        self.look = look


def say(text: str = "") -> None:
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print a heading, and how long what follows took."""
    say(f"\n==> {title}")
    start = time.monotonic()
    yield
    say(f"    {time.monotonic() - start:.1f} s")


def on_host(host: str, *command: str) -> list[str]:
    return ["docker", "exec", f"{LAB}-{host}", *command]


def journal(host: str, unit: str) -> list[str]:
    return on_host(host, "journalctl", "--no-pager", "--lines=30", f"--unit={unit}")


def journals() -> list[list[str]]:
    """Return the commands that show what the load balancers went through."""
    return [journal(host, unit) for host in LOAD_BALANCERS for unit in ("keepalived", "haproxy")]


def output(command: list[str]) -> str:
    """Run a command that has to work, and return what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def playbook(name: str) -> None:
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), "-i", INVENTORY, name]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise DemoError(f"ansible-playbook -i {INVENTORY} {name} failed, see above")


def wait_for(what: str, check: Callable[[], T], seconds: float, *look: list[str]) -> T:
    """Return what the check returns as soon as this is true."""
    end = time.monotonic() + seconds
    while not (result := check()):
        if time.monotonic() > end:
            raise DemoError(f"waited {seconds:.0f} s in vain: {what}", *look)
        time.sleep(0.05)
    return result


def answering_server() -> str:
    """Ask through the virtual address; return who answered, "" for nobody."""
    connection = http.client.HTTPConnection(VIP, timeout=1)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        name = re.search(r"\bweb\d+\b", answer.read().decode("utf-8", "replace"))
        return name[0] if answer.status == 200 and name else ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def addresses(host: str) -> list[str]:
    links = json.loads(output(on_host(host, "ip", "-json", "address", "show", "eth0")))
    return [info["local"] for link in links for info in link.get("addr_info", [])]


def holders() -> list[str]:
    """Return the load balancers that have the virtual address."""
    return [host for host in LOAD_BALANCERS if VIP in addresses(host)]


def single_holder() -> str:
    """Return the one holder of the virtual address, "" unless there is just one."""
    found = holders()
    return found[0] if len(found) == 1 else ""


def show_balancing() -> None:
    seen: list[str] = []

    def all_seen() -> bool:
        if name := answering_server():
            seen.append(name)
        return set(WEB_SERVERS) <= set(seen[-2 * len(WEB_SERVERS) :])

    names = ", ".join(WEB_SERVERS)
    wait_for(f"answers of {names} at http://{VIP}/", all_seen, 30, *journals())
    for number in range(1, 7):
        say(f"    request {number}: answered by {answering_server() or 'nobody'}")


def show_timeline(results: list[Result], fault: float) -> None:
    """Draw the time around the fault: 20 ms a character, blank if none started."""
    width, margin = 0.02, 0.2
    failed = [result.start for result in results if not result.ok]
    first, last = fault - margin, max([fault, *failed]) + margin
    slots = [" "] * (int((last - first) / width) + 1)
    for result in results:
        slot = int((result.start - first) // width)
        if 0 <= slot < len(slots) and slots[slot] != "x":
            slots[slot] = "." if result.ok else "x"
    slots.insert(round(margin / width), "|")
    say("    20 ms each: . all requests answered, x some lost, | kill ordered")
    for start in range(0, len(slots), 80):
        say("    " + "".join(slots[start : start + 80]))


def fail_over(old: str) -> None:
    """Kill HAProxy on the holder under traffic and report what clients saw."""

    def moved() -> bool:
        return single_holder() not in ("", old) and prober.good_since(fault, 1)

    with Prober(VIP) as prober:
        time.sleep(1)
        say(f"    on {old}: killall --signal KILL haproxy")
        fault = time.monotonic()
        output(on_host(old, "killall", "--signal", "KILL", "haproxy"))
        wait_for("another load balancer serves all requests", moved, 30, *journals())
    results = prober.results
    lost = [result for result in results if not result.ok]
    new = single_holder()
    if new in ("", old):
        where = ", ".join(holders()) or "no host"
        raise DemoError(f"{VIP} is on {where}", *journals())
    show_timeline(results, fault)
    say(f"    {VIP} moved from {old} to {new}")
    say(f"    outage {outage(results):.0f} ms")
    say(f"    lost {len(lost)} of {len(results)} requests")
    for error, count in Counter(result.error for result in lost).most_common():
        say(f"      {count} x {error}")


def is_active(host: str, unit: str) -> bool:
    command = on_host(host, "systemctl", "is-active", "--quiet", unit)
    return subprocess.run(command, check=False).returncode == 0


def demo() -> None:
    with step("Lab hosts"):
        playbook("tests/lab/create.yml")
    with step("Cluster: site.yml"):
        playbook("site.yml")
    with step(f"Requests to http://{VIP}/ reach every web server"):
        show_balancing()
    with step(f"Exactly one load balancer holds {VIP}"):
        holder = wait_for("exactly one holder", single_holder, 30, *journals())
        say(f"    {holder}")
    with step(f"HAProxy dies on {holder}, with a request every 5 ms on the way"):
        fail_over(holder)
    with step(f"{holder} heals"):
        wait_for(
            f"HAProxy on {holder} is active again",
            lambda: is_active(holder, "haproxy"),
            30,
            journal(holder, "haproxy"),
        )
        say(f"    HAProxy on {holder} is active again, ready to take over")


def next_steps() -> None:
    say(f"""
The cluster is up. What to try next:
  ask the web servers, in turn       curl http://{VIP}/
  look at HAProxy's statistics       {STATISTICS}
    (the user is in {INVENTORY}/group_vars)
  look around on a load balancer     docker exec -it {LAB}-lb1 bash
  cut a host's power                 docker kill {LAB}-lb1
    (make demo brings it back)
  remove it all                      make clean""")


def explain(error: DemoError) -> NoReturn:
    for command in error.look:
        say(f"\n--- {' '.join(command)}")
        subprocess.run(command, check=False)
    print(f"\nerror: {error}", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    # The checkout's collection, not one installed in the home directory.
    os.environ.setdefault("ANSIBLE_COLLECTIONS_PATH", str(ROOT / "collections"))
    start = time.monotonic()
    try:
        demo()
    except DemoError as error:
        explain(error)
    except KeyboardInterrupt:
        sys.exit(130)
    next_steps()
    say(f"\nDone in {time.monotonic() - start:.0f} s.")


if __name__ == "__main__":
    main()
