"""Every host knows who has changed what and when, and one command shows it."""

from __future__ import annotations

import json
import re

import pytest
from cluster import lab_host
from controller import good, playbook, words

LOAD_BALANCERS = ["lb1", "lb2"]
LOG = "/var/lib/evenkeel/haproxy.changes"


def logged(name: str) -> list[dict]:
    return [json.loads(line) for line in lab_host(name).check_output(f"cat {LOG}").splitlines()]


@pytest.fixture
def password():
    """The hash of a password that a change brings to the hosts, which lose it again."""
    yield lab_host("lb1").check_output("openssl passwd -6 Ruderalflora").strip()
    good(playbook("deploy_load_balancers"))


def test_a_change_is_logged_with_who_and_what_but_without_its_secret(password):
    before = {name: len(logged(name)) for name in LOAD_BALANCERS}
    change = {"haproxy_userlists": [{"name": "staff", "users": [{"name": "alice", "password": password}]}]}
    good(playbook("deploy_load_balancers", environment={"USER": "alice"}, **change))
    for name in LOAD_BALANCERS:
        entries = logged(name)
        assert len(entries) == before[name] + 1
        assert (entries[-1]["operator"], entries[-1]["outcome"], entries[-1]["action"]) == ("alice", "live", "reload")
        assert "haproxy.cfg" in entries[-1]["files"]
        assert entries[-1]["by"].startswith("root")
        assert password not in lab_host(name).check_output(f"cat {LOG}")
        assert lab_host(name).file(LOG).mode == 0o600
        assert lab_host(name).file("/var/lib/evenkeel").mode == 0o700
    output = good(playbook("show_changes", show_changes_last=3))
    for name in LOAD_BALANCERS:
        assert re.search(rf"\d\d:\d\d:\d\d +{name} +haproxy +alice \(root[^)]*\) +live +haproxy\.cfg", output), output
    status = good(playbook("check_cluster"))
    assert re.search(r"CHANGED \(UTC\) .*\n.* lb[12] +haproxy +alice", status), status


def test_a_refused_change_is_logged_and_a_trial_is_not():
    before = len(logged("lb1"))
    bad = {"haproxy_global_lines": ["no-such-word"]}
    # The trial of all nodes refuses it, so no host is touched.
    assert playbook("deploy_load_balancers", **bad).returncode != 0
    good(playbook("deploy_load_balancers", "--check", haproxy_retries=2))
    assert len(logged("lb1")) == before


def test_no_number_of_changes():
    done = playbook("show_changes", show_changes_last="many")
    assert done.returncode != 0
    assert "show_changes_last is 'many'" in words(done)


def test_a_roll_back_is_a_change_with_its_files():
    good(playbook("deploy_load_balancers", haproxy_retries=2))
    good(playbook("roll_back", roll_back_daemons=["haproxy"]))
    last = logged("lb2")[-1]
    assert (last["state"], last["outcome"], last["files"]) == ("previous", "live", ["haproxy.cfg"])
