# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.maxconn import (
    Resources,
    compute_limits,
    derive_maxconn,
    parse_resources,
    problems,
    template_size,
)
from samples.haproxy import back, backs, front, fronts, listen, listens, variables

GIB = 1024**3
# A host with 4 GiB, as it answers.
ANSWER = [
    "/proc/meminfo:MemTotal:        4015484 kB",
    "/proc/1/limits:Max open files            1048576              1048576              files     ",
    "/proc/sys/fs/nr_open:1073741816",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes:9223372036854771712",
    "MemoryMax=infinity",
    "LimitNOFILE=524288",
    "",
    "haproxy installed",
]
HOST = Resources(4015484 * 1024, 524288)
TWO = [front(), front("api", binds=[{"port": 81}])]


def limited(number, name="http_in", **keys):
    return front(name, lines=[f"maxconn {number}"], **keys)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ([], HOST),
        (["/sys/fs/cgroup/memory.max:max"], HOST),
        (["/sys/fs/cgroup/memory.max:1073741824"], Resources(GIB, 524288)),
        (["/sys/fs/cgroup/memory/memory.limit_in_bytes:1073741824"], Resources(GIB, 524288)),
        (["MemoryMax=2147483648"], Resources(2 * GIB, 524288)),
        (["LimitNOFILE=20000"], Resources(HOST.memory, 20000)),
        (["LimitNOFILE=infinity"], HOST),
        (
            ["/proc/1/limits:Max open files            1024                 20000                files     "],
            Resources(HOST.memory, 20000),
        ),
        (["/proc/sys/fs/nr_open:4096\r"], Resources(HOST.memory, 4096)),
    ],
)
def test_the_smallest_limit_of_the_host_counts(more, found):
    assert parse_resources(ANSWER + more) == found


def test_a_host_that_does_not_answer_has_unknown_resources():
    assert parse_resources([]) == Resources()


@pytest.mark.parametrize(
    ("host", "connections"),
    [
        (Resources(), 4096),
        (Resources(descriptors=524288), 4096),
        (Resources(512 * 1024**2), 4000),
        (Resources(GIB), 8100),
        (HOST, 30000),
        # A balloon takes some memory, and gives it back.
        (Resources(HOST.memory - 20 * 1024**2, 524288), 30000),
        (Resources(8 * GIB, 524288), 65000),
        (Resources(24 * GIB, 524288), 190000),
        (Resources(256 * GIB, 1048576), 200000),
        (Resources(256 * GIB, 524288), 200000),
        (Resources(24 * GIB, 20000), 9900),
        (Resources(64 * 1024**2), 1000),
        (Resources(24 * GIB, 1024), 1000),
    ],
)
def test_the_limit_suits_memory_and_descriptors(host, connections):
    assert derive_maxconn(host) == connections


def test_servers_take_descriptors():
    assert derive_maxconn(Resources(24 * GIB, 20000), servers=2000) == 8900


@pytest.mark.parametrize(
    ("count", "size"),
    [
        ("5", 5),
        (5, 5),
        ("1-3", 3),
        ("3-3", 1),
        ("0-9", 10),
        ("0", None),
        ("3-1", None),
        ("a", None),
        ("1-", None),
        ("", None),
    ],
)
def test_a_template_makes_as_many_servers_as_it_has_numbers(count, size):
    assert template_size(count) == size


def test_servers_of_templates_take_descriptors():
    templates = [
        {"prefix": "w", "count": count, "address": "a.example.com", "port": 1} for count in ("500", "501-2000")
    ]
    few = [*ANSWER, "LimitNOFILE=20000"]
    assert compute_limits(variables(**backs(back(servers=[], server_templates=templates))), few)["process"] == 8900


@pytest.mark.parametrize(
    ("changes", "process", "sections"),
    [
        ({}, 30000, {}),
        (fronts(front()), 30000, {"http_in": 29900}),
        (fronts(front(), haproxy_maxconn=4096), 4096, {"http_in": 3996}),
        (fronts(front(), haproxy_maxconn="4096"), 4096, {"http_in": 3996}),
        (fronts(front(), haproxy_maxconn=4096, haproxy_stats_enabled=False), 4096, {"http_in": 4046}),
        (fronts(front(), haproxy_maxconn=4096, haproxy_stats_lines=["maxconn 10"]), 4096, {"http_in": 4036}),
        (fronts(*TWO, haproxy_maxconn=4101), 4101, {"http_in": 2000, "api": 2000}),
        ({**fronts(front(), haproxy_maxconn=4096), **listens(listen())}, 4096, {"http_in": 1998, "db": 1998}),
        (fronts(limited(1000), TWO[1], haproxy_maxconn=4096), 4096, {"api": 2996}),
        (fronts(front(), haproxy_maxconn=4096, haproxy_defaults_lines=["maxconn 2000"]), 4096, {}),
        # Defaults of both modes have what means the same in both.
        (
            {
                **fronts(front(), haproxy_maxconn=4096, haproxy_defaults_lines=["maxconn 2000"]),
                **listens(listen(mode="tcp")),
            },
            4096,
            {},
        ),
        (
            fronts(
                front(**{"from": "b"}),
                haproxy_maxconn=4096,
                haproxy_named_defaults=[{"name": "a", "lines": ["maxconn 9"]}, {"name": "b", "from": "a"}],
            ),
            4096,
            {},
        ),
        (
            fronts(
                front(),
                haproxy_maxconn=4096,
                haproxy_extra_sections=[
                    {"kind": "log-forward", "name": "a", "lines": ["bind :514"]},
                    {"kind": "log-forward", "name": "b", "lines": ["bind :515", "maxconn 20"]},
                    {"kind": "cache", "name": "c", "lines": ["total-max-size 4"]},
                ],
            ),
            4096,
            {"http_in": 3966},
        ),
    ],
)
def test_sections_share_what_is_not_reserved(changes, process, sections):
    found = compute_limits(variables(**changes), ANSWER)
    assert (found["process"], found["sections"]) == (process, sections)


