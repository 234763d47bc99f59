"""Whatever is deployed, clients are served: by the new configuration if the daemon runs it, else by the old one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import ChainMap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from certificates import certificate
from cluster import container, is_backup, lab_host, takeovers, wait_until
from conftest import LOAD_BALANCERS
from controller import ROOT, ansible, good, playbook
from prober import KeepAlive, Prober

pytestmark = pytest.mark.once
BAD = yaml.safe_load(Path(__file__).with_name("bad_configurations.yml").read_text(encoding="utf-8"))
ROWS = [
    pytest.param(
        daemon,
        number,
        id=f"{daemon}: {row['story']}",
        marks=() if row.get("common") else pytest.mark.long,
    )
    for daemon, rows in BAD.items()
    for number, row in enumerate(rows)
]
STEPS = ["validate", "configure"]
PATIENCE = 20
"""Seconds that a client waits. While haproxy hands its sockets to a new worker, one of its threads waits for that."""


@pytest.fixture(scope="module")
def certificates() -> dict[str, str]:
    """A certificate, and a key that is not its own."""
    parts = [
        re.search(r"(.*-----END PRIVATE KEY-----\n)(.*)", certificate("shop.example"), re.DOTALL) for _i in range(2)
    ]
    return {"certificate": parts[0].group(2), "other_key": parts[1].group(1)}


@pytest.fixture(scope="module")
def deploy(tmp_path_factory, certificates):
    """Deploy changes of a daemon's variables, one after the other.

    Returns for each why it was refused (empty if it was not), and a sum of the whole configuration afterwards."""

    base = tmp_path_factory.mktemp("changes")

    def run(host: str, daemon: str, changes: list[dict]) -> list[dict[str, str]]:
        folder = Path(tempfile.mkdtemp(prefix=daemon, dir=base))
        role = {"name": f"evenkeel.ha_web.{daemon}"}
        change = {"include_tasks": str(ROOT / "molecule" / "default" / "tasks" / "deploy_change.yml")}
        copy = {"content": "{{ outcomes }}", "dest": str(folder / "outcomes.json"), "mode": "0600"}
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        play = {
            "hosts": host,
            "gather_facts": False,
            "vars_files": [str(ROOT / "playbooks" / "vars" / "cluster.yml")],
            "vars": {"daemon": daemon, "steps": STEPS, **certificates},
            "tasks": [
                *[{"include_role": {**role, "tasks_from": step}} for step in ("facts", "validate", "install")],
                *[{**change, "vars": variables} for variables in changes],
                {"copy": copy, "delegate_to": "localhost", "vars": local},
            ],
        }
        (folder / "play.json").write_text(json.dumps([play]), encoding="utf-8")
        good(ansible("ansible-playbook", folder / "play.json"))
        return json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))

    return run


@pytest.fixture(scope="module")
def holder() -> str:
    """The load balancer that has the VIP while this module runs."""
    address = f" {os.environ['LAB_PREFIX']}.240/"
    return next(
        name for name in LOAD_BALANCERS if address in lab_host(name).check_output("ip -brief address show dev eth0")
    )


@pytest.fixture(scope="module")
def standby(holder) -> str:
    """The other one."""
    return next(name for name in LOAD_BALANCERS if name != holder)


LISTEN = """
import os, signal, socket, sys
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])))
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
    systemd.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()
