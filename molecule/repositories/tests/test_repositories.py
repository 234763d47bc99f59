"""Daemons come from the declared repository in the declared release, and nothing else does."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from apt_repository import SUITE, Key, repackage, write_index
from cluster import container, lab_host, wait_until
from controller import ansible, good, playbook, words
from pages import examples

LOAD_BALANCERS, WEB_SERVERS = ["lb1", "lb2"], ["web1", "web2"]
PREFIX = os.environ["LAB_PREFIX"]
VIP, MIRROR = f"{PREFIX}.240", f"http://{PREFIX}.31:8000"
FILES = "/etc/apt/sources.list.d/evenkeel-*", "/etc/apt/preferences.d/evenkeel-*"
ROOT = "/srv/packages"


class Mirror:
    """The repository, on the host that serves it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "root"
        (self.root / "pool").mkdir(parents=True)
        self.key = Key(folder / "gpg", "stories")
        self.packages = {name: self._fetch(name) for name in ("haproxy", "keepalived", "nginx", "nginx-common", "curl")}

    def _fetch(self, name: str) -> Path:
        """The distribution's package, which a host has downloaded."""
        lab_host("mirror").check_output(f"cd /srv && ls {name}_*.deb || apt-get download {name}")
        path = lab_host("mirror").check_output(f"ls /srv/{name}_*.deb")
        subprocess.run(["docker", "cp", "--quiet", f"{container('mirror')}:{path}", self.folder], check=True)
        return self.folder / Path(path).name

    def version(self, name: str) -> str:
        """The version of the distribution's package."""
        return re.search("_(.*)_", self.packages[name].name)[1].replace("%3a", ":")

    def add(self, name: str, version: str, depends: str = "") -> None:
        repackage(self.packages[name], version, self.root / "pool", depends)

    def publish(self) -> None:
        """Sign and serve what was added."""
        write_index(self.root, self.key)
        (self.root / "key.asc").write_text(self.key.public, encoding="utf-8")
        lab_host("mirror").check_output(f"rm -rf {ROOT}")
        subprocess.run(["docker", "cp", "--quiet", self.root, f"{container('mirror')}:{ROOT}"], check=True)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory) -> Iterator[Mirror]:
    # gpg's agent has a socket there, whose path must be short.
    found = Mirror(tmp_path_factory.mktemp("apt"))
    found.add("haproxy", "2.6.98-1")
    found.add("haproxy", "2.4.99-1")
    found.add("haproxy", "2.7.1-1", "no-such-package")
    found.add("curl", "99.1-1")
    found.publish()
    host = lab_host("mirror")
    host.check_output(
        "systemd-run --quiet --unit packages --property=WorkingDirectory=/srv python3 -m http.server 8000"
    )
    wait_until(lambda: host.run(f"curl --silent --fail {MIRROR}/packages/key.asc").rc == 0, "the mirror answers")
    yield found
    host.check_output("systemctl stop packages")


@pytest.fixture(scope="module")
def repository(mirror) -> dict:
    """What an inventory says of it."""
    example = yaml.safe_load(examples("how_to/choose_the_release.md")[0])["haproxy_repository"]
    assert set(example) == {"uris", "suites", "components", "key_url", "fingerprints"}
    return {
        **example,
        "uris": [f"{MIRROR}/packages"],
        "suites": [SUITE],
        "key_url": f"{MIRROR}/packages/key.asc",
        "fingerprints": [mirror.key.fingerprint],
    }


def deploy(tmp_path: Path, *argv: str, name: str = "site", **variables: object) -> subprocess.CompletedProcess:
    (tmp_path / "variables.yml").write_text(yaml.safe_dump(variables), encoding="utf-8")
    return playbook(name, "--extra-vars", f"@{tmp_path}/variables.yml", *argv)


def installed(host: str, package: str = "haproxy") -> str:
    said = lab_host(host).run("dpkg-query --show --showformat='${db:Status-Status} ${Version}' %s", package).stdout
    return said.removeprefix("installed ") if said.startswith("installed ") else ""


