"""Whatever is deployed, clients are served: by the new configuration if the daemon runs it, else by the old one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from conftest import LOAD_BALANCERS, lab_host
from load import KeepAlive

ROOT = Path(__file__).parents[3]
INVENTORY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "inventory"
BAD = yaml.safe_load(Path(__file__).with_name("bad_configurations.yml").read_text(encoding="utf-8"))
ROWS = [pytest.param(daemon, number, id=f"{daemon}: {row['story']}") for daemon, rows in BAD.items() for number, row in enumerate(rows)]
STEPS = ["validate", "configure", "service"]

sys.path.append(str(ROOT / "tests" / "lab"))
from prober import Prober  # noqa: E402


def ansible_playbook(*argv: str | Path) -> subprocess.CompletedProcess:
    """Run a playbook on the lab."""
    return subprocess.run(
        ["ansible-playbook", "-i", INVENTORY, *argv], cwd=ROOT, env=os.environ | {"ANSIBLE_PIPELINING": "1"}, text=True, capture_output=True, check=False
    )


@pytest.fixture(scope="module")
def certificates() -> dict[str, str]:
    """A certificate, and a key that is not its own."""
    new = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=shop.example -keyout /dev/stdout -out /dev/stdout 2>/dev/null"
    parts = [re.search(r"(.*-----END PRIVATE KEY-----\n)(.*)", lab_host("web1").check_output(new) + "\n", re.DOTALL) for _i in range(2)]
    return {"certificate": parts[0].group(2), "other_key": parts[1].group(1)}


@pytest.fixture(scope="module")
def deploy(tmp_path_factory, certificates):
    """Deploy changes of a daemon's variables, one after the other.

    Returns for each why it was refused (empty if it was not), and a sum of the whole configuration afterwards."""

    def run(host: str, daemon: str, changes: list[dict], steps: list[str] | None = None) -> list[dict[str, str]]:
        folder = tmp_path_factory.mktemp(daemon)
        role = {"name": f"evenkeel.ha_web.{daemon}"}
        change = {"include_tasks": str(ROOT / "molecule" / "default" / "tasks" / "deploy_change.yml")}
        copy = {"content": "{{ outcomes }}", "dest": str(folder / "outcomes.json"), "mode": "0600"}
        play = {
            "hosts": host,
            "gather_facts": False,
            "vars_files": [str(ROOT / "playbooks" / "vars" / "cluster.yml")],
            "vars": {"daemon": daemon, "steps": steps or STEPS, **certificates},
            "tasks": [
                *[{"include_role": {**role, "tasks_from": step}} for step in ("facts", "install")],
                *[{**change, "vars": variables} for variables in changes],
                {"copy": copy, "delegate_to": "localhost", "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}},
            ],
        }
        (folder / "play.json").write_text(json.dumps([play]), encoding="utf-8")
        done = ansible_playbook(folder / "play.json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))

    return run


@pytest.fixture(scope="module")
def holder() -> str:
    """The load balancer that has the VIP while this module runs."""
    address = f" {os.environ['LAB_PREFIX']}.240/"
    return next(name for name in LOAD_BALANCERS if address in lab_host(name).check_output("ip -brief address show dev eth0"))


@pytest.fixture(scope="module")
def standby(holder) -> str:
    """The other one."""
    return next(name for name in LOAD_BALANCERS if name != holder)


@contextmanager
def occupied(name: str, port: int):
    """Another program listens on the port of the host."""
    server = lab_host(name)
    server.check_output(f"systemd-run --unit occupied --property Type=notify python3 -c '{OCCUPY}' {port}")
    try:
        yield
    finally:
        server.check_output("systemctl stop occupied")


OCCUPY = """
import os, socket, sys, signal
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])))
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
    systemd.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()
""".replace('"', '\\"') if False else """
import os, socket, sys, signal
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])))
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
    systemd.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()
"""


def takeovers(name: str) -> int:
    """How often a load balancer has taken the VIP."""
    return lab_host(name).check_output("journalctl --unit keepalived --output cat").count("Entering MASTER STATE")


@pytest.fixture(scope="module")
def deployed(deploy, holder, standby):
    """Every bad configuration, deployed under traffic: what came of it, what clients saw, and how often the VIP moved."""
    vip = f"{os.environ['LAB_PREFIX']}.240"
    before = takeovers(standby)
    outcomes = {}
    with Prober(vip) as clients, occupied(holder, 8083), occupied("web1", 8083):
        for daemon, rows in BAD.items():
            changes = [{}, *[row["variables"] for row in rows]]
            outcomes[daemon] = deploy("web1" if daemon == "nginx" else holder, daemon, changes)
    return outcomes, clients, takeovers(standby) - before


@pytest.mark.parametrize(("daemon", "number"), ROWS)
def test_what_cannot_work_is_refused_and_changes_nothing(deployed, daemon, number):
    before, after = deployed[0][daemon][number : number + 2]
    assert after["refusal"], "it is not refused"
    assert [words for words in BAD[daemon][number]["says"] if words not in after["refusal"]] == [], after["refusal"]
    assert after["tree"] == before["tree"]


def test_no_request_fails_while_all_that_is_refused(deployed):
    clients = deployed[1]
    assert [result for result in clients.results if not result.ok] == []


def test_the_vip_does_not_move_while_all_that_is_refused(deployed, holders, holder):
    assert deployed[2] == 0
    assert holders() == [holder]
