"""One command says how the cluster is: nothing where all is well, and of every fault the host, what it is, and what to
do."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack

import pytest
from cluster import between, holders, is_backup, lab_host, sees_all_servers, stopped, wait_until
from conftest import LOAD_BALANCERS
from controller import ansible, begun, good, playbook, words
from faults import frozen

pytestmark = pytest.mark.once
SOCKET = "socat - /run/haproxy/admin.sock"


@pytest.fixture
def holder(vip) -> str:
    """The load balancer that has the VIP."""
    (name,) = holders(LOAD_BALANCERS, vip)
    return name


@pytest.fixture
def standby(holder) -> str:
    """The other one."""
    (name,) = set(LOAD_BALANCERS) - {holder}
    return name


def told(**variables) -> str:
    """What the command prints of a cluster that is not well."""
    done = playbook("check_cluster", **variables)
    assert done.returncode != 0, done.stdout
    assert set(re.findall(r"changed=(\d+)", done.stdout)) == {"0"}, done.stdout + done.stderr
    return done.stdout + done.stderr


def assert_wrong(output: str, host: str, what: str, remedy: str) -> None:
    """The output has what is wrong with the host, and on the next line what to do."""
    assert re.search(rf"WRONG +{host}: [^\n]*{re.escape(what)}[^\n]*\n[^\n]*{re.escape(remedy)}", output), output


def servers_are_up() -> bool:
    return all(map(sees_all_servers, LOAD_BALANCERS))


def test_nothing_is_wrong_with_a_cluster_that_is_well(tmp_path, holder, standby, vip):
    output = good(playbook("check_cluster", check_cluster_json=tmp_path / "report.json"))
    assert "No problems found." in output
    assert set(re.findall(r"changed=(\d+)", output)) == {"0"}
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["healthy"]
    (instance,) = report["vips"]
    assert (instance["addresses"], instance["holders"]) == ([vip], [holder])
    assert instance["nodes"][standby]["state"] == "BACKUP"
    assert report["backends"] == {"web": {name: {"up": 3, "down": 0, "out": 0} for name in LOAD_BALANCERS}}


def test_haproxy_does_not_run_on_the_standby(standby):
    with stopped(standby, "haproxy"):
        output = told()
    wait_until(lambda: is_backup(standby), f"{standby} is well again")
    assert_wrong(output, standby, "haproxy does not run", "systemctl start haproxy")
    assert_wrong(output, standby, "it cannot take cluster_vip: FAULT", "see that haproxy serves there")


def server(name: str, state: str) -> str:
    return f"echo 'set server web/{name} state {state}' | {SOCKET}"


def deaf(name: str) -> AbstractContextManager[None]:
    """The host's firewall drops what its peers send."""
    rule = "INPUT --protocol vrrp --jump DROP"
    return between(name, f"iptables --insert {rule}", f"iptables --delete {rule}")


def unconfined(name: str) -> AbstractContextManager[None]:
    """The host's haproxy has run since before it was confined."""
    drop_in = "/etc/systemd/system/haproxy.service.d/confinement.conf"
    restart = "systemctl daemon-reload && systemctl restart haproxy"
    began_before = f"mv {drop_in} /run && {restart} && mv /run/confinement.conf {drop_in} && systemctl daemon-reload"
    return between(name, began_before, restart)


NEVER_REACHED = [
    {
        "name": "http_in",
        "binds": [{"port": 80}],
        "lines": ["use_backend web if { path_beg /api }", "http-request deny if { path_beg /secret }"],
        "default_backend": "web",
    }
]
"""A rule after one of another kind, which haproxy evaluates first."""
WARNING = "a 'http-request' rule placed after a 'use_backend' rule will still be processed before"


def test_haproxy_warns_of_what_is_about_to_be_deployed():
    refused = playbook("deploy_load_balancers", "--check", haproxy_frontends=NEVER_REACHED, haproxy_fatal_warnings=True)
    assert refused.returncode != 0
    assert WARNING in words(refused)
    assert "> http-request deny if { path_beg /secret }" in words(refused)


@pytest.fixture(scope="module")
def findings() -> str:
    """What the command prints of a cluster with one fault of each kind that leaves the others to be seen."""
    vip = f"{os.environ['LAB_PREFIX']}.240"
    (holder,) = holders(LOAD_BALANCERS, vip)
    (standby,) = set(LOAD_BALANCERS) - {holder}
    deployed = playbook("deploy_load_balancers", haproxy_frontends=NEVER_REACHED)
    assert WARNING in good(deployed) + words(deployed)
    given, taken = f"ip address add {vip}/24 dev eth0", f"ip address delete {vip}/24 dev eth0 || true"
    with ExitStack() as stack:
        stack.enter_context(unconfined(standby))
        wait_until(lambda: is_backup(standby), f"{standby} is well")
        lab_host(standby).check_output("echo '# by hand' >> /etc/haproxy/haproxy.cfg")
        stack.callback(wait_until, servers_are_up, "web2 is back")
        stack.enter_context(stopped("web2", "nginx"))
        wait_until(lambda: not servers_are_up(), "haproxy sees it")
        stack.enter_context(between(holder, server("web1", "drain"), server("web1", "ready")))
        stack.enter_context(deaf(holder))
        stack.enter_context(between(standby, given, taken))
        output = told()
    good(playbook("deploy_load_balancers"))
    wait_until(lambda: is_backup(standby), f"{standby} is well again")
    return output


