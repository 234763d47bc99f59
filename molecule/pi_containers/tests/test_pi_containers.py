"""The cluster of the Raspberry Pis in containers: what a client gets, and what their end, a change and another image cost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from cluster import ask, container, holders, is_backup, lab_host, sees_all_servers, stopped, wait_until
from controller import good, playbook, words
from faults import docker, frozen
from networks import in_lab
from prober import Prober

LOAD_BALANCERS = ["lb1", "lb2"]
SERVERS = ["server1", "server2", "server3"]
VIP = in_lab("10.42.0.240")
DAEMONS = {**dict.fromkeys(LOAD_BALANCERS, "haproxy"), **dict.fromkeys(SERVERS, "nginx")}


@pytest.fixture(params=DAEMONS)
def host(request) -> str:
    return request.param


def holder() -> list[str]:
    return holders(LOAD_BALANCERS, VIP)


def title() -> str:
    return re.search("<title>(.*)</title>", ask(f"http://{VIP}/").text).group(1)


def inspected(host: str) -> dict:
    """The host's one container, as Docker knows it."""
    (known,) = json.loads(lab_host(host).check_output(f"docker container inspect {DAEMONS[host]}"))
    return known


def images(host: str) -> list[str]:
    return lab_host(host).check_output(f"docker image ls --quiet evenkeel/{DAEMONS[host]}").split()


def processes(host: str) -> list[tuple[str, str]]:
    """User and capabilities of each process of the daemon, the first one first."""
    first = inspected(host)["State"]["Pid"]
    pids = lab_host(host).check_output(f"echo {first} $(cat /proc/{first}/task/{first}/children)").split()
    found = [lab_host(host).check_output(f"stat --format %U /proc/{pid}; sed -n 's/^CapEff:.//p' /proc/{pid}/status") for pid in pids]
    return [tuple(text.split()) for text in found]


def well() -> bool:
    return len(holder()) == 1 and all(map(sees_all_servers, LOAD_BALANCERS))


@contextmanager
def taken_over() -> Iterator[str]:
    """The VIP's holder, which loses the VIP by what is done to it."""
    (first,) = holder()
    (second,) = set(LOAD_BALANCERS) - {first}
    yield first
    wait_until(lambda: holders([second], VIP) == [second], f"{second} holds the VIP")
    assert title() in SERVERS


@contextmanager
def lossless() -> Iterator[None]:
    """No new connection fails meanwhile."""
    with Prober(VIP, interval=0.02, timeout=10) as prober:
        wait_until(lambda: prober.results, "the first answer")
        yield
    assert [result.error for result in prober.results if not result.ok] == []


def deploy(name: str, check: Callable = good, **variables: object) -> str:
    """What a playbook said; the VIP may move again at once."""
    return check(playbook(name, cluster_move_interval=1, **variables))


def frontends(*lines: str) -> list[dict]:
    """The inventory's frontend with further lines."""
    return [{"name": "http_in", "binds": [{"port": 80}], "default_backend": "servers", "lines": lines}]


def test_the_servers_answer_in_turn():
    titles = [title() for _number in range(6)]
    assert sorted(titles[:3]) == SERVERS
    assert titles[3:] == titles[:3]


def test_the_image_is_built_on_the_host_and_the_host_has_no_package(host):
    assert lab_host(host).run(f"dpkg-query --show {DAEMONS[host]}").rc
    assert len(images(host)) == 1
    assert inspected(host)["Config"]["Image"].startswith(f"evenkeel/{DAEMONS[host]}:")


def test_what_answers_clients_has_no_rights_and_its_root_is_read_only(host):
    (master, rights), *workers = processes(host)
    assert master == "root"
    assert int(rights, 16).bit_count() == 6
    assert workers
    assert {rights for _user, rights in workers} == {"0" * 16}
    assert "root" not in [user for user, _rights in workers]
    assert inspected(host)["HostConfig"]["ReadonlyRootfs"]


def test_a_server_answers_with_the_files_of_its_own_directory():
    for server in SERVERS:
        lab_host(server).check_output(f"echo {server} > /var/www/web/mine.txt")
    found = [ask(f"http://{VIP}/mine.txt").text.strip() for _server in SERVERS]
    assert sorted(found) == SERVERS


def test_requests_and_messages_are_in_the_journal():
    ask(f"http://{VIP}/journal")
    (first,) = holder()
    wait_until(lambda: "GET /journal" in lab_host(first).run("journalctl --identifier haproxy --output cat").stdout, "the request")
    assert "New worker" in lab_host(first).check_output("journalctl --unit haproxy --output cat")


def test_a_log_that_was_moved_is_begun_anew():
    log = "/var/log/nginx/access.log"
    lab_host("server1").check_output(f"mv {log} {log}.1 && systemctl kill --signal=USR1 nginx")
    wait_until(lambda: lab_host("server1").file(log).exists, "the new log")
    lab_host("server1").check_output("logrotate --debug /etc/logrotate.d/nginx")