"""


@contextmanager
def occupied(name: str, port: int):
    """Another program listens on the port of the host."""
    host = lab_host(name)
    host.run_expect([0], "systemd-run --unit occupied --property Type=notify python3 -c %s %s", LISTEN, str(port))
    try:
        yield
    finally:
        host.run_expect([0], "systemctl stop occupied")


@pytest.fixture(scope="module")
def deployed(request, deploy, holder, standby):
    """Every bad configuration whose story is told, deployed under traffic: what came of it by daemon and number, with
    the state before it; what clients saw, and how often the VIP moved."""
    vip = f"{os.environ['LAB_PREFIX']}.240"
    before = takeovers(standby)
    story = test_what_cannot_work_is_refused_and_changes_nothing.__name__
    told = [item.callspec.params for item in request.session.items if getattr(item, "originalname", "") == story]
    daemons = {holder: ["haproxy", "keepalived"], "web1": ["nginx"]}

    def refused(host: str) -> dict[str, dict[int, tuple[dict, dict]]]:
        numbers = {daemon: [row["number"] for row in told if row["daemon"] == daemon] for daemon in daemons[host]}
        found = {
            daemon: deploy(host, daemon, [{}, *[BAD[daemon][number]["variables"] for number in rows]])
            for daemon, rows in numbers.items()
        }
        return {daemon: dict(zip(rows, pairwise(found[daemon]))) for daemon, rows in numbers.items()}

    with (
        Prober(vip, interval=0.02, timeout=PATIENCE) as clients,
        occupied(holder, 8083),
        occupied("web1", 8083),
        ThreadPoolExecutor(2) as pool,
    ):
        outcomes = dict(ChainMap(*pool.map(refused, daemons)))
    return outcomes, clients, takeovers(standby) - before


@pytest.mark.parametrize(("daemon", "number"), ROWS)
def test_what_cannot_work_is_refused_and_changes_nothing(deployed, daemon, number):
    before, after = deployed[0][daemon][number]
    assert after["refusal"], "it is not refused"
    assert [words for words in BAD[daemon][number]["says"] if words not in str(after["refusal"])] == [], after[
        "refusal"
    ]
    assert after["tree"] == before["tree"]


def test_no_request_fails_while_all_that_is_refused(deployed):
    clients = deployed[1]
    assert [result for result in clients.results if not result.ok] == []


def test_the_vip_does_not_move_while_all_that_is_refused(deployed, holders, holder):
    assert deployed[2] == 0
    assert holders() == [holder]


class HeldReload:
    """A reload of the host's haproxy that does nothing and does not end before it is released."""

    FOLDER = "/run/systemd/system/haproxy.service.d"
    MARK = "/run/reload-is-held"

    def __init__(self, name: str) -> None:
        self.host = lab_host(name)

    def hold(self) -> None:
        command = f'/bin/sh -c "while test -e {self.MARK}; do sleep 0.1; done"'
        self.host.check_output(
            f"mkdir -p {self.FOLDER} && touch {self.MARK} && printf '[Service]\nExecReload=\nExecReload={command}\n' "
            f">{self.FOLDER}/zz.conf && systemctl daemon-reload"
        )

    def waits(self) -> bool:
        """Whether a run waits for it."""
        return self.host.run("systemctl is-active haproxy").stdout.strip() == "reloading"

    def release(self) -> None:
        """Let it end; the next reload is a real one."""
        self.host.check_output(f"rm -rf {self.FOLDER} && systemctl daemon-reload && rm -f {self.MARK}")


@contextmanager
def reload_that_hangs(name: str):
    """A reload of the host's haproxy hangs; returns it as a HeldReload."""
    reload = HeldReload(name)
    reload.hold()
    try:
        yield reload
    finally:
        reload.release()
        wait_until(lambda: lab_host(name).service("haproxy").is_running, "haproxy is left alone")


def shop(port: int) -> dict:
    """A change that makes haproxy listen on one more port."""
    return {
        "haproxy_listens": [{"name": "shop", "binds": [{"port": port}], "lines": ["http-request return status 204"]}]
    }


def banner(number: int) -> dict:
    """A harmless change: another value of a header in every answer."""
    lines = [f"http-response set-header X-Change {number}"]
    return {
        "haproxy_frontends": [{"name": "http_in", "binds": [{"port": 80}], "default_backend": "web", "lines": lines}]
    }


def workers(name: str) -> list[str]:
    """The process ids of haproxy's workers."""
    pid = lab_host(name).check_output("systemctl show --property MainPID --value haproxy")
    return lab_host(name).check_output("pgrep --parent %s", pid).split()


