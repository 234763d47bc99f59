"""Every alert is told of its own fault, and is over when the fault is. Nothing else may be reported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml
from cluster import between, container, holders, is_backup, lab_host, stopped, wait_until
from conftest import LOAD_BALANCERS, VIP, firing
from faults import docker, filtered, forge_heartbeats, powered_off, running

RULES = Path(__file__).parents[3] / "monitoring/prometheus/rules.yml"
HOLDERS = Path(__file__).parents[2] / "shared/holders.py"
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
KEEP = "cp --preserve /etc/haproxy/haproxy.cfg /run/haproxy.cfg"
RESTORE = "cp --preserve /run/haproxy.cfg /etc/haproxy/haproxy.cfg && systemctl reload haproxy"


def everywhere_without_haproxy(holder: str, standby: str):
    stack = ExitStack()
    for name in (standby, holder):
        stack.enter_context(stopped(name, "haproxy"))
    return stack


def without_adverts(holder: str, standby: str):
    """The nodes do not hear each other."""
    stack = ExitStack()
    for name in (holder, standby):
        stack.enter_context(filtered(name, "INPUT --protocol vrrp --jump DROP"))
    return stack


def with_other_files(host: str, path: str, source: Path):
    """The host has another file and haproxy has been told to read it, both until the context is left."""
    docker("cp", "--quiet", str(source), f"{container(host)}:{path}.other")
    swap = f"mv {path} {path}.swap && mv {path}.other {path} && mv {path}.swap {path}.other && systemctl reload haproxy"
    return between(host, swap, f"{swap} && rm {path}.other")


def with_a_certificate_that_ends(_holder: str, standby: str):
    return with_other_files(standby, "/etc/haproxy/certificate.pem", FOLDER / "ending.pem")


def after_a_reload_that_was_refused(_holder: str, standby: str):
    """Somebody has edited the configuration and made a mistake."""
    return between(
        standby, f"{KEEP} && echo nonsense >> /etc/haproxy/haproxy.cfg && ! systemctl reload haproxy", RESTORE
    )


@contextmanager
def after_a_reload_for_a_port_that_is_taken(_holder: str, standby: str) -> Iterator[None]:
    """haproxy -c accepts such a configuration, and the old worker goes on."""
    port = "python3 -c 'import socket, time; s = socket.create_server((\"127.0.0.1\", 8999)); time.sleep(600)'"
    section = "printf '\\nlisten more from http\\n    bind 127.0.0.1:8999\\n' >> /etc/haproxy/haproxy.cfg"
    with running(standby, "neighbour", port):
        wait_until(lambda: lab_host(standby).socket("tcp://127.0.0.1:8999").is_listening, "the port is taken")
        with between(standby, f"{KEEP} && {section} && ! systemctl reload haproxy", RESTORE):
            yield


@contextmanager
def handed_about(holder: str, standby: str) -> Iterator[None]:
    for number in range(6):
        one, other = (holder, standby) if number % 2 == 0 else (standby, holder)
        with stopped(one, "keepalived"):
            wait_until(lambda other=other: holders(LOAD_BALANCERS, VIP) == [other], f"{other} holds the VIP")
        wait_until(lambda one=one: is_backup(one), f"{one} is well again")
    yield


@contextmanager
def with_nearly_all_connections_taken(holder: str, _standby: str) -> Iterator[None]:
    """Somebody holds 190 of the 200 connections of www."""
    address = lab_host(holder).check_output("ip -4 -oneline address show eth0 primary").split()[3].partition("/")[0]
    command = [sys.executable, str(HOLDERS), address, "190", "--ask", "/"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        yield
        process.communicate()


def with_nearly_all_entries_of_conntrack_taken(_holder: str, standby: str):
    """The table is one of the machine, so only what the node exporter reads of it is another number."""
    folder = "/proc/sys/net/netfilter"
    number = f"echo $(($(cat {folder}/nf_conntrack_max) * 9 / 10)) > /run/conntrack_count"
    mount = f"mount --bind /run/conntrack_count {folder}/nf_conntrack_count"
    return between(standby, f"{number} && {mount}", f"umount {folder}/nf_conntrack_count")


@contextmanager
def with_a_firewall_that_is_flushed(_holder: str, standby: str) -> Iterator[None]:
    jump = "iptables --check INPUT --protocol vrrp --jump EVENKEEL_VRRP"
    for _time in range(6):
        lab_host(standby).check_output("iptables -F INPUT")
        wait_until(lambda: lab_host(standby).run(jump).rc == 0, "the rule is there again")
    yield


@contextmanager
def with_forged_heartbeats(holder: str, standby: str) -> Iterator[None]:
    addresses = {name: f"{os.environ['LAB_PREFIX']}.1{name[-1]}" for name in LOAD_BALANCERS}
    forge_heartbeats("web1", addresses[standby], addresses[holder])
    yield


def with_late_answers(_holder: str, standby: str):
    """haproxy works, and its health URL gets no answer."""
    return filtered(standby, "INPUT --in-interface lo --protocol tcp --destination-port 8405 --jump DROP")


@contextmanager
def with_a_log_daemon_that_hangs(holder: str, _standby: str) -> Iterator[None]:
    """It hangs while clients ask for more pages than its socket has room for."""
    freeze = "systemctl kill --signal={} haproxy-access-log"
    with between(holder, freeze.format("STOP"), freeze.format("CONT")):
        lab_host("monitor").check_output("curl --silent --output /dev/null 'http://%s/?[1-3000]'", VIP)
        yield


@contextmanager
def with_a_writer_that_hangs(holder: str, _standby: str) -> Iterator[None]:
    file = "/var/lib/prometheus/node-exporter/keepalived.prom"
    freeze = "systemctl kill --signal={} keepalived-metrics"
    with between(holder, freeze.format("STOP"), freeze.format("CONT")):
        lab_host(holder).check_output(f"touch --date='2 minutes ago' {file}")
        yield


FAULTS = {
    "nobody_can_hold_the_vip": (
        everywhere_without_haproxy,
        {"VipNotHeld", "VipDoesNotAnswer", "NodeNotReady", "TargetGone"},
    ),
    "the_nodes_do_not_hear_each_other": (without_adverts, {"VipHeldTwice"}),
    "no_web_server_is_left": (
        lambda _holder, _standby: stopped("web1", "nginx"),
        {"BackendWithoutServers", "VipDoesNotAnswer"},
    ),
    "clients_hold_nearly_all_connections": (with_nearly_all_connections_taken, {"ConnectionsNearlyTaken"}),
    "haproxy_answers_late": (with_late_answers, {"LoadBalancerBusy"}),
    "the_table_of_connections_is_nearly_full": (with_nearly_all_entries_of_conntrack_taken, {"ConntrackNearlyFull"}),
    "keepalived_of_the_standby_has_ended": (lambda _holder, standby: stopped(standby, "keepalived"), {"NodeNotReady"}),
    "the_vip_moves_again_and_again": (handed_about, {"VipMovesOften"}),
    "the_kernel_state_is_not_kept": (
        lambda _holder, standby: stopped(standby, "keepalived-kernel"),
        {"KernelStateLost"},
    ),
    "the_firewall_is_flushed_again_and_again": (with_a_firewall_that_is_flushed, {"KernelStateChanges"}),
    "somebody_forges_heartbeats": (with_forged_heartbeats, {"HeartbeatsRefused"}),
    "the_log_daemon_hangs": (with_a_log_daemon_that_hangs, {"LogLinesDropped"}),
    "a_reload_was_refused": (after_a_reload_that_was_refused, {"ReloadFailed"}),
    "a_reload_has_failed": (after_a_reload_for_a_port_that_is_taken, {"ReloadFailed"}),
    "a_certificate_ends_soon": (with_a_certificate_that_ends, {"CertificateEnds"}),
    "the_standby_has_no_power": (lambda _holder, standby: powered_off(standby), {"TargetGone"}),
    "the_metrics_are_not_written": (with_a_writer_that_hangs, {"KeepalivedMetricsOld"}),
}


def test_every_alert_has_a_fault():
    alerts = {
        rule["alert"]
        for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    }
    assert set().union(*(told for _fault, told in FAULTS.values())) == alerts


@pytest.mark.parametrize(("fault", "told"), FAULTS.values(), ids=FAULTS)
def test_it_is_reported(fault, told, holder, standby):
    with fault(holder, standby):
        wait_until(lambda: firing() == told, f"{', '.join(sorted(told))} and nothing else", 40)
    wait_until(lambda: not firing(), "no alerts", 60)


@pytest.mark.parametrize(("rules", "tables"), [("as_shipped", "rules_test"), ("rules_anycast", "rules_anycast_test")])
def test_promtool_accepts_the_rules_as_they_are_shipped_and_their_tables(rules, tables):
    file = f"{tables}.yml"
    docker("cp", "--quiet", str(Path(__file__).with_name(file)), f"{container('monitor')}:/etc/prometheus/")
    monitor = lab_host("monitor")
    monitor.check_output("promtool check rules %s", f"/etc/prometheus/{rules}.yml")
    monitor.check_output("promtool test rules %s", f"/etc/prometheus/{file}")
