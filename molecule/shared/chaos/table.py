"""Faults of every kind, one row each: where it happens, what does it, what heals it, and whom it may cost something.

Commands are those of a shell on the host. What heals has to work whether the fault is still there or not, because a
second fault may have undone the first. The clock of a host cannot be stepped here: all hosts of the lab have the clock
of the machine."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import faults
import holders
from cluster import lab_host
from controller import ROOT, begun, good, playbook

EVERYBODY = frozenset({"new", "kept", "unsafe", "download", "upload", "websocket"})
NOBODY: frozenset[str] = frozenset()
UNREPEATABLE = frozenset({"unsafe", "download", "upload", "websocket"})
"""Clients whose requests cannot be sent to another web server, or not in the middle."""
LONG = frozenset({"download", "upload", "websocket"})


@dataclass(frozen=True)
class Lab:
    """The hosts and the VIPs, by their names, with their addresses."""

    vips: dict[str, str]
    load_balancers: dict[str, str]
    web_servers: dict[str, str]

    @property
    def groups(self) -> dict[str, list[str]]:
        """The hosts on which faults happen."""
        return {"lb": list(self.load_balancers), "web": list(self.web_servers), "cluster": ["all"]}


Injected = AbstractContextManager[None]


@dataclass(frozen=True)
class Fault:
    """One kind of fault. Either C(begin) and C(end) are commands, or C(inject) is a context in which it is there."""

    name: str
    on: str
    begin: str = ""
    end: str = ":"
    inject: Callable[[Lab, str], Injected] | None = None
    costs: frozenset[str] = EVERYBODY
    """The kinds of clients that may lose requests."""
    serves: bool = True
    """Whether new clients have to be served again while it is there, after the time in which nodes notice."""
    noticed: bool = False
    """Whether check_cluster has to report it while it is there."""
    alone: bool = False
    """Whether its host can have no other fault: nobody could reach it, or the context relies on how the host is."""
    weight: float = 1.0


@contextmanager
def inject(fault: Fault, lab: Lab, host: str, strict: bool = True) -> Iterator[None]:
    """Do the fault, and heal it in the end. Its command has to succeed where it is C(strict), which it need not beside
    another fault."""
    if fault.inject:
        with fault.inject(lab, host):
            yield
        return
    addresses = {
        "VIPS": " ".join(lab.vips.values()),
        "LB": " ".join(lab.load_balancers.values()),
        "WEB": ",".join(lab.web_servers.values()),
    }
    known = "".join(f"{name}='{text}'; " for name, text in addresses.items())
    done = lab_host(host).run(known + fault.begin)
    try:
        assert not strict or done.rc == 0, f"{fault.begin}: {done.stderr or done.stdout}"
        yield
    finally:
        lab_host(host).run(known + fault.end)


MAIN = "$(systemctl show --property=MainPID --value {})"
RESTORE = (
    "if [ -e /run/chaos.{0} ]; then cp --preserve /run/chaos.{0} {1} && rm /run/chaos.{0}; fi; systemctl "
    "reload-or-restart {2}"
)
HAPROXY_CFG, KEEPALIVED_CONF = "/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf"
START = "systemctl reset-failed {0}; systemctl start {0}"
CRASHES = (
    "for _ in 1 2 3 4 5 6; do killall --signal=KILL haproxy; timeout 5 sh -c 'until pidof -q haproxy; do sleep "
    "0.1; done'; done"
)
CUT = (
    'nft \'table netdev evenkeel_chaos {{ chain {0} {{ type filter hook {0} device "eth0" priority -500; policy '
    "drop; }}; }}'"
)
JOIN = "nft delete table netdev evenkeel_chaos || :"


def edited(path: str, name: str, unit: str, line: str) -> tuple[str, str]:
    """Append a line to a configuration and have it read; returns that and what heals it."""
    begin = f"cp --preserve {path} /run/chaos.{name} && echo '{line}' >> {path}; systemctl reload {unit} || :"
    return begin, RESTORE.format(name, path, unit)


def of_unit(unit: str, word: str, costs: frozenset[str], noticed: bool) -> list[Fault]:
    """Faults of a unit that systemd starts again."""
    go_on = f"systemctl kill --signal=CONT {unit}; systemctl start {unit}"
    return [
        Fault(f"{word}_is_killed", "lb", f"systemctl kill --signal=KILL {unit}", START.format(unit), costs=costs),
        Fault(f"{word}_is_stopped", "lb", f"systemctl stop {unit}", START.format(unit), costs=costs, noticed=noticed),
        Fault(f"{word}_hangs", "lb", f"systemctl kill --signal=STOP {unit}", go_on, costs=costs),
        Fault(f"{word}_is_restarted", "lb", f"systemctl restart {unit}", costs=costs),
    ]


def rule(name: str, on: str, rule: str, **options: Any) -> Fault:
    """A fault that is a rule of iptables, before all others."""
    chain, words = rule.split(" ", 1)
    return Fault(
        name,
        on,
        f"iptables --wait --insert {chain} 1 {words}",
        f"iptables --wait --delete {rule} 2>/dev/null || :",
        **options,
    )


def by(context: Callable[[str], Injected]) -> Callable[[Lab, str], Injected]:
    """A context of a host, as a fault."""
    return lambda _lab, host: context(host)


@contextmanager
def rebooted(host: str) -> Iterator[None]:
    """The host shuts down in order and boots."""
    faults.docker("restart", faults.container(host))
    yield


@contextmanager
def full(lab: Lab, host: str) -> Iterator[None]:
    """Somebody holds more idle connections than haproxy takes."""
    command = [sys.executable, holders.__file__, lab.load_balancers[host], "3000"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.communicate()


@contextmanager
def claimed(lab: Lab, host: str) -> Iterator[None]:
    """A stranger says for two seconds that it is the master of everything."""
    faults.claim(host, ["51", "52"], lab.vips.values(), lab.load_balancers.values())
    yield


@contextmanager
def forged(lab: Lab, host: str) -> Iterator[None]:
    """A stranger sends heartbeats in the name of load balancers to each other."""
    for sender in lab.load_balancers.values():
        for receiver in lab.load_balancers.values():
            if receiver != sender:
                faults.forge_heartbeats(host, sender, receiver)
    yield


def released() -> dict[str, str]:
    """Variables of a deployment of the application."""
    return {
        "cluster_deploy_tasks": str(ROOT / "molecule/rolling/tasks/release.yml"),
        "cluster_release": os.urandom(4).hex(),
    }


CHANGE = {"haproxy_timeouts": {"connect": "4s"}, "keepalived_extra_lines": ["# changed"]}
"""Variables with which a deployment changes something of haproxy and of keepalived."""


@contextmanager
def deployed(_lab: Lab, _host: str) -> Iterator[None]:
    """A deployment changes the load balancers, and another one changes them back."""
    good(playbook("deploy_load_balancers", **CHANGE))
    yield
    good(playbook("deploy_load_balancers"))


@contextmanager
def moved(lab: Lab, _host: str) -> Iterator[None]:
    """Each VIP goes to another node."""
    for vip in lab.vips:
        good(playbook("move_vip", move_vip_instance=vip, cluster_move_interval=0))
    yield


@contextmanager
def rolled(_lab: Lab, _host: str) -> Iterator[None]:
    """The web servers get a release of the application."""
    good(playbook("deploy_web_servers", **released()))
    yield


def interrupt(name: str, tasks: int, variables: dict[str, object]) -> None:
    """Begin a playbook and kill it when it has begun so many tasks that do something; one that ends before is not
    interrupted."""
    command = begun(name, subprocess.PIPE, **variables)
    assert command.stdout
    for line in command.stdout:
        tasks -= line.startswith(b"changed:")
        if tasks <= 0:
            break
    with suppress(ProcessLookupError):
        os.killpg(command.pid, signal.SIGKILL)
    command.stdout.close()
    command.wait()


def interrupted(name: str, tasks: int, variables: Callable[[], dict[str, object]]) -> Callable[[Lab, str], Injected]:
    """A run that is killed, and the same command with what the inventory says finishes it."""

    @contextmanager
    def injected(_lab: Lab, _host: str) -> Iterator[None]:
        chosen = variables()
        interrupt(name, tasks, chosen)
        yield
        good(playbook(name, **{key: value for key, value in chosen.items() if key.startswith("cluster_")}))

    return injected


TABLE: list[Fault] = [
    # haproxy
    Fault("haproxy_is_killed", "lb", "killall --signal=KILL haproxy", START.format("haproxy")),
    Fault(
        "haproxys_worker_is_killed",
        "lb",
        f"pkill --signal=KILL --parent {MAIN.format('haproxy')}",
        START.format("haproxy"),
    ),
    Fault(
        "haproxys_master_is_killed",
        "lb",
        "systemctl kill --kill-whom=main --signal=KILL haproxy",
        START.format("haproxy"),
    ),
    Fault("haproxy_is_restarted", "lb", "systemctl restart haproxy"),
    Fault("haproxy_is_stopped", "lb", "systemctl stop haproxy", START.format("haproxy"), noticed=True),
    Fault("haproxy_hangs", "lb", "pkill --signal=STOP haproxy", "pkill --signal=CONT haproxy", noticed=True),
    Fault("haproxys_worker_hangs", "lb", "pkill --signal=STOP --euid haproxy haproxy", "pkill --signal=CONT haproxy"),
    Fault("haproxy_is_frozen", "lb", "systemctl freeze haproxy", "systemctl thaw haproxy"),
    Fault("haproxy_crashes_again_and_again", "lb", CRASHES, START.format("haproxy")),
    Fault(
        "haproxy_cannot_start",
        "lb",
        "mkdir -p /run/systemd/system/haproxy.service.d && printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' > "
        "/run/systemd/system/haproxy.service.d/zz-chaos.conf && systemctl daemon-reload && killall "
        "--signal=KILL haproxy",
        f"rm -rf /run/systemd/system/haproxy.service.d; systemctl daemon-reload; {START.format('haproxy')}",
        noticed=True,
    ),
    Fault("haproxy_is_reloaded", "lb", "systemctl reload haproxy", costs=NOBODY),
    Fault(
        "haproxy_is_reloaded_five_times",
        "lb",
        "for _ in 1 2 3 4 5; do systemctl reload haproxy || exit; done",
        costs=NOBODY,
    ),
    Fault(
        "haproxys_configuration_is_damaged",
        "lb",
        *edited(HAPROXY_CFG, "haproxy", "haproxy", "nonsense"),
        costs=NOBODY,
        noticed=True,
    ),
    Fault(
        "haproxys_socket_is_deleted",
        "lb",
        "rm /run/haproxy/admin.sock",
        "systemctl reload-or-restart haproxy",
        costs=NOBODY,
        noticed=True,
    ),
    Fault("haproxy_is_full", "lb", inject=full, serves=False),
    Fault(
        "haproxy_is_starved",
        "lb",
        inject=by(functools.partial(faults.starved, processes="--euid haproxy haproxy")),
        serves=False,
        alone=True,
    ),
    Fault(
        "haproxy_has_no_descriptors_left",
        "lb",
        "for pid in $(pgrep --euid haproxy haproxy); do prlimit --pid $pid --nofile=8:; done",
        "for pid in $(pgrep --euid haproxy haproxy); do prlimit --pid $pid --nofile=$(prlimit --pid $pid --nofile "
        "--output HARD --noheadings | tr -d ' '):; done",
    ),
    *of_unit("haproxy-hung-servers", "the_program_for_hung_servers", NOBODY, False),
    # keepalived
    Fault("keepalived_is_killed", "lb", "systemctl kill --signal=KILL keepalived", START.format("keepalived")),
    Fault(
        "keepaliveds_parent_is_killed",
        "lb",
        "systemctl kill --kill-whom=main --signal=KILL keepalived",
        START.format("keepalived"),
    ),
    Fault(
        "keepaliveds_child_is_killed",
        "lb",
        f"pkill --signal=KILL --parent {MAIN.format('keepalived')}",
        START.format("keepalived"),
    ),
    Fault("keepalived_is_restarted", "lb", "systemctl restart keepalived"),
    Fault("keepalived_is_stopped", "lb", "systemctl stop keepalived", START.format("keepalived"), noticed=True),
    Fault("keepalived_hangs", "lb", "pkill --signal=STOP keepalived", "pkill --signal=CONT keepalived"),
    Fault("keepalived_is_reloaded", "lb", "systemctl reload keepalived", costs=NOBODY),
    Fault(
        "keepaliveds_configuration_is_damaged",
        "lb",
        *edited(KEEPALIVED_CONF, "keepalived", "keepalived", "vrrp_instance cluster_vip {"),
        noticed=True,
    ),
    # What stands beside it
    *of_unit("keepalived-watch", "the_watch", NOBODY, True),
    *of_unit("keepalived-kernel", "the_keeper_of_the_kernel", EVERYBODY, True),
    *of_unit("keepalived-second-chance", "the_second_chance", EVERYBODY, True),
    # The kernel's state
    Fault("iptables_is_flushed", "lb", "iptables -F; ip6tables -F", costs=NOBODY),
    Fault(
        "iptables_is_flushed_and_its_chains_are_deleted",
        "lb",
        "iptables -F; iptables -X; ip6tables -F; ip6tables -X",
        costs=NOBODY,
    ),
    Fault("nftables_is_flushed", "lb", "nft flush ruleset"),
    Fault("our_table_of_nftables_is_emptied", "lb", "nft flush table ip evenkeel_second_chance"),
    Fault("the_service_of_nftables_is_restarted", "lb", "systemctl restart nftables && systemctl stop nftables"),
    Fault("all_addresses_of_lo_are_deleted", "lb", "ip address flush dev lo; ip address add 127.0.0.1/8 dev lo"),
    Fault("lo_goes_down_and_up", "lb", "ip link set lo down; ip link set lo up"),
    Fault(
        "arp_parameters_are_lost",
        "lb",
        "sysctl --write net.ipv4.conf.eth0.arp_ignore=0 net.ipv4.conf.eth0.arp_announce=0",
        costs=NOBODY,
    ),
    Fault(
        "addresses_of_others_cannot_be_bound",
        "lb",
        "sysctl --write net.ipv4.ip_nonlocal_bind=0 net.ipv6.ip_nonlocal_bind=0",
        costs=NOBODY,
    ),
    Fault("the_vips_are_deleted", "lb", "for vip in $VIPS; do ip address delete $vip/24 dev eth0 2>/dev/null; done; :"),
    Fault(
        "the_vips_are_added_twice",
        "lb",
        "for vip in $VIPS; do ip address add $vip/25 dev eth0; done",
        "for vip in $VIPS; do ip address delete $vip/25 dev eth0; done",
    ),
    # The network
    Fault("the_link_is_down", "lb", inject=by(faults.link_down), alone=True),
    Fault("the_switch_port_is_dead", "lb", inject=by(faults.unplugged), alone=True),
    Fault("nothing_comes_in", "lb", CUT.format("ingress"), JOIN, alone=True),
    Fault("nothing_goes_out", "lb", CUT.format("egress"), JOIN, alone=True),
    rule("adverts_are_not_heard", "lb", "INPUT -p vrrp -j DROP", noticed=True),
    rule("adverts_are_not_sent", "lb", "OUTPUT -p vrrp -j DROP"),
    rule("a_third_of_the_adverts_is_lost", "lb", "INPUT -p vrrp -m statistic --mode random --probability 0.3 -j DROP"),
    rule("heartbeats_are_not_heard", "lb", "INPUT -p udp --dport 3112 -j DROP", noticed=True),
    rule("packets_are_lost", "lb", "INPUT -p tcp -m statistic --mode random --probability 0.03 -j DROP", serves=False),
    rule("no_web_server_is_reached", "lb", "OUTPUT -d $WEB -p tcp --dport 80 -j DROP", noticed=True),
    rule("new_connections_are_dropped", "lb", "INPUT -p tcp --dport 443 --syn -j DROP", serves=False),
    # Disks and files
    Fault(
        "run_is_full",
        "lb",
        "mount -o remount,size=$(df --output=used /run | tail -n 1 | tr -d ' ')k /run",
        "mount -o remount,size=50% /run",
    ),
    Fault(
        "run_is_full_and_haproxy_is_reloaded",
        "lb",
        "mount -o remount,size=$(df --output=used /run | tail -n 1 | tr -d ' ')k /run; systemctl reload haproxy || :",
        "mount -o remount,size=50% /run; systemctl reload-or-restart haproxy",
        costs=NOBODY,
    ),
    Fault(
        "keepaliveds_reports_are_deleted",
        "lb",
        "rm -f /run/keepalived-watch/*",
        "systemctl restart keepalived-watch",
    ),
    # Processors and whole hosts
    Fault("processors_are_busy", "lb", inject=by(functools.partial(faults.saturated, loops=2)), alone=True),
    Fault("the_host_is_dead", "lb", inject=by(faults.powered_off), alone=True, noticed=True),
    Fault("the_host_stalls", "lb", inject=by(faults.paused), alone=True),
    Fault("the_host_is_rebooted", "lb", inject=by(rebooted), alone=True),
    # Web servers
    Fault(
        "nginx_is_killed",
        "web",
        inject=by(functools.partial(faults.killed, unit="nginx")),
        costs=UNREPEATABLE,
        alone=True,
        noticed=True,
    ),
    Fault("nginx_is_stopped", "web", "systemctl stop nginx", START.format("nginx"), costs=UNREPEATABLE, noticed=True),
    Fault("nginx_is_restarted", "web", "systemctl restart nginx", costs=UNREPEATABLE),
    Fault("nginx_is_reloaded", "web", "systemctl reload nginx", costs=NOBODY),
    Fault("nginx_hangs", "web", "pkill --signal=STOP nginx", "pkill --signal=CONT nginx", costs=UNREPEATABLE),
    Fault("nginx_is_frozen", "web", "systemctl freeze nginx", "systemctl thaw nginx", costs=UNREPEATABLE),
    Fault(
        "the_application_is_killed",
        "web",
        "systemctl kill --signal=KILL application",
        START.format("application"),
        costs=UNREPEATABLE,
    ),
    Fault(
        "the_application_hangs",
        "web",
        "systemctl kill --signal=STOP application",
        "systemctl kill --signal=CONT application",
        costs=UNREPEATABLE,
    ),
    Fault("it_answers_500", "web", "touch /run/broken", "rm -f /run/broken", serves=False),
    Fault(
        "its_answers_are_lost",
        "web",
        "for address in $LB; do ip route add blackhole $address; done",
        "for address in $LB; do ip route delete blackhole $address; done",
        costs=UNREPEATABLE,
        noticed=True,
    ),
    rule(
        "its_health_is_not_answered",
        "web",
        "INPUT -p tcp --dport 80 -m string --string /healthz --algo bm -j DROP",
        costs=UNREPEATABLE,
        noticed=True,
    ),
    Fault("the_web_servers_switch_port_is_dead", "web", inject=by(faults.unplugged), costs=UNREPEATABLE, alone=True),
    Fault(
        "the_web_servers_host_is_dead",
        "web",
        inject=by(faults.powered_off),
        costs=UNREPEATABLE,
        alone=True,
        noticed=True,
    ),
    Fault("the_web_servers_host_stalls", "web", inject=by(faults.paused), costs=UNREPEATABLE, alone=True),
    # Strangers
    Fault("a_stranger_claims_the_vips", "web", inject=claimed, costs=NOBODY, alone=True),
    Fault("a_stranger_forges_heartbeats", "web", inject=forged, costs=NOBODY, alone=True),
    # Work
    Fault("the_load_balancers_are_deployed", "cluster", inject=deployed, costs=NOBODY, alone=True, weight=0.3),
    Fault("the_vips_are_moved", "cluster", inject=moved, costs=NOBODY, alone=True, weight=0.5),
    Fault("the_web_servers_are_deployed", "cluster", inject=rolled, costs=LONG, alone=True, weight=0.3),
    *(
        Fault(
            f"a_deployment_of_load_balancers_is_killed_after_{tasks}_changes",
            "cluster",
            inject=interrupted("deploy_load_balancers", tasks, lambda: dict(CHANGE)),
            costs=NOBODY,
            alone=True,
            weight=0.2,
        )
        for tasks in (1, 2, 4)
    ),
    *(
        Fault(
            f"a_deployment_of_web_servers_is_killed_after_{tasks}_changes",
            "cluster",
            inject=interrupted("deploy_web_servers", tasks, released),
            costs=UNREPEATABLE,
            alone=True,
            weight=0.2,
        )
        for tasks in (1, 3, 6)
    ),
]
"""All faults. Their names are part of the format in which sequences are replayed."""