def server_states(name: str) -> dict[str, int]:
    """The administrative state of the web servers, 0 for ready, as haproxy itself says."""
    said = lab_host(name).check_output("echo show servers state web | socat - UNIX-CONNECT:/run/haproxy/admin.sock")
    return {fields[3]: int(fields[6]) for fields in map(str.split, said.splitlines()[2:]) if fields}


def test_once_the_port_is_free_the_refused_change_succeeds_without_cleaning_up(deploy, get, holder):
    with occupied(holder, 8083):
        assert "8083" in deploy(holder, "haproxy", [shop(8083)])[0]["refusal"]
        assert "web" in get()
    assert [outcome["refusal"] for outcome in deploy(holder, "haproxy", [shop(8083), {}])] == ["", ""]


@pytest.mark.parametrize("count", [5, pytest.param(20, marks=pytest.mark.long)])
def test_changes_in_a_row_lose_no_request_and_break_no_connection(deploy, holder, vip, count):
    with Prober(vip, interval=0.02, timeout=PATIENCE) as clients, KeepAlive(vip) as keepers:
        outcomes = deploy(holder, "haproxy", [banner(number) for number in range(count)])
    assert [outcome["refusal"] for outcome in outcomes] == [""] * count
    assert len({outcome["tree"] for outcome in outcomes}) == count
    assert [result for result in clients.results if not result.ok] == []
    assert keepers.broken == []
    assert len(clients.results) > 20
    assert keepers.answers > 20
    assert len(workers(holder)) <= 3
    assert "hard-stop-after" in lab_host(holder).file("/etc/haproxy/haproxy.cfg").content_string


def test_a_server_that_is_drained_is_still_drained_after_a_change(deploy, holder):
    command = "echo set server web/web1 state %s | socat - UNIX-CONNECT:/run/haproxy/admin.sock"
    lab_host(holder).check_output(command, "drain")
    try:
        drained = server_states(holder)
        before = workers(holder)
        assert deploy(holder, "haproxy", [banner(20)])[0]["refusal"] == ""
        assert not set(workers(holder)[-1:]) & set(before)
        assert drained["web1"] != 0
        assert server_states(holder) == drained
    finally:
        lab_host(holder).check_output(command, "ready")
    assert server_states(holder)["web1"] == 0


def test_a_run_that_ends_before_the_reload_is_finished_by_the_next(deploy, holder):
    deploy(holder, "haproxy", [banner(21)])
    before = workers(holder)
    with reload_that_hangs(holder) as reload, ThreadPoolExecutor() as background:
        run = background.submit(deploy, holder, "haproxy", [{}])
        wait_until(reload.waits, "the run waits for the reload")
        lab_host(holder).check_output("kill -9 $(ps -o ppid= -C systemctl)")
        assert run.result()[0]["refusal"]
    assert workers(holder) == before
    assert "X-Change" not in lab_host(holder).file("/etc/haproxy/haproxy.cfg").content_string
    deploy(holder, "haproxy", [{}])
    finished = workers(holder)
    assert not set(finished[-1:]) & set(before)
    deploy(holder, "haproxy", [{}])
    assert workers(holder)[-1:] == finished[-1:]


def test_a_run_that_is_told_to_end_goes_back_first(deploy, holder):
    host = lab_host(holder)
    with reload_that_hangs(holder) as reload, ThreadPoolExecutor() as background:
        run = background.submit(deploy, holder, "haproxy", [banner(22)])
        wait_until(reload.waits, "the run waits for the reload")
        host.check_output("kill -TERM $(ps -o ppid= -C systemctl)")
        wait_until(
            lambda: "X-Change" not in host.file("/etc/haproxy/haproxy.cfg").content_string, "the previous set is back"
        )
        reload.release()
        refusal = run.result()[0]["refusal"]
    assert "ended by SIGTERM" in refusal
    assert "The previous set is back in /etc/haproxy" in refusal
    assert deploy(holder, "haproxy", [{}])[0]["refusal"] == ""


