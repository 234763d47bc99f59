"""The cluster of the Raspberry Pis in containers: what a client gets, and what their end, a change and another image
cost."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificates import certificate, hand_over
from cluster import (
    ask,
    booted,
    container,
    holders,
    is_backup,
    lab_host,
    sees_all_servers,
    stopped,
    takeovers,
    wait_until,
)
from controller import ansible, answered, good, playbook, words
from faults import docker, frozen, running
from hanging import collect_answers
from networks import in_lab
from newer import NAME, newer, versions
from prober import KeepAlive, Prober
from traffic import any_certificate

pytest.register_assert_rewrite("shutdown")
from shutdown import shut_down_in_order

LOAD_BALANCERS = ["lb1", "lb2"]
SERVERS = ["server1", "server2", "server3"]
VIP = in_lab("10.42.0.240")
STORE = "/var/lib/haproxy-certificates"
CHANGE = "http-response set-header X-Changed yes"
ADDRESSES = {"lb1": in_lab("10.42.0.11"), "lb2": in_lab("10.42.0.12")}
WITHOUT_APT = {f"{daemon}_image_lines": ["RUN command -v haproxy nginx"] for daemon in ("haproxy", "nginx")}
DAEMONS = {**dict.fromkeys(LOAD_BALANCERS, "haproxy"), **dict.fromkeys(SERVERS, "nginx")}


@pytest.fixture(params=DAEMONS)
def host(request) -> str:
    return request.param


def holder() -> list[str]:
    return holders(LOAD_BALANCERS, VIP)


def backup() -> str:
    (second,) = set(LOAD_BALANCERS) - set(holder())
    return second


def title() -> str:
    return re.search("<title>(.*)</title>", ask(f"http://{VIP}/").text).group(1)


def inspected(host: str) -> dict:
    """The host's one container, as Docker knows it."""
    (known,) = json.loads(lab_host(host).check_output(f"docker container inspect {DAEMONS[host]}"))
    return known


def images(host: str) -> list[str]:
    return lab_host(host).check_output(f"docker image ls --quiet evenkeel/{DAEMONS[host]}").split()


def containers() -> dict[str, str]:
    """The number of the container that each host has; none where a package serves."""
    return {name: lab_host(name).check_output("docker container ls --quiet") for name in DAEMONS}


def processes(host: str) -> list[tuple[str, str]]:
    """User and capabilities of each process of the daemon, the first one first."""
    first = inspected(host)["State"]["Pid"]
    pids = lab_host(host).check_output(f"echo {first} $(cat /proc/{first}/task/{first}/children)").split()
    found = [
        lab_host(host).check_output(f"stat --format %U /proc/{pid}; sed -n 's/^CapEff:.//p' /proc/{pid}/status")
        for pid in pids
    ]
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
    """No request and no connection is lost meanwhile."""
    with Prober(VIP, interval=0.02, timeout=10) as prober, KeepAlive(VIP, connections=10) as keeper:
        wait_until(lambda: prober.results and keeper.answers, "the first answers")
        yield
    assert [result.error for result in prober.results if not result.ok] == []
    assert keeper.broken == []


def deploy(name: str, *argv: object, check: Callable = good, line: str = CHANGE, **variables: object) -> str:
    """What a playbook said; the VIP may move again at once. The inventory's frontend has another line, and certificates
    to come."""
    binds = [{"port": 80}, {"port": 443, "certificates": [STORE]}]
    frontends = [{"name": "http_in", "binds": binds, "default_backend": "servers", "lines": [line]}]
    return check(playbook(name, *argv, cluster_move_interval=1, haproxy_frontends=frontends, **variables))


def served(address: str) -> str:
    """The certificate that somebody gets from the address."""
    with (
        socket.create_connection((address, 443), timeout=5) as plain,
        any_certificate().wrap_socket(plain, server_hostname="shop.example.com") as tls,
    ):
        return ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True)).strip()


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


def test_requests_are_in_the_hosts_log_and_messages_in_its_journal():
    ask(f"http://{VIP}/logged")
    (first,) = holder()
    wait_until(
        lambda: "GET /logged" in lab_host(first).run("cat /var/log/haproxy/access.log").stdout,
        "the request",
    )
    with stopped(SERVERS[0], "nginx"):
        report = f"journalctl --identifier haproxy --grep 'Server [^ ]*/{SERVERS[0]} is DOWN'"
        wait_until(lambda: lab_host(first).run(report).rc == 0, "the report of a server")
    assert "New worker" in lab_host(first).check_output("journalctl --unit haproxy --output cat")


def test_a_log_that_was_moved_is_begun_anew():
    log = "/var/log/nginx/access.log"
    lab_host("server1").check_output(f"mv {log} {log}.1 && systemctl kill --signal=USR1 nginx")
    wait_until(lambda: lab_host("server1").file(log).exists, "the new log")
    lab_host("server1").check_output("logrotate --debug /etc/logrotate.d/nginx")


