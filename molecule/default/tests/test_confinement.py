"""Whoever gets into a daemon gets no further: systemd keeps each of them from what it has no need of, and all of them
still work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cluster import haproxy_info, lab_host, wait_until
from testinfra.host import Host

UNITS = {
    "haproxy": ("lb1", 32),
    "haproxy-hung-servers": ("lb1", 28),
    "haproxy-access-log": ("lb1", 16),
    "keepalived": ("lb1", 78),
    "keepalived-kernel": ("lb1", 36),
    "keepalived-second-chance": ("lb1", 26),
    "keepalived-watch": ("lb1", 23),
    "nginx": ("web1", 31),
}
"""Where each unit runs, and the exposure that it may have, in tenths of what systemd-analyze says; without confinement
it is 96."""

STRICT = ["haproxy", "nginx"]
SYS_MODULE, SYS_RAWIO, SYS_ADMIN, SYS_BOOT, SYS_TIME = 16, 17, 21, 22, 25


@dataclass(frozen=True)
class Process:
    """One process of a unit, as the kernel describes it."""

    pid: int
    status: dict[str, str]

    def has(self, capability: int) -> bool:
        return bool(int(self.status["CapBnd"], 16) & 1 << capability)

    @property
    def is_root(self) -> bool:
        return self.status["Uid"].split()[0] == "0"


def processes(host: Host, unit: str) -> Iterator[Process]:
    """All processes of the unit; there is at least one."""
    group = host.check_output("systemctl show --property ControlGroup --value %s", unit)
    pids = host.check_output("cat /sys/fs/cgroup%s/cgroup.procs", group).split()
    assert pids
    for pid in pids:
        text = host.run(f"cat /proc/{pid}/status").stdout
        if text:
            yield Process(
                int(pid),
                {name: value.strip() for name, _colon, value in (line.partition(":") for line in text.splitlines())},
            )


def in_its_place(host: Host, unit: str, command: str) -> str:
    """What the command says, run by root among the files that the unit's main process sees."""
    pid = host.check_output("systemctl show --property MainPID --value %s", unit)
    return host.run(f"nsenter --target {pid} --mount sh -c '{command}' 2>&1").stdout


@pytest.mark.parametrize(("unit", "name", "bound"), [(unit, *where) for unit, where in UNITS.items()])
def test_the_exposure_stays_as_low_as_it_is(unit, name, bound):
    answer = lab_host(name).run("systemd-analyze security --no-pager --threshold=%s %s", str(bound), f"{unit}.service")
    assert answer.rc == 0, answer.stdout.splitlines()[-1]


@pytest.mark.parametrize("unit", UNITS)
def test_no_process_can_load_modules_reboot_or_set_the_clock(unit):
    if unit == "keepalived-kernel":
        pytest.skip("iptables of the older kind loads its modules itself")
    found = list(processes(lab_host(UNITS[unit][0]), unit))
    assert [
        process
        for process in found
        for capability in (SYS_MODULE, SYS_RAWIO, SYS_BOOT, SYS_TIME)
        if process.has(capability)
    ] == []
    assert {process.status["Seccomp"] for process in found} == {"2"}


@pytest.mark.parametrize("unit", STRICT)
def test_who_serves_requests_has_no_privilege_and_gets_none(unit):
    found = list(processes(lab_host(UNITS[unit][0]), unit))
    workers = [process for process in found if not process.is_root]
    assert workers
    assert {process.status["NoNewPrivs"] for process in found} == {"1"}
    assert {int(process.status["CapEff"], 16) for process in workers} == {0}
    assert [process for process in found if process.has(SYS_ADMIN)] == []


@pytest.mark.parametrize("unit", STRICT)
@pytest.mark.parametrize("directory", ["/etc", "/usr/bin", "/boot"])
def test_not_even_root_among_them_can_write_programs_or_settings(unit, directory):
    host = lab_host(UNITS[unit][0])
    assert "Read-only file system" in in_its_place(host, unit, f"touch {directory}/evenkeel_test")


@pytest.mark.parametrize("unit", STRICT)
def test_not_even_root_among_them_sees_homes(unit):
    host = lab_host(UNITS[unit][0])
    host.check_output("touch /root/evenkeel_test && mkdir -p /home/evenkeel_test")
    try:
        assert in_its_place(host, unit, "ls --almost-all /root /home").split() == ["/home:", "/root:"]
    finally:
        host.check_output("rm -r /root/evenkeel_test /home/evenkeel_test")


def test_haproxy_writes_in_its_runtime_directory_only(load_balancer):
    writable = (
        "for d in / /opt /srv /tmp /var/lib /var/tmp /run; do touch $d/evenkeel_test && echo $d; rm -f "
        "$d/evenkeel_test; done"
    )
    assert in_its_place(load_balancer, "haproxy", f"({writable}) 2>/dev/null").split() == ["/run"]


def test_who_speaks_with_clients_sees_none_of_the_host_files(load_balancer):
    workers = [process for process in processes(load_balancer, "haproxy") if not process.is_root]
    seen = {
        name
        for worker in workers
        for name in load_balancer.check_output(f"ls --almost-all /proc/{worker.pid}/root/").split()
    }
    assert workers
    # The sockets of the logs.
    assert seen <= {"dev", "log"}


def test_haproxy_may_open_as_many_files_as_all_its_clients_need(load_balancer):
    told = haproxy_info(load_balancer)
    # Of a client there is a connection on each side.
    assert int(told["Ulimit-n"]) >= 2 * int(told["Maxconn"])
    limit = load_balancer.check_output(f"sed -n 's/^Max open files *//p' /proc/{told['Pid']}/limits").split()[0]
    assert int(limit) >= int(told["Ulimit-n"])


def test_the_scripts_of_keepalived_find_the_host_as_it_is(load_balancer):
    # What a script mounts has to be there for everybody, and sudo has to work.
    for process in processes(load_balancer, "keepalived"):
        same = f"test /proc/{process.pid}/ns/mnt -ef /proc/1/ns/mnt"
        assert load_balancer.run(same).rc == 0
        assert process.status["NoNewPrivs"] == "0"


def test_logs_are_opened_anew_where_they_were_moved_away(web_server):
    log = "/var/log/nginx/access.log"
    web_server.check_output(f"mv {log} {log}.moved && kill -USR1 $(cat /run/nginx.pid)")
    try:
        wait_until(lambda: web_server.file(log).exists, "a new log")
        web_server.check_output("curl --silent 'http://127.0.0.1/?who=after'")
        wait_until(lambda: "?who=after" in web_server.check_output(f"cat {log}"), "the new log has the request")
    finally:
        web_server.check_output(f"cat {log} >> {log}.moved && cat {log}.moved > {log} && rm {log}.moved")