def test_a_change_loses_no_request_and_is_no_new_container():
    before = {name: inspected(name)["Id"] for name in LOAD_BALANCERS}
    with lossless():
        deploy("deploy_load_balancers", haproxy_frontends=frontends("http-response set-header X-Changed yes"))
    assert ask(f"http://{VIP}/").headers["X-Changed"] == "yes"
    assert {name: inspected(name)["Id"] for name in LOAD_BALANCERS} == before


def test_the_images_haproxy_refuses_what_cannot_work_before_anything_changes():
    with lossless():
        said = deploy("deploy_load_balancers", words, haproxy_frontends=frontends("http-response set-haeder X-Changed no"))
    assert "refuses this configuration" in said
    assert "/etc/haproxy/haproxy.cfg:" in said
    assert ask(f"http://{VIP}/").headers["X-Changed"] == "yes"


def test_images_can_be_built_before_a_deployment():
    before = {name: images(name) for name in DAEMONS}
    good(playbook("build_images"))
    assert {name: images(name) for name in DAEMONS} == before


def test_another_image_loses_no_request_and_leaves_none_behind():
    before = {name: images(name) for name in DAEMONS}
    install = "RUN command -v haproxy nginx"
    with lossless():
        deploy("site", haproxy_image_lines=[install], nginx_image_lines=[install])
    for name, old in before.items():
        (new,) = images(name)
        assert [new] != old
    wait_until(well, "all servers in rotation")


def test_the_backup_takes_the_vip_when_haproxy_is_killed():
    with taken_over() as first:
        lab_host(first).check_output("killall --signal KILL haproxy")
    wait_until(lambda: is_backup(first), f"{first} is well again")


def test_the_backup_takes_the_vip_when_haproxy_hangs():
    (first,) = holder()
    with taken_over(), frozen(first, "--exact haproxy"):
        wait_until(lambda: holder() not in ([first], []), "the other node holds the VIP")
    wait_until(lambda: is_backup(first), f"{first} is well again")


def test_the_backup_takes_the_vip_when_docker_is_stopped_and_haproxy_comes_back_with_it():
    with taken_over() as first:
        lab_host(first).check_output("systemctl stop docker")
    assert not lab_host(first).check_output("pgrep --exact haproxy || true")
    lab_host(first).check_output("systemctl start docker")
    wait_until(lambda: is_backup(first), f"{first} is well again")


def test_the_backup_takes_the_vip_when_docker_is_killed():
    with taken_over() as first:
        lab_host(first).check_output("killall --signal KILL dockerd")
    wait_until(lambda: is_backup(first), f"{first} is well again")


def test_a_server_whose_nginx_is_killed_serves_again():
    lab_host("server2").check_output("killall --signal KILL nginx")
    wait_until(lambda: sorted(title() for _number in range(3)) == SERVERS, "all servers answer")


def test_the_backup_takes_the_vip_when_the_host_is_shut_down():
    try:
        with taken_over() as first:
            docker("stop", container(first))
    finally:
        docker("start", *map(container, LOAD_BALANCERS))
    wait_until(lambda: is_backup(first), f"{first} is well again", 60)


def test_published_ports_serve_as_well():
    deploy("deploy_load_balancers", haproxy_container_ports=["80:80"])
    assert {inspected(name)["HostConfig"]["NetworkMode"] for name in LOAD_BALANCERS} == {"bridge"}
    assert title() in SERVERS
    with taken_over() as first, stopped(first, "haproxy"):
        wait_until(lambda: holder() not in ([first], []), "the other node holds the VIP")
    wait_until(lambda: is_backup(first), f"{first} is well again")


def test_every_host_can_be_reached_as_root():
    good(playbook("ping_hosts"))


def test_a_user_gets_sudo_and_hosts_that_serve_are_not_upgraded():
    with lossless():
        said = good(playbook("prepare_hosts", prepare_sudo_user="pi"))
    assert "its packages are left as they are" in said.lower()
    assert "NOPASSWD" in lab_host("lb1").check_output("visudo --check >/dev/null && cat /etc/sudoers.d/pi")


def test_nothing_is_shut_down_without_consent():
    assert "No host was shut down" in words(playbook("shut_down_hosts"))
    assert all(lab_host(name).run("true").rc == 0 for name in DAEMONS)


def test_the_hosts_are_shut_down_in_order_and_serve_when_they_are_switched_on():
    (last,) = holder()
    names = {name: container(name) for name in DAEMONS}
    docker("update", "--restart=no", *names.values())
    good(playbook("shut_down_hosts", shut_down_confirmed=True))
    ended = {name: docker("inspect", "--format={{.State.FinishedAt}}", host) for name, host in names.items()}
    order = sorted(ended, key=ended.__getitem__)
    assert sorted(order[1:4]) == SERVERS
    assert order[4] == last
    docker("update", "--restart=unless-stopped", *names.values())
    docker("start", *names.values())
    wait_until(well, "the cluster serves", 90)
    assert title() in SERVERS