def test_as_many_requests_as_clients_may_have_connections():
    found = compute_limits(variables(haproxy_maxconn=4096), ANSWER)
    assert found == {"process": 4096, "socket": 50, "health": 50, "statistics": 50, "requests": 3996, "sections": {}}


GOOD = [
    {},
    fronts(front()),
    fronts(*TWO, haproxy_maxconn=102),
    fronts(limited(3996), haproxy_maxconn=4096),
    fronts(limited(2000), limited(1996, "api"), haproxy_maxconn=4096),
    fronts(limited(2000), limited(1995, "api"), front("more"), haproxy_maxconn=4096),
    fronts(
        limited(2000),
        limited(2000, "api"),
        haproxy_maxconn=4096,
        haproxy_stats_enabled=False,
        haproxy_extra_sections=[],
    ),
    fronts(limited(29900)),
    {"haproxy_maxconn": 61000},
    {**backs(back(lines=["fullconn 9000"])), "haproxy_maxconn": 4096},
]

# the variables, what the only problem says
BAD = [
    ({"haproxy_maxconn": -1}, ["haproxy_maxconn is -1", "0 to derive"]),
    (
        {"haproxy_maxconn": 100000},
        [
            "haproxy_maxconn is 100000",
            "up to 6250 MiB",
            "(64 kB a connection)",
            "has 3921 MiB",
            "at most 62741",
            "0 for 30000",
        ],
    ),
    (
        fronts(front(), haproxy_maxconn=100),
        ["maxconn 0 in all (http_in an equal share)", "100 are reserved", "haproxy_maxconn to 101 or more"],
    ),
    ({"haproxy_maxconn": 40}, ["no frontends", "haproxy_maxconn to 100 or more"]),
    (
        fronts(front(), haproxy_maxconn=50, haproxy_stats_enabled=False),
        ["of which 50 are reserved for health checks; set haproxy_maxconn to 51 or more"],
    ),
    (
        fronts(limited(4096), haproxy_maxconn=4096),
        [
            "haproxy_frontends: http_in: maxconn is 4096",
            "haproxy_maxconn is 4096, of which 100",
            "3996 or less",
            "4196 or more",
        ],
    ),
    (
        listens(listen(lines=["  maxconn  3997 "]), haproxy_maxconn=4096),
        ["haproxy_listens: db: maxconn is 3997", "3996 or less"],
    ),
    (
        fronts(front(), haproxy_maxconn=2000, haproxy_defaults_lines=["maxconn 2000"]),
        ["http_in: maxconn is 2000", "1900 or less"],
    ),
    (
        fronts(limited(40000)),
        ["http_in: maxconn is 40000", "haproxy_maxconn is 30000 (derived from the memory and file descriptors"],
    ),
    (fronts(limited(0), haproxy_maxconn=4096), ["haproxy_frontends: http_in: maxconn is 0", "no limit"]),
    (
        fronts(limited(2000), limited(1997, "api"), haproxy_maxconn=4096),
        [
            "maxconn 3997 in all (http_in 2000, api 1997)",
            "haproxy_maxconn is 4096, of which 100",
            "haproxy_maxconn to 4097 or more",
        ],
    ),
    (
        fronts(limited(2000), limited(1996, "api"), front("more"), haproxy_maxconn=4096),
        ["(http_in 2000, api 1996, more an equal share)", "haproxy_maxconn to 4097 or more"],
    ),
    (fronts(limited(20000), limited(20000, "api")), ["maxconn 40000 in all", "haproxy_maxconn is 30000 (derived"]),
    (
        {"haproxy_global_lines": ["maxconn 9000"]},
        ["haproxy_global_lines: 'maxconn 9000' would replace haproxy_maxconn"],
    ),
    (
        {"haproxy_global_lines": [" maxconnrate 100"]},
        ["maxconnrate 100", "delays the health checks", "rate-limit sessions"],
    ),
    ({"haproxy_global_lines": ["maxsessrate 100"]}, ["maxsessrate 100", "delays the health checks"]),
]


@pytest.mark.parametrize("changes", GOOD)
def test_limits_that_can_be_kept(changes):
    assert list(problems(variables(**changes), ANSWER)) == []


@pytest.mark.parametrize(("changes", "says"), BAD)
def test_limits_that_cannot_be_kept(changes, says):
    (problem,) = problems(variables(**changes), ANSWER)
    assert [text for text in says if text not in problem] == []


@pytest.mark.parametrize(("runtime", "unit"), [("package", "haproxy.service"), ("container", "containerd.service")])
def test_more_descriptors_than_haproxy_can_open(runtime, unit):
    changes = {"haproxy_maxconn": 10000, "haproxy_runtime": runtime}
    (problem,) = problems(variables(**changes), [*ANSWER, "LimitNOFILE=20000"])
    assert "haproxy_maxconn is 10000, which takes 20200 file descriptors, and haproxy can open 20000" in problem
    assert f"set at most 9900, or raise what is smallest: LimitNOFILE of {unit}, " in problem


def test_what_the_host_does_not_say_is_not_checked():
    assert list(problems(variables(haproxy_maxconn=10000000), [])) == []