def state(host: str) -> tuple[str, str, str]:
    """What a refused change must not change."""
    found = lab_host(host)
    return (
        found.run(f"cat {' '.join(FILES)}").stdout,
        installed(host),
        found.check_output("systemctl show --property=MainPID haproxy; ls /var/lib/apt/lists | sort"),
    )


def refusal(done: subprocess.CompletedProcess) -> str:
    assert done.returncode != 0, done.stdout
    return words(done)


@contextmanager
def unlost() -> Iterator[None]:
    """No request of clients with a new connection each is lost within the context."""
    over, lost, got = threading.Event(), [], []

    def client() -> None:
        while not over.wait(0.05):
            connection = http.client.HTTPConnection(VIP, timeout=60)
            try:
                connection.request("GET", "/")
                got.append(connection.getresponse().status)
            except (OSError, http.client.HTTPException) as error:
                lost.append(repr(error))
            finally:
                connection.close()

    threads = [threading.Thread(target=client) for _number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert lost == []
    assert set(got) == {200}


def test_check_mode_on_a_bare_host_tells_the_release_and_writes_nothing(tmp_path, repository):
    play = [
        {
            "hosts": "mirror",
            "gather_facts": False,
            "vars": {"haproxy_repository": repository, "haproxy_version": "2.6"},
            "tasks": [{"import_role": {"name": "evenkeel.ha_web.haproxy"}}],
        }
    ]
    (tmp_path / "bare.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    output = good(ansible("ansible-playbook", tmp_path / "bare.yml", "--check", "--diff"))
    assert f"+URIs: {MIRROR}/packages" in output
    assert lab_host("mirror").run(f"ls {' '.join(FILES)}").stdout == ""
    assert installed("mirror") == ""


@pytest.mark.parametrize(
    ("changes", "version", "reason"),
    [
        ({}, "2.9", r"haproxy_version is '2\.9', but .* have haproxy 2\.7\.1-1, 2\.6\.98-1, .*2\.4\.99-1"),
        ({}, "2.7", "haproxy=2.7.1-1: .*no-such-package"),
        ({}, "2.4", "2.6.*is installed.*haproxy_allow_downgrade"),
        ({"fingerprints": ["0" * 40]}, "2.6", "its fingerprint is [0-9A-F]{40}, but 0{40} was declared"),
        ({"uris": [f"http://{PREFIX}.31:8001/packages"]}, "2.6", "haproxy_repository .*8001.* cannot be read"),
        ({"suites": ["nowhere"]}, "2.6", "does not have a Release file"),
        ({"key_url": ""}, "2.6", "exactly one of key, key_url, keyring is needed"),
    ],
)
def test_what_cannot_be_had_is_refused_before_a_host_is_touched(tmp_path, repository, changes, version, reason):
    before = {name: state(name) for name in LOAD_BALANCERS}
    done = deploy(tmp_path, haproxy_repository={**repository, **changes}, haproxy_version=version)
    assert re.search(reason, refusal(done)), done.stdout
    assert {name: state(name) for name in LOAD_BALANCERS} == before


def test_a_repository_signed_by_another_key_is_refused(tmp_path, repository, mirror):
    before = {name: state(name) for name in LOAD_BALANCERS}
    other = Key(tmp_path / "gpg", "other")
    foreign = {key: value for key, value in repository.items() if key not in ("key_url", "fingerprints")}
    done = deploy(tmp_path, haproxy_repository={**foreign, "key": other.public}, haproxy_version="2.6")
    assert re.search("haproxy_repository .* cannot be read: .*(NO_PUBKEY|not signed)", refusal(done)), done.stdout
    assert {name: state(name) for name in LOAD_BALANCERS} == before


def test_a_deployment_installs_the_release_without_loss(tmp_path, repository):
    with unlost():
        output = good(deploy(tmp_path, haproxy_repository=repository, haproxy_version="2.6.98"))
    assert {installed(name) for name in LOAD_BALANCERS} == {"2.6.98-1"}, output


def test_the_next_deployment_changes_nothing_and_needs_no_mirror(tmp_path, repository):
    lab_host("mirror").check_output("systemctl kill --signal=STOP packages")
    try:
        output = good(deploy(tmp_path, haproxy_repository=repository, haproxy_version="2.6.98"))
    finally:
        lab_host("mirror").check_output("systemctl kill --signal=CONT packages")
    assert set(re.findall(r"changed=(\d+)", output)) == {"0"}, output


def test_hosts_that_the_declaration_does_not_concern_have_nothing(tmp_path):
    assert [name for name in (*WEB_SERVERS, "mirror") if lab_host(name).run(f"ls {' '.join(FILES)}").stdout] == []


@pytest.mark.parametrize("name", LOAD_BALANCERS)
def test_nothing_else_comes_from_the_repository(name):
    policy = lab_host(name).check_output("apt-cache policy curl")
    assert "99.1-1" in policy
    assert "Candidate: 99.1-1" not in policy


def test_an_upgrade_stays_within_the_release_and_loses_nothing(tmp_path, repository, mirror):
    for version in ("2.6.99-1", "2.60.1-1", "3.9.1-1"):
        mirror.add("haproxy", version)
    mirror.publish()
    good(deploy(tmp_path, haproxy_repository=repository, haproxy_version="2.6"))
    assert {installed(name) for name in LOAD_BALANCERS} == {"2.6.98-1"}
    with unlost():
        good(
            deploy(
                tmp_path,
                name="upgrade_packages",
                haproxy_repository=repository,
                haproxy_version="2.6",
                upgrade_packages=["haproxy"],
            )
        )
    assert {installed(name) for name in LOAD_BALANCERS} == {"2.6.99-1"}


def test_an_older_release_is_installed_where_the_inventory_allows_it(tmp_path, repository):
    wanted = {"haproxy_repository": repository, "haproxy_version": "2.6.98-1"}
    before = {name: state(name) for name in LOAD_BALANCERS}
    assert "haproxy_allow_downgrade" in refusal(deploy(tmp_path, **wanted))
    assert {name: state(name) for name in LOAD_BALANCERS} == before
    with unlost():
        good(deploy(tmp_path, haproxy_allow_downgrade=True, **wanted))
    assert {installed(name) for name in LOAD_BALANCERS} == {"2.6.98-1"}


def test_keepalived_and_nginx_come_from_it_as_well(tmp_path, repository, mirror):
    # The packages of one source need each other in nearly one version.
    versions = {name: f"{mirror.version(name)}.0" for name in ("keepalived", "nginx", "nginx-common")}
    for name, version in versions.items():
        mirror.add(name, version)
    mirror.publish()
    declared = {
        f"{daemon}_{key}": value
        for daemon in ("keepalived", "nginx")
        for key, value in (("repository", repository), ("version", versions[daemon]))
    }
    kept = {"haproxy_repository": repository, "haproxy_version": "2.6"}
    with unlost():
        good(deploy(tmp_path, **declared, **kept))
    assert {installed(name, "keepalived") for name in LOAD_BALANCERS} == {versions["keepalived"]}
    for package in ("nginx", "nginx-common"):
        assert {installed(name, package) for name in WEB_SERVERS} == {versions[package]}
    assert set(re.findall(r"changed=(\d+)", good(deploy(tmp_path, **declared, **kept)))) == {"0"}


def test_what_is_declared_no_longer_is_removed_and_the_release_stays(tmp_path):
    good(deploy(tmp_path))
    left = {name: lab_host(name).run(f"ls {' '.join(FILES)}").stdout for name in LOAD_BALANCERS + WEB_SERVERS}
    assert set(left.values()) == {""}
    assert {installed(name) for name in LOAD_BALANCERS} == {"2.6.98-1"}
    assert set(re.findall(r"changed=(\d+)", good(deploy(tmp_path)))) == {"0"}
