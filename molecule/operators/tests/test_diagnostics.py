"""One command collects what somebody needs who looks for a fault, and nothing of it is secret."""

from __future__ import annotations

import re
import stat
import tarfile

from cluster import lab_host
from controller import good, playbook, words

HOSTS = ["lb1", "lb2", "web1", "web2", "web3"]


def test_the_archive_has_every_host_and_no_secret(tmp_path):
    archive = tmp_path / "night.tar.gz"
    done = playbook("collect_diagnostics", collect_diagnostics_to=archive)
    good(done)
    assert f"{archive} has the state of {', '.join(HOSTS)}" in words(done)
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    with tarfile.open(archive) as parts:
        texts = {name[2:]: parts.extractfile(name).read().decode() for name in parts.getnames() if name != "."}
    assert sorted(texts) == sorted(["cluster.txt", *(f"{name}.txt" for name in HOSTS)])
    assert '"healthy": true' in texts["cluster.txt"]
    for part in ("=== ip address", "frontend http_in", "vrrp_instance", "=== haproxy -vv", "pxname,svname"):
        assert part in texts["lb1.txt"], part
    assert "nginx.conf" in texts["web1.txt"]
    whole = "".join(texts.values())
    assert not re.search(r"PRIVATE KEY-----\n[A-Za-z0-9+/]{20}", whole)
    key = lab_host("lb1").check_output("cat /etc/keepalived/heartbeat.key").split()[0]
    assert len(key) > 16
    assert key not in whole
    password = lab_host("lb1").check_output("grep --only-matching 'stats auth .*' /etc/haproxy/haproxy.cfg || true")
    assert not password or password.rpartition(":")[2] not in whole
