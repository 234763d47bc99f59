"""A file or a site that is declared absent is removed by the deployment, and is back where that fails."""

from __future__ import annotations

import re

import pytest
import yaml
from cluster import lab_host
from controller import ignored, roles

pytestmark = pytest.mark.long
HOSTS = {"lb1": ["haproxy", "keepalived"], "web1": ["nginx"]}
FILES = {
    (host, daemon): [f"/etc/{daemon}/theirs.txt", f"/etc/systemd/system/{daemon}.service.d/theirs.conf"]
    for host, daemons in HOSTS.items()
    for daemon in daemons
}
"""In the directory of each daemon, and beside it."""
ABSENT = {
    f"{daemon}_files": [{"path": "theirs.txt", "state": "absent"}, {"path": outside, "state": "absent"}]
    for (_host, daemon), (_inside, outside) in FILES.items()
}
FAULTS = {
    "haproxy_global_lines": ["colour blue"],
    "keepalived_global_lines": ["colour blue"],
    "nginx_http_lines": ["colour blue;"],
}
SITE = {"name": "second", "listens": ["8089"]}


def deploy(folder, variables: dict, *argv: str, hosts: dict[str, list[str]] | None = None) -> dict[str, int]:
    """Run the roles; returns the number of changes by host."""
    done = roles(folder, hosts or HOSTS, yaml.safe_dump(variables), *argv)
    return {host: int(number) for host, number in re.findall(r"(?m)^(\w+) +: ok=\d+ +changed=(\d+)", done.stdout)} | {
        "ignored": sum(ignored(done.stdout))
    }


def there() -> set[str]:
    """The files that are on the hosts."""
    return {path for (host, _daemon), paths in FILES.items() for path in paths if lab_host(host).file(path).exists}


@pytest.fixture
def their_files():
    """A file of somebody else in the directory of each daemon, and a drop-in of its unit."""
    everywhere = {path for paths in FILES.values() for path in paths}
    for (host, _daemon), paths in FILES.items():
        for path in paths:
            lab_host(host).run_expect([0], "mkdir -p $(dirname %s) && echo '# theirs' > %s", path, path)
        lab_host(host).check_output("systemctl daemon-reload")
    yield everywhere
    for (host, _daemon), paths in FILES.items():
        lab_host(host).check_output(f"rm -f {' '.join(paths)} && systemctl daemon-reload")


def test_files_are_removed_with_the_deployment_and_come_back_without_it(their_files, tmp_path):
    assert deploy(tmp_path, ABSENT, "--check", "--diff") == {"lb1": 2, "web1": 1, "ignored": 0}
    assert deploy(tmp_path, {**ABSENT, **FAULTS})["ignored"] == 3
    assert there() == their_files
    assert deploy(tmp_path, ABSENT) == {"lb1": 2, "web1": 1, "ignored": 0}
    assert there() == set()
    assert deploy(tmp_path, ABSENT) == {"lb1": 0, "web1": 0, "ignored": 0}
    assert deploy(tmp_path, {})["ignored"] == 0
    assert there() == {path for path in their_files if path.startswith("/etc/systemd")}


def test_an_absent_site_is_not_served(tmp_path):
    web = {"name": "web", "listens": ["80 default_server"]}
    nginx = {"hosts": {"web1": ["nginx"]}}
    answers = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8089/healthz; true"
    assert deploy(tmp_path, {"nginx_sites": [web, SITE]}, **nginx) == {"web1": 1, "ignored": 0}
    assert lab_host("web1").check_output(answers) == "200"
    absent = {"nginx_sites": [web, {**SITE, "state": "absent"}]}
    assert deploy(tmp_path, absent, **nginx) == {"web1": 1, "ignored": 0}
    assert lab_host("web1").check_output(answers) == "000"
    assert deploy(tmp_path, absent, **nginx) == {"web1": 0, "ignored": 0}
