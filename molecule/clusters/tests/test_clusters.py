"""Production and staging in one inventory: every playbook works on one of them, and the other one goes on serving as it
was."""

from __future__ import annotations

import os
import re

import pytest
from cluster import ask, holders, lab_host, stopped, wait_until
from controller import good, playbook, words
from prober import Prober

PREFIX = os.environ["LAB_PREFIX"]
HOSTS = {"production": ["lb1", "lb2", "web1"], "staging": ["lb3", "lb4", "web2", "web3"]}
VIPS = {"production": f"{PREFIX}.240", "staging": f"{PREFIX}.241"}
CHECKED = ("check_input", "site", "deploy_load_balancers", "deploy_web_servers", "ping_hosts", "collect_diagnostics")
PLANNED = ("upgrade_packages", "reboot_hosts", "prepare_hosts", "shut_down_hosts", "roll_back", "move_vip", "uninstall")


def run(cluster: str, name: str, *argv: str, **variables: object):
    """Run a playbook for the cluster, whose groups are named as the documentation says."""
    groups = {"cluster_load_balancer_group": f"{cluster}_edge", "cluster_web_server_group": f"{cluster}_shop"}
    return playbook(name, *argv, **groups, **variables)


def load_balancers(cluster: str) -> list[str]:
    return [name for name in HOSTS[cluster] if name.startswith("lb")]


def web_servers(cluster: str) -> set[str]:
    return {name for name in HOSTS[cluster] if name.startswith("web")}


def digests(cluster: str) -> dict[str, str]:
    """The files of all daemons on every host of the cluster."""
    files = "find /etc/haproxy /etc/keepalived /etc/nginx -type f 2>/dev/null | sort | xargs sha256sum | sha256sum"
    return {name: lab_host(name).check_output(files) for name in HOSTS[cluster]}


def touched(output: str) -> set[str]:
    """The hosts in the recap of a run, without the controller."""
    return set(re.findall(r"^(\w+) +: ok=", output, re.MULTILINE)) - {"localhost"}


@pytest.fixture(scope="module", autouse=True)
def _deployed():
    before = digests("production")
    good(run("staging", "site"))
    assert digests("production") == before


@pytest.mark.parametrize("cluster", HOSTS)
def test_each_vip_leads_to_the_servers_of_its_cluster(cluster):
    answers = {ask(f"http://{VIPS[cluster]}/").text for _again in range(4)}
    everywhere = {name for other in HOSTS for name in web_servers(other)}
    named = {frozenset(name for name in everywhere if name in answer) for answer in answers}
    assert named <= {frozenset({name}) for name in web_servers(cluster)}
    assert len(holders(load_balancers(cluster), VIPS[cluster])) == 1
    (other,) = set(VIPS) - {cluster}
    assert holders(load_balancers(cluster), VIPS[other]) == []


@pytest.mark.parametrize("cluster", HOSTS)
def test_a_second_run_changes_nothing(cluster):
    output = good(run(cluster, "site"))
    assert set(re.findall(r"changed=(\d+)", output)) == {"0"}, output


@pytest.mark.parametrize("cluster", HOSTS)
def test_the_check_of_a_cluster_is_about_its_hosts_alone(cluster):
    output = good(run(cluster, "check_cluster"))
    assert "No problems found." in output
    (other,) = set(HOSTS) - {cluster}
    assert not re.search(rf"\b({'|'.join(HOSTS[other])})\b", output)


@pytest.mark.parametrize("name", CHECKED + PLANNED)
def test_a_playbook_reaches_only_the_hosts_of_its_cluster(name, tmp_path):
    variables = {"collect_diagnostics_to": tmp_path / "state.tar.gz"} if name == "collect_diagnostics" else {}
    done = run("staging", name, *(["--check"] if name in PLANNED else []), **variables)
    assert touched(done.stdout) <= set(HOSTS["staging"]), words(done)
    assert done.returncode == 0 or name in ("roll_back", "uninstall"), words(done)


def test_work_on_staging_is_not_noticed_in_production():
    before, (holder,) = digests("production"), holders(load_balancers("production"), VIPS["production"])
    (standing,) = holders(load_balancers("staging"), VIPS["staging"])
    with Prober(VIPS["production"], 80, interval=0.05, timeout=10) as prober:
        good(run("staging", "move_vip", cluster_move_interval=0))
        assert holders(load_balancers("staging"), VIPS["staging"]) != [standing]
        good(run("staging", "deploy_load_balancers", haproxy_timeouts={"client": "31s"}))
        # Drained, deployed and put back.
        good(run("staging", "deploy_web_servers", nginx_http_lines=["# another release"]))
        good(run("staging", "site"))
        seen = len(prober.results)
        wait_until(lambda: len(prober.results) > seen + 20, "further clients")
    assert [result for result in prober.results if not result.ok] == []
    assert digests("production") == before
    assert holders(load_balancers("production"), VIPS["production"]) == [holder]


def test_a_fault_is_a_finding_of_its_cluster_alone():
    (holder,) = holders(load_balancers("staging"), VIPS["staging"])
    (other,) = set(load_balancers("staging")) - {holder}
    with stopped(holder, "haproxy"):
        wait_until(lambda: holders(load_balancers("staging"), VIPS["staging"]) == [other], "the VIP has moved")
        assert f"{holder}: haproxy does not run" in words(run("staging", "check_cluster"))
        assert "No problems found." in good(run("production", "check_cluster"))
    wait_until(lambda: run("staging", "check_cluster").returncode == 0, "staging is well again", 120)


def test_the_vip_of_the_other_cluster_is_refused():
    before = digests("staging")
    done = run("staging", "deploy_load_balancers", cluster_vip=f"{VIPS['production']}/24")
    assert done.returncode != 0
    assert f"{VIPS['production']} is in use" in words(done)
    assert digests("staging") == before
    assert "No problems found." in good(run("production", "check_cluster"))


def test_groups_of_both_clusters_in_one_run_are_refused():
    done = playbook(
        "check_input", cluster_load_balancer_group="production_edge", cluster_web_server_group="staging_shops"
    )
    assert done.returncode != 0
    assert "did you mean staging_shop?" in words(done)
