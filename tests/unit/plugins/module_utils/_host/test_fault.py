# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is broken mends itself, whatever happens."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.fault import (
    FaultError,
    cut_interfaces,
    heal,
    kill_service,
    start,
    stop_processes,
)


class Host:
    """Notes what is run; what begins with a word of C(fails) fails."""

    def __init__(self, *fails):
        self.fails = fails
        self.did = []

    def __call__(self, argv):
        line = " ".join(argv)
        self.did.append(line)
        return (1, "", "no") if any(word in line for word in self.fails) else (0, "", "")

    def place(self, word):
        return next(number for number, line in enumerate(self.did) if word in line)


@pytest.mark.parametrize(
    "fault", [kill_service(Host(), "haproxy"), stop_processes(Host(), "haproxy"), cut_interfaces(["eth0", "eth1"])]
)
def test_the_timer_is_set_before_anything_breaks(fault):
    host = Host()
    start(host, fault, 30)
    assert host.place("--unit=evenkeel-fault-heal") < host.place(fault.breaks)
    assert fault.heals in host.did[host.place("--unit=evenkeel-fault-heal")]


@pytest.mark.parametrize(
    ("fault", "fails", "problem"),
    [
        (stop_processes(Host(), "nosuch"), "is-active", "no fault was injected: nosuch does not run"),
        (cut_interfaces(["eth0"]), "command -v", "no fault was injected: this one needs nft"),
        (kill_service(Host(), "haproxy"), "systemd-run", "systemd-run"),
    ],
)
def test_without_a_timer_nothing_breaks(fault, fails, problem):
    host = Host(fails)
    with pytest.raises(FaultError, match=problem):
        start(host, fault, 30)
    assert not any(line.endswith(fault.breaks) for line in host.did)


def test_a_fault_that_fails_is_mended_at_once():
    host = Host("--signal=KILL")
    with pytest.raises(FaultError, match="signal=KILL"):
        start(host, kill_service(Host(), "haproxy"), 30)
    assert host.did[-2:] == ["systemctl start evenkeel-fault-heal.service", "systemctl stop evenkeel-fault-heal.timer"]


def test_the_timer_stays_while_the_host_cannot_be_mended():
    host = Host("systemctl start evenkeel-fault-heal.service")
    with pytest.raises(FaultError, match=r"systemctl cat evenkeel-fault-heal\.service shows"):
        heal(host)
    assert not any("stop evenkeel-fault-heal.timer" in line for line in host.did)


def test_what_the_timer_has_mended_a_moment_before_is_mended():
    host = Host("systemctl start evenkeel-fault-heal.service", "is-active")
    assert heal(host) > 0


@pytest.mark.parametrize("fault", [kill_service, stop_processes])
@pytest.mark.parametrize(("slices", "group"), [("system.slice", "haproxy"), ("haproxy.slice", "haproxy.slice")])
def test_all_processes_of_a_container_are_meant(fault, slices, group):
    assert fault(lambda _argv: (0, f"{slices}\n", ""), "haproxy").breaks.split()[-1] == group


def test_a_cut_waits_until_the_module_has_answered_and_all_interfaces_are_meant():
    host = Host()
    start(host, cut_interfaces(["eth0", "eth1"]), 5)
    begin = host.did[host.place("--unit=evenkeel-fault-begin")]
    assert "--on-active=1.000" in begin
    assert "--on-active=6.000" in host.did[host.place("--unit=evenkeel-fault-heal")]
    assert begin.count("policy drop") == 4
