"""A pair that was set up by hand becomes a cluster of this collection, by the commands of docs/how_to/migrate.md, while
clients go on."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import import (
    haproxy_effect,
    haproxy_text,
    keepalived_effect,
    keepalived_text,
    nginx_effect,
    nginx_text,
)
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.haproxy_effect import list_differences
from cluster import booted, container, holders, is_backup, lab_host, takeovers, wait_until
from controller import INVENTORY, ROOT, ansible, good, playbook
from faults import docker
from pages import examples
from prober import KeepAlive, Prober

PREFIX = os.environ["LAB_PREFIX"]
VIP = f"{PREFIX}.240"
PAIR = ["lb1", "lb2"]
THREE = [*PAIR, "lb3"]
WEB = ["web1", "web2"]
PAGE = "how_to/migrate.md"
MINE = INVENTORY.parent / "mine"
COPIED = INVENTORY.parent / "copied"
OLD = INVENTORY.parent / "old"
PASSWORD = INVENTORY.parent / "vault.password"
NGINX = {
    "nginx_replace_sites": True,
    "nginx_sites": [{"name": "shop", "listens": ["80 default_server"], "root": "/srv/shop"}],
}
"""The web servers as somebody writes them who does not import them."""


IMPORT, COPY, LOOK, ENCRYPT, RESTORE, TAKE_OVER, IMPROVE = range(7)
"""The blocks of commands of the page, in their order."""


def run_block(number: int, *wanted: str, **environment: str) -> list[str]:
    """Run the commands of a block that have all of these words; returns their outputs.

    The page's paths are replaced by those of this run, and its example of a password by one that is asked of nobody."""
    blocks = examples(PAGE, "sh")
    assert len(blocks) == IMPROVE + 1
    places = {"your_inventory": INVENTORY, "inventories/mine": MINE, "inventories/copied": COPIED, "=old": f"={OLD}"}
    chosen = [line for line in blocks[number].replace("\\\n", " ").splitlines() if all(word in line for word in wanted)]
    assert chosen
    return [_run(line, places, environment) for line in chosen]


def _run(line: str, places: dict[str, object], environment: dict[str, str]) -> str:
    for old, new in places.items():
        line = line.replace(old, str(new))
    settings = {"ANSIBLE_PIPELINING": "1", "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_VAULT_PASSWORD_FILE": str(PASSWORD)}
    done = subprocess.run(
        shlex.split(line),
        cwd=ROOT,
        env={**os.environ, **settings, **environment},
        text=True,
        capture_output=True,
        check=False,
    )
    return good(done)


def configuration(name: str, daemon: str) -> dict[str, str]:
    """The files of a daemon by their paths."""
    find = f"find -L /etc/{daemon} -type f ! -name '*.pem' ! -path '*/errors/*'"
    return {path: lab_host(name).file(path).content_string for path in lab_host(name).check_output(find).split()}


def effects(name: str) -> dict[str, haproxy_effect.Effects]:
    """What the daemons of a host do, by their configuration."""
    if name in WEB:
        return {
            "nginx": nginx_effect.list_effects(nginx_text.parse(configuration(name, "nginx"), "/etc/nginx/nginx.conf"))
        }
    haproxy, keepalived = configuration(name, "haproxy"), configuration(name, "keepalived")
    return parse_pair(haproxy["/etc/haproxy/haproxy.cfg"], keepalived["/etc/keepalived/keepalived.conf"])


def parse_pair(haproxy: str, keepalived: str) -> dict[str, haproxy_effect.Effects]:
    return {
        "haproxy": haproxy_effect.list_effects(haproxy_text.parse({"haproxy.cfg": haproxy})),
        "keepalived": keepalived_effect.list_effects(
            keepalived_text.parse({"keepalived.conf": keepalived}, "keepalived.conf")
        ),
    }


def differences(before: dict, after: dict) -> list[str]:
    return [line for daemon in before for line in list_differences(before[daemon], after[daemon])]


def diffs(output: str) -> Iterator[tuple[str, str, str]]:
    """Header, text before and text after of all files in what a run with --diff says in JSON."""
    for play in json.loads(output[output.index("{") :])["plays"]:
        for task in play["tasks"]:
            for host in task["hosts"].values():
                for diff in host.get("diff") or []:
                    if isinstance(diff, dict) and "after" in diff:
                        yield diff.get("after_header", ""), str(diff["before"]), str(diff["after"])