def test_a_change_loses_no_request_and_is_no_new_container():
    before = containers()
    with lossless():
        deploy("site", cluster_serial=2, nginx_http_lines=["add_header X-Server-Changed yes;"])
    headers = ask(f"http://{VIP}/").headers
    assert (headers["X-Changed"], headers["X-Server-Changed"]) == ("yes", "yes")
    assert containers() == before


def test_the_images_haproxy_refuses_what_cannot_work_before_anything_changes():
    with lossless():
        said = deploy("deploy_load_balancers", check=words, line="http-response set-haeder X-Changed no")
    assert "refuses this configuration" in said
    assert "/etc/haproxy/haproxy.cfg:" in said
    assert ask(f"http://{VIP}/").headers["X-Changed"] == "yes"


def test_the_images_haproxy_tries_a_certificate_before_it_serves_it():
    key, begin, rest = certificate("shop.example.com").partition("-----BEGIN CERTIFICATE")
    other = certificate("other.example.com").partition("-----BEGIN CERTIFICATE")[0]
    for name, address in ADDRESSES.items():
        done = hand_over(name, "shop", key + begin + rest)
        assert done.rc == 0, done.stderr
        assert "haproxy cannot use it" in hand_over(name, "shop", other + begin + rest).stderr
        assert served(address) == (begin + rest).strip()


@pytest.fixture
def registry() -> Iterator[Callable[[str], None]]:
    """A registry on lb1, and how to have it serve what the lines of a Dockerfile make."""

    def serve(lines: str) -> None:
        lab_host("lb1").check_output("printf %%b %s | docker build --tag served -", lines)

    subprocess.run(
        ["docker", "cp", Path(__file__).with_name("registry.py"), f"{container('lb1')}:/root/registry.py"], check=True
    )
    with running("lb1", "registry", "python3 /root/registry.py"):
        wait_until(lambda: lab_host("lb1").socket("tcp://127.0.0.1:5000").is_listening, "the registry")
        yield serve


def test_a_base_is_pulled_where_it_is_missing_and_anew_when_that_is_wanted(registry):
    def built(**variables: object) -> int:
        """How many images it takes."""
        before = len(images("lb1"))
        good(playbook("build_images", *limit, haproxy_image_base=base, **variables))
        return len(images("lb1")) - before

    base, limit = "localhost:5000/base:1", ["--limit", "lb1"]
    registry("FROM debian:bookworm-slim")
    deploy("deploy_load_balancers", *limit, "--check", haproxy_image_base=base)
    assert lab_host("lb1").run(f"docker image inspect {base}").rc
    assert built() == 1
    registry("FROM debian:bookworm-slim\nLABEL newer=yes")
    assert built() == 0
    assert built(build_pull=True) == 1


def test_a_host_goes_over_to_packages_and_nothing_of_its_containers_is_left():
    second = backup()
    before = served(ADDRESSES[second])
    gone = {second: "haproxy", "server1": "nginx"}
    for name, daemon in gone.items():
        lab_host(name).check_output(f"touch /etc/{daemon}/mine")
    with lossless():
        deploy("site", "--limit", ":".join(gone), haproxy_runtime="package", nginx_runtime="package")
    for name, daemon in gone.items():
        assert lab_host(name).check_output("docker container ls --all --quiet") == ""
        assert images(name) == []
        places = f"/etc/{daemon}-container /etc/systemd/system/{daemon}.service /usr/local/lib/evenkeel/{daemon}"
        assert lab_host(name).run(f"ls --directory {places}").stdout == ""
        assert (
            lab_host(name).check_output(f"systemctl is-enabled {daemon}; pgrep --exact {daemon} >/dev/null")
            == "enabled"
        )
        assert not lab_host(name).file(f"/etc/{daemon}").is_symlink
        assert lab_host(name).file(f"/etc/{daemon}/mine").exists
    assert served(ADDRESSES[second]) == before
    wait_until(well, "all servers in rotation")


def test_other_images_take_over_everywhere_and_lose_nothing():
    """They were built before, beside what runs: on hosts with a container, and on those with a package."""
    before = {name: images(name) for name in DAEMONS}
    ran = containers()
    certificates = {name: served(address) for name, address in ADDRESSES.items()}
    good(playbook("build_images", **WITHOUT_APT))
    built = {name: set(images(name)) - set(old) for name, old in before.items()}
    assert containers() == ran
    with lossless():
        deploy("site", cluster_serial=2, **WITHOUT_APT)
    for name in before:
        (new,) = images(name)
        assert {new} == built[name]
        assert inspected(name)["Config"]["Image"].startswith("evenkeel/")
        assert lab_host(name).run(f"command -v {DAEMONS[name]}").rc
    for name in (name for name, old in before.items() if not old):
        assert lab_host(name).file(f"/etc/{DAEMONS[name]}/mine").exists
    assert {name: served(address) for name, address in ADDRESSES.items()} == certificates
    wait_until(well, "all servers in rotation")


