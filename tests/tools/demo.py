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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
REPORT = ROOT / "tests/output/drill"
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


def playbook(name: str) -> None:
    command = [str(PLAYBOOK), "-i", INVENTORY, name]
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


def show_timeline(seen: list[tuple[float, float, str | None, str | None]]) -> None:
    """Draw the time around the fault: 20 ms a character, blank if no request started. A row is the start in seconds
    after the fault, the time to the answer, and who answered."""
    width, margin = 0.02, 0.2
    last = max([0.0, *(start for start, _latency, server, _error in seen if server is None)]) + margin
    slots = [" "] * (int((last + margin) / width) + 1)
    for start, _latency, server, _error in seen:
        slot = int((start + margin) // width)
        if 0 <= slot < len(slots) and slots[slot] != "x":
            slots[slot] = "x" if server is None else "."
    slots.insert(round(margin / width), "|")
    say("    20 ms each: . all requests answered, x some lost, | HAProxy killed")
    for start in range(0, len(slots), 80):
        say("    " + "".join(slots[start : start + 80]))


def fail_over() -> None:
    """Kill HAProxy on the holder under traffic by the collection's own drill, and show what clients saw."""
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    variables = {
        "drill_confirmed": True,
        "drill_faults": ["haproxy_killed"],
        "drill_seconds": 2,
        "drill_interval": 0.005,
        "drill_report": str(REPORT),
    }
    command = [str(PLAYBOOK), "-i", INVENTORY, "playbooks/drill_failover.yml", "--extra-vars", json.dumps(variables)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        say(done.stdout + done.stderr)
        raise DemoError("the drill was not to its end, see above", *journals())
    (fault,) = json.loads(REPORT.with_suffix(".json").read_text(encoding="utf-8"))["faults"]
    if not fault["took_over"]:
        raise DemoError(f"nobody has taken over from {fault['holder']}", *journals())
    show_timeline(fault["seen"])
    say(f"    {VIP} moved from {fault['holder']} to {fault['took_over']}")
    say(f"    outage {fault['outage_ms']} ms")
    say(f"    lost {fault['lost']} of {fault['requests']} requests")
    for error, count in fault["errors"].items():
        say(f"      {count} x {error}")
    say(f"    {fault['host']} is well again, ready to take over")


def demo() -> None:
    with step("Lab hosts"):
        playbook("tests/lab/create.yml")
    with step("Cluster: site.yml"):
        playbook("site.yml")
    with step(f"Requests to http://{VIP}/ reach every web server"):
        show_balancing()
    with step("HAProxy dies on the load balancer that has the address, with a request every 5 ms on the way"):
        fail_over()


def next_steps() -> None:
    say(f"""
The cluster is up. What to try next:
  see the failover as a picture      {REPORT}.html
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
