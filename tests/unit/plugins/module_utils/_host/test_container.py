# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.container import ContainerUnit, Image
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.container import problems

GOOD = {"runtime": "container", "image_base": "debian:bookworm-slim", "container_ports": [], "container_mounts": []}


def answering(rc, out=""):
    """A run that notes what it was asked to run."""
    asked = []

    def run(argv):
        asked.append(argv)
        return rc, out, ""

    return run, asked


def test_a_check_sees_the_staged_set_in_the_place_of_the_live_one():
    run, asked = answering(0)
    image = Image("evenkeel/haproxy:1", ["--network=host", "--read-only"])
    image.wrap_run(run, "/etc/c/.haproxy.staged", "/etc/c/haproxy")(["haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg"])
    (argv,) = asked
    assert argv[:2] == ["docker", "run"]
    assert {"--rm", "--pull=never", "--network=host", "--read-only"} <= set(argv)
    assert argv[-6:] == [
        *("--mount=type=bind,src=/etc/c/.haproxy.staged,dst=/etc/c/haproxy,readonly", "evenkeel/haproxy:1"),
        *("haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg"),
    ]


@pytest.mark.parametrize(("rc", "there"), [(0, True), (1, False)])
def test_an_image_that_docker_does_not_know_is_not_there(rc, there):
    run, _asked = answering(rc)
    assert Image("evenkeel/haproxy:1", []).exists(run) is there


@pytest.mark.parametrize(("rc", "out", "pid"), [(0, "4711\n", 4711), (1, "", 0)])
def test_the_daemon_is_the_containers_first_process(rc, out, pid):
    run, _asked = answering(rc, out)
    assert ContainerUnit("nginx", run, Image("i", [])).main_process() == pid


@pytest.mark.parametrize(("options", "of_host"), [(["--network=host"], True), (["--network=bridge"], False)])
def test_a_container_with_a_network_of_its_own_has_no_ports_of_the_host(options, of_host):
    assert ContainerUnit("haproxy", answering(0)[0], Image("i", options)).has_ports_of_host() is of_host


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"runtime": "package", "image_base": ""},
        {"container_ports": ["80:80", "192.0.2.10:80:8080", "[2001:db8::1]:443:443/tcp"]},
        {"container_mounts": ["/etc/ssl/private"]},
    ],
)
def test_what_can_be_run(change):
    assert list(problems("haproxy", {**GOOD, **change})) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_base": ""}, "haproxy_image_base is empty"),
        ({"container_ports": ["80"]}, "haproxy_container_ports has '80'"),
        ({"container_ports": ["0:80"]}, "haproxy_container_ports has '0:80'"),
        ({"container_ports": ["80:65536"]}, "haproxy_container_ports has '80:65536'"),
        ({"container_mounts": ["certificates"]}, "haproxy_container_mounts has 'certificates'"),
        ({"container_mounts": ["/a,readonly=false"]}, "haproxy_container_mounts has '/a,readonly=false'"),
        ({"container_mounts": ["/run/%H"]}, "haproxy_container_mounts has '/run/%H'"),
        ({"container_mounts": ["/run/$HOME"]}, "haproxy_container_mounts has '/run/$HOME'"),
    ],
)
def test_what_cannot(change, said):
    (problem,) = problems("haproxy", {**GOOD, **change})
    assert said in problem