def test_requests_end_that_wait_for_a_server_in_a_container_that_hangs():
    """haproxy sends those that are safe to another server."""
    wait_until(well, "all servers in rotation")

    def wait_until_down() -> None:
        wait_until(lambda: not any(map(sees_all_servers, LOAD_BALANCERS)), "server1 is down")

    answers = collect_answers(VIP, 80, frozen("server1", "nginx"), wait_until_down)
    # nginx refuses to take a body for a file.
    assert set(answers) == {("GET", 200), ("HEAD", 200), ("POST", 405), ("POST", 502)}
    wait_until(well, "all servers in rotation")


@pytest.mark.parametrize(
    "kill",
    ["killall --signal KILL haproxy", "docker kill haproxy", "systemctl kill --kill-whom=main --signal=KILL haproxy"],
)
def test_the_backup_takes_the_vip_when_haproxy_its_container_or_dockers_command_is_killed(kill):
    before = containers()
    with taken_over() as first:
        lab_host(first).check_output(kill)
    wait_until(lambda: is_backup(first), f"{first} is well again")
    assert containers()[first] not in ("", before[first])


def test_the_backup_takes_the_vip_when_haproxy_hangs():
    """By the module of the drill."""
    fault = "evenkeel.ha_web.host_fault"
    with taken_over() as first:
        good(ansible("ansible", first, "-m", fault, "-a", "fault=hung unit=haproxy seconds=60"))
    good(ansible("ansible", first, "-m", fault, "-a", "state=absent"))
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


def test_every_host_can_be_reached_as_root():
    good(playbook("ping_hosts"))


def test_a_user_gets_sudo_by_a_file_that_visudo_accepts():
    assert "failed to validate" in words(playbook("prepare_hosts", "--limit", "lb1", prepare_sudo_user="two words"))
    good(playbook("prepare_hosts", "--limit", "lb1", prepare_sudo_user="pi"))
    assert lab_host("lb1").check_output("visudo --check >/dev/null && ls /etc/sudoers.d") == "README\npi"
    assert "NOPASSWD" in lab_host("lb1").check_output("cat /etc/sudoers.d/pi")


def test_packages_are_upgraded_only_where_nobody_is_served():
    """Hosts that serve keep theirs until it is their turn to serve nobody."""
    hosts = ["lb1", "server1", "server3"]
    limit = ["--limit", ":".join(hosts)]
    with newer(*hosts):
        with stopped("server3", "nginx"):
            good(playbook("prepare_hosts", *limit, "--check"))
            assert versions(hosts) == ["1", "1", "1"]
            good(playbook("prepare_hosts", *limit))
            assert versions(hosts) == ["1", "1", "2"]
        with stopped("server3", "nginx"):
            assert set(re.findall(r"changed=(\d+)", good(playbook("prepare_hosts", *limit)))) == {"0"}
        wait_until(well, "all servers in rotation")
        before = {name: inspected(name)["Id"] for name in hosts}
        with lossless():
            deploy("upgrade_packages", *limit, upgrade_packages=[NAME], **WITHOUT_APT)
        assert versions(hosts) == ["2", "2", "2"]
        assert [name for name, container in before.items() if inspected(name)["Id"] == container] == ["server3"]


def test_every_host_is_rebooted_and_its_container_is_back():
    wait_until(well, "all servers in rotation")
    before = booted(DAEMONS)
    built = {name: images(name) for name in DAEMONS}
    second, moves = backup(), sum(map(takeovers, LOAD_BALANCERS))
    with lossless():
        deploy("reboot_hosts", **WITHOUT_APT)
    assert [name for name, moment in booted(DAEMONS).items() if moment == before[name]] == []
    assert {name: images(name) for name in DAEMONS} == built
    assert all(inspected(name)["State"]["Running"] for name in DAEMONS)
    assert holder() == [second]
    assert sum(map(takeovers, LOAD_BALANCERS)) == moves + 1
    wait_until(well, "all servers in rotation")


def test_a_node_with_published_ports_serves_as_well():
    second = backup()
    deploy("deploy_load_balancers", "--limit", second, haproxy_container_ports=["80:80"])
    assert inspected(second)["HostConfig"]["NetworkMode"] == "bridge"
    with taken_over() as first, stopped(first, "haproxy"):
        wait_until(lambda: holder() == [second], f"{second} holds the VIP")
    wait_until(lambda: is_backup(first), f"{first} is well again")


def test_nothing_is_shut_down_without_consent():
    assert "No host was shut down" in words(playbook("shut_down_hosts"))
    assert "No host was shut down" in answered("shut_down_hosts", "Type yes to begin", "no")
    assert all(lab_host(name).run("true").rc == 0 for name in DAEMONS)


def test_the_hosts_are_shut_down_in_order_and_serve_when_they_are_switched_on():
    shut_down_in_order([backup()], SERVERS, holder())
    wait_until(well, "the cluster serves", 90)
    assert title() in SERVERS