def calls(page: str) -> list[list[str]]:
    """The modules that the page calls on a host, with their arguments, as Ansible wants them."""
    lines = re.findall(r"^ansible lb\d .*", "".join(examples(page, "sh")).replace("\\\n", " "), re.MULTILINE)
    return [words[words.index("-m") :] for words in map(shlex.split, lines)]


@contextmanager
def clients():
    """New clients every 10 ms, none of whom may be left without an answer.

    They wait as long as haproxy does for a server: where the lab shares its machine, haproxy itself is late."""
    with Prober(VIP, interval=0.01, timeout=30) as found:
        yield found
    assert {result.error for result in found.results if not result.ok} == set()
    assert len(found.results) > 20


def holder(nodes: list[str]) -> str:
    """The node that has the VIP, once there is one and the others wait."""
    found: list[str] = []

    def settled() -> bool:
        found[:] = holders(nodes, VIP)
        return len(found) == 1 and all(is_backup(name) for name in nodes if name not in found)

    wait_until(settled, "one holder, and backups", 60)
    return found[0]


def servers(name: str) -> list[str]:
    """The web servers that the load balancer has in rotation."""
    status = "echo 'show stat -1 4 -1' | socat - /run/haproxy/admin.sock | grep ',UP,' | cut -d, -f2"
    return sorted(lab_host(name).check_output(status).split())


def started(name: str, unit: str) -> str:
    return lab_host(name).check_output(f"systemctl show --value --property=InvocationID {unit}")