def test_somebody_has_left_a_server_drained(findings, holder):
    assert_wrong(
        findings,
        holder,
        "web/web1 was taken out of rotation by hand",
        "haproxy_server with servers=['web/web1'], state=ready",
    )


def test_nginx_does_not_run(findings):
    assert_wrong(findings, "web2", "nginx does not run", "systemctl start nginx")
    assert_wrong(findings, "lb1 and lb2", "web/web2 does not serve", "see on web2 that its service runs")


def test_somebody_has_given_the_vip_to_the_standby_by_hand(findings, standby, vip):
    remedy = f"ip address delete {vip} dev eth0"
    assert_wrong(findings, standby, f"it has {vip} although it does not hold cluster_vip", remedy)


def test_a_firewall_would_let_no_advert_in(findings, holder):
    """The holder hears nothing anyhow, so VRRP is well until the VIP moves."""
    assert_wrong(
        findings,
        holder,
        "its firewall keeps adverts of cluster_vip out",
        "remove that rule, or let protocol 112 in before it",
    )


def test_somebody_has_edited_the_configuration(findings, standby):
    assert_wrong(findings, standby, "haproxy does not run what is on disk", "run deploy_load_balancers.yml")


def test_haproxy_is_older_than_its_confinement(findings, standby):
    assert re.search(
        rf"NOTE +{standby}: haproxy was started before it was confined[^\n]*\n[^\n]*reboot_hosts.yml", findings
    ), findings


def test_haproxy_warns_of_its_configuration(findings):
    assert re.search(rf"NOTE +lb1 and lb2: haproxy warns of its configuration: .*{WARNING}", findings), findings


def test_two_nodes_do_not_hear_each_other(holder, standby, vip):
    with deaf(holder), deaf(standby):
        wait_until(lambda: len(holders(LOAD_BALANCERS, vip)) == 2, "both have the VIP")
        output = told()
    wait_until(lambda: len(holders(LOAD_BALANCERS, vip)) == 1, "one has the VIP")
    assert_wrong(output, "lb1 and lb2", "hold cluster_vip at the same time", "let VRRP (protocol 112) through")


def test_daemons_hang(standby, vip):
    with frozen(standby, "haproxy"), frozen(standby, "keepalived"):
        output = told()
    wait_until(
        lambda: len(holders(LOAD_BALANCERS, vip)) == 1 and is_backup(standby),
        "one has the VIP, and the other one waits",
    )
    for daemon in ("haproxy", "keepalived"):
        assert_wrong(output, standby, f"its {daemon} could not be checked", "correct that, then run this again")


def test_a_host_cannot_be_reached(tmp_path, standby):
    elsewhere = tmp_path / "elsewhere.yml"
    elsewhere.write_text(f"all: {{hosts: {{{standby}: {{ansible_host: evenkeel-nowhere}}}}}}\n")
    done = playbook("check_cluster", "-i", elsewhere)
    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert_wrong(output, standby, "it cannot be reached", "see that it runs, and that you can log in")
    assert output.count("WRONG") == output.count("it cannot be reached")


def test_somebody_watches_while_haproxy_ends_and_starts_again(standby):
    watcher = begun("watch_cluster", stdout=subprocess.PIPE, watch_interval=0.5, watch_times=100)
    lines = map(bytes.decode, watcher.stdout)
    try:
        with stopped(standby, "haproxy"):
            said = read_until(lines, f"WRONG {standby}: haproxy does not run")
        said += read_until(lines, f"OVER {standby}: haproxy does not run")
    finally:
        os.killpg(watcher.pid, signal.SIGTERM)
        watcher.wait()
    assert f"OVER {standby}: haproxy does not run" in said
    wait_until(lambda: is_backup(standby), f"{standby} is well again")


def read_until(lines: Iterator[str], words: str) -> str:
    """Return what is printed up to the line with these words."""
    said = ""
    for line in lines:
        said += line
        if words in line:
            return said
    raise AssertionError(f"{words!r} is not printed, but: {said}")


def test_a_reload_does_not_start_the_time_in_a_state_anew(holder):
    before = told_age(holder)
    lab_host(holder).check_output("systemctl reload keepalived")
    wait_until(lambda: "Reload" in lab_host(holder).check_output("journalctl --unit keepalived --lines 50"), "reloaded")
    assert told_age(holder) >= before


def told_age(name: str) -> float:
    """For how many seconds a node has been in its state, as the module says."""
    done = ansible("ansible", name, "--one-line", "-m", "evenkeel.ha_web.keepalived_info")
    (instance,) = json.loads(good(done).partition(" => ")[2])["instances"]
    return instance["seconds_in_state"]


def test_all_is_well_again():
    good(playbook("check_cluster"))
