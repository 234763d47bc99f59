"""Whoever has got the rights of a user of the daemons, or of nobody, does not get those of root by what root writes for
the daemons."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cluster import lab_host, wait_until
from conftest import LOAD_BALANCERS, WEB_SERVERS, copied
from controller import good, haproxy_server, ignored, roles
from testinfra.host import Host

ATTACKER = "/usr/local/lib/attacker.py"
OWN = {
    "haproxy": [],
    "keepalived_script": [],
    "nobody": [],
    "prometheus": ["/var/lib/prometheus", "/var/lib/prometheus/node-exporter"],
    "www-data": [f"/var/lib/nginx/{name}" for name in ("body", "fastcgi", "proxy", "scgi", "uwsgi")],
}
"""Where each user may write. docs/explanation/security.md says what root does there."""

SERVED = "/var/lib/prometheus/node-exporter"
LOOK = "find /root/victim /etc/victim.d /etc/systemd/system/victim.service -printf '%p %U:%G %m %n %s %C@\\n' | sort"
VICTIMS = """
set -e
mkdir -p /etc/victim.d
for file in /root/victim /etc/systemd/system/victim.service \\
    /etc/victim.d/keepalived.prom /etc/victim.d/lock /etc/victim.d/server-state
do echo '# of root' >$file; done
chmod 600 /root/victim
"""
MEND = """
for folder in /var/lib/prometheus; do
    find $folder -name '*.away' | sort -r | while read -r away; do
        [ ! -L "${away%.away}" ] || rm "${away%.away}"
        [ -e "${away%.away}" ] || mv "$away" "${away%.away}"
    done
    find $folder \\( -type p -or -type l -or -name '*.away' -or -lname '*victim*' \\) -delete
    find $folder -mindepth 1 -type d ! -name node-exporter -empty -delete
done
systemctl restart keepalived-metrics
"""


@pytest.fixture
def host(load_balancer) -> Host:
    """A load balancer with files of root that have to stay as they are, and nothing of an attacker's afterwards."""
    found = lab_host(load_balancer)
    copied(Path(__file__).with_name("attacker.py"), load_balancer, ATTACKER)
    found.check_output(VICTIMS)
    before = found.check_output(LOOK)
    yield found
    after = found.check_output(LOOK)
    found.check_output(MEND)
    found.check_output(f"rm -rf /root/victim /etc/victim.d /etc/systemd/system/victim.service {ATTACKER}")
    assert after == before


def attacked(host: Host, user: str, kind: str) -> list[str]:
    """Attack as a user; returns where the user may write."""
    return host.check_output(f"runuser -u {user} -- python3 -I {ATTACKER} {kind} 0").split()


def has_metrics(host: Host) -> bool:
    return (
        host.run(
            f"test -f {SERVED}/keepalived.prom -a ! -L {SERVED}/keepalived.prom && grep keepalived_up "
            f"{SERVED}/keepalived.prom"
        ).rc
        == 0
    )


@pytest.mark.parametrize("user", OWN)
def test_a_user_may_write_nowhere_else(user):
    # The lab's web servers have the package of haproxy too, with the directory that it brings.
    for name in LOAD_BALANCERS + (WEB_SERVERS if user != "haproxy" else []):
        host = lab_host(name)
        if host.run(f"id {user}").rc == 0:
            copied(Path(__file__).with_name("attacker.py"), name, ATTACKER)
            assert set(attacked(host, user, "nothing")) <= set(OWN[user]), name
            host.check_output(f"rm {ATTACKER}")


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "away"])
def test_the_work_is_done_whatever_stands_in_the_way(host, load_balancer, kind):
    assert not haproxy_server(load_balancer, servers=["web/web1"], state="drain")["failed"]
    for user in OWN:
        attacked(host, user, kind)
    for _again in range(2):
        host.check_output("systemctl reload haproxy")
    (server,) = haproxy_server(load_balancer, servers=["web/web1"], state="ready")["servers"]
    assert server["before"]["state"] == "drain"
    host.check_output("systemctl restart haproxy keepalived-metrics")
    for unit in ("haproxy", "keepalived", "keepalived-metrics"):
        assert host.check_output(f"systemctl is-active {unit}") == "active"
    if kind in ("link", "pipe"):
        wait_until(lambda: has_metrics(host), "metrics in the place of what was planted")
    else:
        said = (
            f"journalctl --unit keepalived-metrics --output cat --grep '{SERVED}/keepalived.prom is not written: "
            ".*directory'"
        )
        wait_until(lambda: host.run(said).rc == 0, "a message that says what is in the way")
    host.check_output(MEND)
    wait_until(lambda: has_metrics(host), "metrics")


def test_a_race_for_the_files_of_root_is_lost(host, load_balancer, tmp_path):
    variables = "haproxy_retries: 2"
    for user in OWN:
        host.check_output(f"systemd-run --unit attacker-{user} --uid {user} python3 -I {ATTACKER} all 600")
    try:
        with ThreadPoolExecutor() as background:
            deploy = background.submit(roles, tmp_path, {load_balancer: ["haproxy"]}, variables)
            for _again in range(5):
                host.check_output("systemctl restart keepalived-metrics")
            assert ignored(good(deploy.result())) == [0]
        assert ignored(good(roles(tmp_path, {load_balancer: ["haproxy"]}, "{}"))) == [0]
        for _again in range(5):
            host.check_output("systemctl reload haproxy && systemctl restart keepalived-metrics")
    finally:
        host.check_output("systemctl stop 'attacker-*'")


def test_a_full_disk_keeps_no_reload_and_no_metrics_from_the_rest_of_their_work(host):
    for folder in ("/run/haproxy-reload", SERVED):
        host.check_output(
            f"mount -t tmpfs -o size=8k full {folder} && cp -p /dev/null {folder}/lock && dd if=/dev/zero "
            f"of={folder}/x || true"
        )
    try:
        since = host.check_output("date +%s.%6N")
        host.check_output("systemctl reload haproxy && systemctl restart keepalived-metrics")
        for unit, said in (
            ("haproxy", "the state of the servers is not saved"),
            ("keepalived-metrics", "No space left on device"),
        ):
            found = f"journalctl --unit {unit} --since @{since} --output cat --grep '{said}'"
            wait_until(lambda command=found: host.run(command).rc == 0, said)
    finally:
        host.check_output(f"umount /run/haproxy-reload {SERVED} && systemctl restart keepalived-metrics")
    host.check_output("systemctl reload haproxy")
    wait_until(lambda: has_metrics(host), "metrics")