@contextmanager
def full_disk(name: str, path: str) -> Iterator[None]:
    """There is no room in the directory."""
    host = lab_host(name)
    host.check_output(f"mount -t tmpfs -o size=4k tmpfs {path} && {{ cp /bin/true {path}/full 2>/dev/null || true; }}")
    try:
        yield
    finally:
        host.check_output(f"umount {path}")


SMALL = {
    "haproxy": {"haproxy_retries": 4},
    "keepalived": {"keepalived_global_lines": ["vrrp_garp_master_refresh 61"]},
    "nginx": {"nginx_http_lines": ["client_body_timeout 59s;"]},
}


@pytest.mark.parametrize(
    "daemon", ["haproxy", *(pytest.param(name, marks=pytest.mark.long) for name in ("keepalived", "nginx"))]
)
def test_where_nothing_can_be_written_down_nothing_changes(deploy, standby, daemon):
    """Before it was the other way round: the new set on disk, the old one running, and a message that said neither."""
    host = "web1" if daemon == "nginx" else standby
    # Unlike the sum of a tree, without times: files that go there and back are written anew.
    contents = f"cd /etc/{daemon} && find . -type f -exec sha256sum {{}} + | sort"
    before = deploy(host, daemon, [{}])[0]["tree"]
    declared = lab_host(host).check_output(contents)
    with full_disk(host, "/var/lib/evenkeel"):
        refused = deploy(host, daemon, [SMALL[daemon]])[0]
    assert f"cannot write down that /etc/{daemon} is about to change" in refused["refusal"]
    assert f"No space left on device: '/var/lib/evenkeel/{daemon}.staged'" in refused["refusal"]
    assert "unchanged and still in use" in refused["refusal"]
    assert refused["tree"] == before
    changed, back = deploy(host, daemon, [SMALL[daemon], {}])
    assert (changed["refusal"], back["refusal"]) == ("", "")
    assert changed["tree"] != before
    assert lab_host(host).check_output(contents) == declared


def test_a_unit_that_is_switched_off_after_a_reboot_is_stopped(deploy, standby):
    def beside() -> str:
        return lab_host(standby).run("systemctl is-active keepalived-second-chance").stdout.strip()

    subprocess.run(["docker", "restart", container(standby)], check=True, capture_output=True)
    wait_until(lambda: is_backup(standby) and beside() == "active", "the host is back")
    outcomes = deploy(standby, "keepalived", [{"keepalived_second_chance": False}])
    stopped = beside()
    outcomes += deploy(standby, "keepalived", [{}])
    assert [outcome["refusal"] for outcome in outcomes] == ["", ""]
    assert (stopped, beside()) == ("inactive", "active")


def test_a_first_run_that_is_refused_leaves_nothing_broken_and_the_second_succeeds(standby, holders, holder):
    host = lab_host(standby)
    host.check_output("DEBIAN_FRONTEND=noninteractive apt-get purge --yes haproxy")
    host.check_output(
        "rm -rf /etc/haproxy /etc/.haproxy.* /var/lib/evenkeel/haproxy.json && "
        "cd /etc/systemd/system/haproxy.service.d && rm -f evenkeel.conf confinement.conf"
    )
    refused = playbook("deploy_load_balancers", "--limit", standby, haproxy_global_lines=["colour blue"])
    assert refused.returncode != 0
    assert "unknown keyword 'colour'" in refused.stdout + refused.stderr
    host.check_output("haproxy -c -f /etc/haproxy/haproxy.cfg")
    assert "colour" not in host.file("/etc/haproxy/haproxy.cfg").content_string
    good(playbook("deploy_load_balancers", "--limit", standby))
    assert host.service("haproxy").is_running
    assert holders() == [holder]


def test_the_cluster_is_as_it_was_before(get):
    output = good(ansible("ansible-playbook", ROOT / "site.yml"))
    assert set(re.findall(r"changed=(\d+)", output)) == {"0"}, output
    assert "web" in get()