@pytest.fixture
def grown(tmp_path) -> list[str]:
    """Arguments for Ansible with which lb3 and web3 belong to the cluster."""
    hosts = {group: {"hosts": {name: {}}} for group, name in (("load_balancers", "lb3"), ("web_servers", "web3"))}
    (tmp_path / "grown.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    return ["-i", str(tmp_path / "grown.yml")]


def traces(name: str) -> str:
    """What is on the host of haproxy and keepalived, and what serves beside them."""
    files = (
        "find /etc/haproxy /etc/keepalived /etc/systemd/system /etc/sysctl.d -type f -exec sha256sum {} + | "
        "sort --key=2"
    )
    return lab_host(name).check_output(
        f"{files}; systemctl list-units --all --plain --no-legend 'keepalived*' 'haproxy*'; iptables-save | grep ^-A"
    )


@pytest.fixture(scope="module")
def hand_written():
    """What the daemons of every host do before anything is taken over."""
    return {name: effects(name) for name in [*PAIR, *WEB]}


def digest(name: str) -> str:
    """A digest of all that is below /etc on a host, with its owners, modes and times."""
    return lab_host(name).check_output(
        "cd /etc && find . -xdev -type f ! -name mtab -exec sha256sum {} + | sort | sha256sum && "
        "find . -xdev -printf '%p %m %u %g %l %T@\\n' | sort | sha256sum"
    )


def test_the_pair_is_imported_and_nothing_changes_on_the_hosts(hand_written):
    for folder in (MINE, COPIED, OLD):
        shutil.rmtree(folder, ignore_errors=True)
    PASSWORD.write_text("only for this lab", encoding="utf-8")
    for name in [*PAIR, *WEB]:
        for daemon in ("nginx",) if name in WEB else ("haproxy", "keepalived"):
            for path, text in configuration(name, daemon).items():
                (OLD / name / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
                (OLD / name / path.lstrip("/")).write_text(text, encoding="utf-8")
    before = {name: digest(name) for name in [*PAIR, *WEB]}
    outputs = [*run_block(IMPORT), *run_block(COPY)]
    assert {name: digest(name) for name in before} == before
    for folder in (MINE, COPIED):
        report = (folder / "report.md").read_text(encoding="utf-8")
        assert "## Not translated" not in report
        hosts = yaml.safe_load((folder / "hosts.yml").read_text(encoding="utf-8"))
        assert {group: list(item["hosts"]) for group, item in hosts.items()} == {
            "load_balancers": PAIR,
            "web_servers": WEB,
        }
        vault = folder / "group_vars/load_balancers/vault.yml"
        assert vault.stat().st_mode & 0o777 == 0o600
        secrets = ("by-hand-7", "by-hand8", "PRIVATE KEY")
        open_files = [path for path in folder.rglob("*.*") if path.is_file() and path != vault]
        said = "".join([*outputs, *(path.read_text(encoding="utf-8") for path in open_files)])
        assert [secret for secret in secrets if secret in said] == []
    assert "PRIVATE KEY" in (MINE / "group_vars/load_balancers/vault.yml").read_text(encoding="utf-8")
    assert "-A INPUT -d 224.0.0.18/32 -p vrrp -j ACCEPT" in (MINE / "report.md").read_text(encoding="utf-8")


def test_an_inventory_that_exists_is_not_overwritten():
    done = playbook("import_cluster", import_to=str(MINE))
    assert done.returncode
    assert "exists, and nothing was written: choose another import_to" in done.stdout + done.stderr


def test_nothing_that_has_an_effect_would_change(hand_written):
    run_block(LOOK, "check_input")
    (output,) = run_block(LOOK, "--diff", ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    run_block(ENCRYPT)
    seen = []
    for header, before, after in diffs(output):
        if header.endswith("haproxy.cfg"):
            seen.append("haproxy")
            assert differences(parse_pair(before, ""), parse_pair(after, "")) == []
        if header.endswith("keepalived.conf"):
            seen.append("keepalived")
            assert differences(parse_pair("", before), parse_pair("", after)) == []
    assert sorted(set(seen)) == ["haproxy", "keepalived"]


def test_a_node_goes_back_to_what_it_was(hand_written):
    before = traces("lb2")
    with clients():
        run_block(RESTORE, "--limit")
        assert differences(hand_written["lb2"], effects("lb2")) == []
        assert traces("lb2") != before
        run_block(RESTORE, "config_transaction")
        assert holder(PAIR) == "lb1"
    assert traces("lb2") == before


def test_the_pair_is_taken_over_as_it_is_and_nothing_is_restarted_or_moved(hand_written):
    assert holder(PAIR) == "lb1"
    before = {(name, unit): started(name, unit) for name in PAIR for unit in ("haproxy", "keepalived")}
    moves = sum(map(takeovers, PAIR))
    with clients():
        run_block(TAKE_OVER)
    assert holder(PAIR) == "lb1"
    assert sum(map(takeovers, PAIR)) == moves
    assert {(name, unit): started(name, unit) for name, unit in before} == before
    for name, wanted in hand_written.items():
        assert differences(wanted, effects(name)) == []
    assert set(re.findall(r"changed=(\d+)", run_block(TAKE_OVER, "site")[0])) == {"0"}


def list_additions(role: str) -> list[str]:
    """The names of what a role adds."""
    text = (ROOT / f"roles/{role}/vars/main.yml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text)[f"__{role}_base"]["additions"])


def test_the_additions_of_the_page_are_ones_that_the_roles_make():
    for text in examples("how_to/migrate.md"):
        for variable, names in yaml.safe_load(text).items():
            assert set(names) <= set(list_additions(variable.removesuffix("_additions")))


GROUPS = {"nginx": "web_servers", "haproxy": "load_balancers", "keepalived": "load_balancers"}
ADDITIONS = [(role, name) for role in GROUPS for name in list_additions(role)]


@pytest.mark.parametrize(("role", "name"), ADDITIONS)
def test_an_addition_is_switched_on_and_nobody_notices(role, name):
    before = holder(PAIR)
    path = MINE / f"group_vars/{GROUPS[role]}/additions.yml"
    variables = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    variables.setdefault(f"{role}_additions", []).append(name)
    path.write_text(yaml.safe_dump(variables), encoding="utf-8")
    with clients():
        run_block(IMPROVE, GROUPS[role])
        # A planned move, and the way back by preemption.
        wait_until(lambda: holders(PAIR, VIP) == [before], "the VIP is where it was", 60)


def test_without_plain_mode_the_same_is_there():
    for path in MINE.rglob("group_vars/*/*.yml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"(?m)^\w+_plain: true\n", "", text), encoding="utf-8")
    assert set(re.findall(r"changed=(\d+)", "".join(run_block(IMPROVE)))) == {"0"}
    run_block(TAKE_OVER, "check_cluster")


def test_the_vrrp_of_the_pair_becomes_that_of_the_collection():
    path = MINE / "group_vars/load_balancers/keepalived.yml"
    variables = yaml.safe_load(path.read_text(encoding="utf-8"))
    old = ("version", "advert_int", "unicast", "preempt", "auth_pass")
    (instance,) = variables["keepalived_instances"]
    variables["keepalived_instances"] = [{key: value for key, value in instance.items() if key not in old}]
    for script in variables["keepalived_scripts"]:
        del script["weight"]
    path.write_text(yaml.safe_dump(variables), encoding="utf-8")
    with clients():
        run_block(IMPROVE)
        holder(PAIR)
    run_block(TAKE_OVER, "check_cluster")


def test_the_same_hosts_can_have_an_inventory_that_was_written_by_hand():
    with clients():
        good(playbook("site", **NGINX))
        holder(PAIR)
    assert set(re.findall(r"changed=(\d+)", good(playbook("site", **NGINX)))) == {"0"}
    good(playbook("check_cluster"))


def test_a_haproxy_that_ends_is_noticed_at_once_although_nothing_was_restarted():
    with clients():
        lab_host("lb2").check_output("systemctl stop haproxy")
        wait_until(lambda: not is_backup("lb2"), "lb2 has noticed")
        lab_host("lb2").check_output("systemctl start haproxy")
        assert holder(PAIR) == "lb1"


def test_a_third_load_balancer_and_a_web_server_join_and_the_vip_stays(grown):
    before = holder(PAIR)
    with clients(), KeepAlive(VIP) as keepers:
        good(playbook("site", *grown, **NGINX))
    assert keepers.broken == []
    assert holder(THREE) == before
    assert [servers(name) for name in THREE] == [["web1", "web2", "web3"]] * 3
    good(playbook("check_cluster", *grown))


def test_packages_are_upgraded_and_hosts_reboot_that_ask_for_it(grown):
    hosts = [*THREE, "web1", "web2", "web3"]
    before = booted(hosts)
    for name in hosts:
        # Nothing newer is to be had in the lab.
        lab_host(name).check_output(
            "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/* && touch /var/run/reboot-required"
        )
    with clients(), KeepAlive(VIP) as keepers:
        good(
            playbook(
                "upgrade_packages",
                *grown,
                **NGINX,
                upgrade_packages=["haproxy", "nginx"],
                upgrade_reboot=True,
                cluster_move_interval=0,
            )
        )
    assert keepers.broken == []
    assert [name for name, moment in booted(hosts).items() if moment == before[name]] == []
    holder(THREE)


def test_a_host_dies_and_is_replaced(grown):
    dead = next(name for name in THREE if name != holder(THREE))
    others = [name for name in THREE if name != dead]
    with clients():
        docker("rm", "--force", container(dead))
        good(playbook("deploy_load_balancers", *grown, "--limit", f"all:!{dead}", haproxy_maxconn=5000))
        absent = {"cluster_absent_load_balancers": [dead]}
        good(playbook("deploy_web_servers", *grown, **NGINX, **absent, nginx_worker_connections=5000))
        assert holder(others)
        good(
            ansible(
                "ansible-playbook", ROOT / "tests/lab/create.yml", "--extra-vars", json.dumps({"lab_hosts": [dead]})
            )
        )
        good(playbook("site", *grown, **NGINX))
    holder(THREE)
    good(playbook("check_cluster", *grown))


def test_a_load_balancer_and_a_web_server_are_taken_out_for_good(grown):
    stop, show = calls("how_to/add_a_load_balancer.md")
    good(playbook("move_vip", *grown, move_vip_to="lb3", cluster_move_interval=0))
    with clients():
        with KeepAlive(VIP) as keepers:
            good(playbook("move_vip", *grown, move_vip_to="lb1", cluster_move_interval=0))
            good(ansible("ansible", "lb3", *stop))
            assert f"{VIP}:80" in good(ansible("ansible", "lb3", *show))
        assert keepers.broken == []
        wait_until(lambda: f"{VIP}:80" not in good(ansible("ansible", "lb3", *show)), "lb3 serves nobody")
        docker("kill", container("lb3"))
        good(playbook("site", **NGINX))
        docker("kill", container("web3"))
    assert holder(PAIR) == "lb1"
    assert [servers(name) for name in PAIR] == [["web1", "web2"]] * 2
    good(playbook("check_cluster"))
