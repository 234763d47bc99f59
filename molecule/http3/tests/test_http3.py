"""Clients get the cluster's pages by HTTP/3, and by HTTP/2 where UDP does not get through."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml
from cluster import between, container, haproxy_info, holders, lab_host, wait_until
from controller import good, playbook
from inside import inside
from pages import examples

CLIENT = "client"
LOAD_BALANCERS = ["lb1", "lb2"]
VIP = f"{os.environ['LAB_PREFIX']}.240"
VIP6 = f"fd00:{os.environ['LAB_PREFIX'].split('.')[1]}::240"
SIZE = 50_000_000
HERE = Path(__file__).parent
ANSWER = "--silent --insecure --output /dev/null --write-out '%{http_code} %{http_version}'"
BLOCKED = (
    "nft add table inet blocked; nft 'add chain inet blocked input { type filter hook input priority 0; }'; "
    "nft add rule inet blocked input udp dport 443 drop"
)


def curl(words: str) -> str:
    return lab_host(CLIENT).check_output(f"curl {words}")


def put(name: str, program: str) -> None:
    text = (HERE / program).read_text(encoding="utf-8")
    lab_host(name).check_output("printf %%s %s > /root/%s", text, program)


@pytest.fixture(scope="module", autouse=True)
def _hosts_of_their_own():
    """Ports below 1024 are for root, as on every host; in a container they are for everybody."""
    for name in LOAD_BALANCERS:
        lab_host(name).check_output("sysctl --write net.ipv4.ip_unprivileged_port_start=1024")


@pytest.fixture(scope="module", autouse=True)
def large() -> Iterator[str]:
    """A large file of every web server; returns its digest."""
    for name in ("web1", "web2"):
        make = f"openssl enc -aes-128-ctr -nosalt -k x -iter 1 -in /dev/zero 2>/dev/null | head -c {SIZE}"
        lab_host(name).check_output(f"{make} > /var/www/web/large; chmod 644 /var/www/web/large")
    return lab_host("web1").check_output("sha256sum < /var/www/web/large").split()[0]


@pytest.mark.parametrize("vip", [VIP, f"[{VIP6}]"], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("path", ["/", "/healthz"])
def test_a_client_gets_an_answer_by_http3(vip, path):
    assert curl(f"{ANSWER} --http3-only 'https://{vip}{path}'") == "200 3"


def test_a_connection_has_a_socket_of_its_own(large):
    (holder,) = holders(LOAD_BALANCERS, VIP)
    with downloading(443, rate="1M"):
        assert lab_host(holder).check_output("ss --no-header --udp --numeric state established 'sport = 443'") != ""


def test_clients_over_tcp_are_told_of_http3_and_use_it():
    headers = curl(f"--silent --insecure --head https://{VIP}/")
    assert re.search('^alt-svc: h3=":443"; ma=300\r?$', headers, re.MULTILINE | re.IGNORECASE), headers
    memory = f"--alt-svc /root/alt_svc {ANSWER} https://{VIP}/"
    lab_host(CLIENT).check_output("rm -f /root/alt_svc")
    assert [curl(memory), curl(memory)] == ["200 2", "200 3"]


def test_each_port_is_announced_for_its_own_time():
    headers = curl(f"--silent --insecure --head https://{VIP}:8443/")
    assert 'h3=":8443"; ma=60' in headers


def test_a_large_download_is_complete(large):
    said = lab_host(CLIENT).check_output(f"curl --silent --insecure --http3-only https://{VIP}/large | sha256sum")
    assert said.split()[0] == large


def test_a_large_upload_is_complete():
    put("web1", "digest.py")
    lab_host(CLIENT).check_output(f"head -c {SIZE} /dev/urandom > /root/upload")
    with between(
        "web1",
        "systemd-run --quiet --unit digest python3 /root/digest.py; "
        "until curl --silent --data x http://127.0.0.1:8099/; do sleep 0.1; done",
        "systemctl stop digest",
    ):
        said = curl(f"--silent --insecure --http3-only --data-binary @/root/upload https://{VIP}:8443/")
    assert said == lab_host(CLIENT).check_output("sha256sum < /root/upload").split()[0]


def test_a_client_whose_udp_is_blocked_gets_its_answer_over_tcp():
    with ExitStack() as stack:
        for name in LOAD_BALANCERS:
            stack.enter_context(between(name, BLOCKED, "nft delete table inet blocked"))
        assert curl(f"{ANSWER} --http3 https://{VIP}/") == "200 2"
        assert lab_host(CLIENT).run(f"curl {ANSWER} --http3-only --max-time 2 https://{VIP}/").rc != 0
    assert curl(f"{ANSWER} --http3 https://{VIP}/") == "200 3"


@contextmanager
def downloading(port: int, rate: str) -> Iterator[subprocess.Popen]:
    """A slow download by HTTP/3 that has begun; prints its digest at its end."""
    command = (
        f"curl --silent --insecure --http3-only --limit-rate {rate} https://{VIP}:{port}/large | "
        "{ head -c 1000; echo begun >&2; cat; } | sha256sum"
    )
    process = subprocess.Popen(
        [*inside(container(CLIENT)), "sh", "-c", command], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr
    try:
        assert process.stderr.readline() == "begun\n"
        yield process
    finally:
        process.kill()


def test_reloads_break_no_connection_and_refuse_no_new_one(large):
    (holder,) = holders(LOAD_BALANCERS, VIP)
    before = haproxy_info(lab_host(holder))["Pid"]
    with downloading(443, rate="5M") as download:
        for _time in range(3):
            lab_host(holder).check_output("systemctl reload haproxy")
            assert curl(f"{ANSWER} --http3-only https://{VIP}/") == "200 3"
        assert haproxy_info(lab_host(holder))["Pid"] != before
        assert download.poll() is None, "the download has ended before the reloads"
        said, _nothing = download.communicate(timeout=300)
    assert said.split()[0] == large


def test_the_limit_of_connections_counts_those_of_http3():
    (holder,) = holders(LOAD_BALANCERS, VIP)
    current = "echo 'show stat' | socat - /run/haproxy/admin.sock | sed -n 's/^limited,FRONTEND,//p' | cut -d, -f3"
    wait_until(lambda: lab_host(holder).check_output(current) == "0", "nobody is connected", seconds=120)
    with downloading(9443, rate="50k") as first, downloading(9443, rate="50k") as second:
        wait_until(lambda: lab_host(holder).check_output(current) == "2", "both downloads are connections")
        third = lab_host(CLIENT).run(f"curl {ANSWER} --http3-only --max-time 3 https://{VIP}:9443/")
        assert third.rc != 0
        assert [first.poll(), second.poll()] == [None, None], "the downloads have ended before the third client has"
        lab_host(CLIENT).check_output("pkill curl")
    wait_until(
        lambda: lab_host(CLIENT).run(f"curl {ANSWER} --http3-only --max-time 3 https://{VIP}:9443/").stdout == "200 3",
        "a client is served when haproxy has noticed the end of a download",
        seconds=120,
    )


def test_connections_survive_moves_of_the_vip():
    put(CLIENT, "asker.py")
    command = [*inside(container(CLIENT)), "python3", "/root/asker.py", VIP, "443", "20"]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asker:
        assert asker.stdin
        assert asker.stdout
        assert asker.stdout.readline() == "ready\n"
        for _time in range(2):
            (before,) = holders(LOAD_BALANCERS, VIP)
            good(playbook("move_vip", move_vip_instance="cluster_vip", cluster_move_interval=0))
            assert holders(LOAD_BALANCERS, VIP) != [before]
            asker.stdin.write("\n")
            asker.stdin.flush()
            assert asker.stdout.readline() == "20\n"
        asker.stdin.close()


def test_the_page_of_the_task_says_what_to_write():
    frontend, *_others = map(yaml.safe_load, examples("how_to/serve_http3.md"))
    # The page is about a cluster without IPv6.
    binds = frontend["haproxy_frontends"][0]["binds"]
    binds += [{**bind, "address": "::", "options": ["v6only"]} for bind in binds]
    try:
        good(playbook("deploy_load_balancers", **frontend, haproxy_bind_defaults={}))
        assert curl(f"{ANSWER} --http3-only https://{VIP}/") == "200 3"
        assert curl(f"{ANSWER} http://{VIP}/") == "301 1.1"
    finally:
        good(playbook("deploy_load_balancers"))
