"""Passwords and keys of an inventory, which are encrypted there, are where the daemons read them, for root and the
daemon's group, and nowhere else: whatever is printed, written to a journal or a command line, or kept beside."""

from __future__ import annotations

import re
import secrets
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from cluster import lab_host
from conftest import LOAD_BALANCERS
from controller import ansible, good, ignored, roles

pytestmark = pytest.mark.once
WEB = "web3"
SEARCHED = "/boot /etc /home /opt /root /run /srv /tmp /usr /var"
AS_NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups"


class Encrypted(str):
    """A text as a vault has it, which an inventory has in the place of the text."""


yaml.SafeDumper.add_representer(Encrypted, lambda dumper, text: dumper.represent_scalar("!vault", str(text), style="|"))


@dataclass(frozen=True)
class Vault:
    """Encrypts with a password in a file."""

    password: Path

    def encrypted(self, text: str) -> Encrypted:
        command = ["ansible-vault", "encrypt", "--vault-password-file", str(self.password), "--output", "-", "-"]
        return Encrypted(subprocess.run(command, input=text, check=True, capture_output=True, text=True).stdout)


@dataclass
class Watch:
    """What command lines and environments of this machine's processes, those of the lab's hosts among them, have had of
    the words."""

    words: list[bytes]
    seen: set[bytes] = field(default_factory=set)
    ended: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        while not self.ended.wait(0.02):
            for path in (*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")):
                try:
                    text = path.read_bytes()
                except OSError:
                    continue
                if any(word in text for word in self.words):
                    self.seen.add(text)


@contextmanager
def watched(words: list[str]) -> Iterator[Watch]:
    """Look at all processes while the context lasts."""
    watch = Watch([word.encode() for word in words])
    thread = threading.Thread(target=watch.look)
    thread.start()
    try:
        yield watch
    finally:
        watch.ended.set()
        thread.join()


@pytest.fixture(scope="module")
def standby() -> str:
    """A load balancer whose neighbour has the VIP."""
    return next(
        name for name in LOAD_BALANCERS if ".240/" not in lab_host(name).check_output("ip -brief address show dev eth0")
    )


@pytest.fixture(scope="module")
def words() -> dict[str, str]:
    """One word for every kind of secret, and a whole key; C(key) is a line of it that no other key has."""
    new = (
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=secret.example -keyout /dev/stdout -out /dev/stdout "
        "2>/dev/null"
    )
    pem = lab_host(WEB).check_output(new) + "\n"
    return {
        "pem": pem,
        "key": re.search("KEY-----\n(?:.*\n){5}(.*)\n", pem).group(1),
        **{kind: f"Pl4nted{secrets.token_hex(8)}" for kind in ("statistics", "userlist", "line")},
        "hash": f"$6$salt${secrets.token_hex(43)}",
        "vrrp": secrets.token_hex(4),
    }


@pytest.fixture(scope="module")
def planted(words, standby, tmp_path_factory):
    """A run that tries, one that deploys, modules that are asked afterwards, a run that is refused, and one that puts
    all back: what they printed, and what processes had."""
    folder = tmp_path_factory.mktemp("secrets")
    vault = Vault(folder / "password")
    vault.password.write_text(secrets.token_hex(8), encoding="ascii")
    # Some in a file that is encrypted as a whole, some among other variables.
    file = {f"vault_{kind}": words[kind] for kind in ("pem", "statistics", "line")}
    (folder / "vault.yml").write_text(vault.encrypted(yaml.safe_dump(file)), encoding="ascii")
    alone = {kind: vault.encrypted(words[kind]) for kind in ("userlist", "hash", "vrrp")}
    pem = {"content": "{{ vault_pem }}", "mode": "0600", "sensitive": True}
    variables = {
        "haproxy_stats_users": [{"name": "admin", "password": "{{ vault_statistics }}"}],
        "haproxy_userlists": [
            {
                "name": "staff",
                "users": [
                    {"name": "jane", "password": alone["userlist"], "insecure": True},
                    {"name": "joe", "password": alone["hash"]},
                ],
            }
        ],
        "haproxy_listens": [
            {
                "name": "planted",
                "binds": [{"port": 8443, "certificates": ["/etc/haproxy/planted.pem"]}],
                "lines": ["stats auth root:{{ vault_line }}", "http-request return status 204"],
            }
        ],
        "haproxy_files": [{"path": "planted.pem", **pem}],
        "keepalived_instances": [
            {"name": "cluster_vip", "virtual_router_id": 51, "virtual_ipaddress": [{"address": "{{ cluster_vip }}"}]},
            {
                "name": "planted",
                "virtual_router_id": 151,
                "version": 2,
                "advert_int": 1,
                "auth_pass": alone["vrrp"],
                "virtual_ipaddress": [{"address": "192.0.2.240/32"}],
            },
        ],
        "nginx_files": [{"path": "planted.pem", **pem}],
        "nginx_sites": [
            {"name": "web", "listens": ["80 default_server"]},
            {"name": "planted", "listens": ["8443 ssl"], "certificate": "planted.pem"},
        ],
    }
    # Each daemon has the words before its eyes when it refuses.
    refused = {
        **variables,
        "haproxy_listens": [{**variables["haproxy_listens"][0], "lines": ["password {{ vault_line }}"]}],
        "keepalived_extra_lines": ["auth_pass {{ keepalived_instances[1].auth_pass }}"],
        "nginx_sites": [variables["nginx_sites"][0], {**variables["nginx_sites"][1], "lines": ["colour blue;"]}],
    }
    hosts = {standby: ["haproxy", "keepalived"], WEB: ["nginx"]}
    daemons = [(host, name) for host, names in hosts.items() for name in names]

    def run(changed: dict, *argv: str) -> str:
        vaulted = ["--extra-vars", f"@{folder}/vault.yml", "--vault-password-file", vault.password]
        return good(roles(folder, hosts, yaml.safe_dump(changed), *vaulted, "-vvvv", "--diff", *argv))

    with watched([word for kind, word in words.items() if kind != "pem"]) as watch:
        printed = {
            "tried": run(variables, "--check"),
            "deployed": run(variables),
            "asked": "".join(
                good(ansible("ansible", host, "-m", f"evenkeel.ha_web.{name}_info", "-vvvv")) for host, name in daemons
            ),
            "refused": run(refused),
        }
    found = {host: files(host, words) for host in (standby, WEB)}
    printed["taken back"] = run({})
    return printed, watch.seen, found


def files(host: str, words: dict[str, str], user: str = "") -> dict[str, set[str]]:
    """The files of the host that have each of the words, as far as the user can read them."""
    kinds = {word: kind for kind, word in words.items() if kind != "pem"}
    found: dict[str, set[str]] = {kind: set() for kind in kinds.values()}
    # The words are no arguments, and the command is not one of the files.
    lines = " ".join(f"'{word}'" for word in kinds)
    search = (
        f"printf '%s\\n' {lines} | {user} grep --recursive --text --only-matching --with-filename --null --no-messages "
        f"--fixed-strings --file - {SEARCHED}"
    )
    for line in lab_host(host).run(search).stdout.splitlines():
        path, _null, word = line.partition("\0")
        found[kinds[word]].add(path)
    return found


def shown(text: str, words: dict[str, str]) -> list[str]:
    """The kinds of secrets that the text has."""
    return [kind for kind, word in words.items() if word in text]


def test_the_story_is_told(planted, standby):
    printed, _seen, found = planted
    assert {run: ignored(text) for run, text in printed.items()} == {
        "tried": [0, 0],
        "deployed": [0, 0],
        "asked": [],
        "refused": [2, 1],
        "taken back": [0, 0],
    }, re.findall(r"fatal: .*\n(?: .*\n)*", printed["deployed"])
    assert found[standby]["statistics"] >= {"/etc/haproxy/haproxy.cfg"}
    assert found[standby]["vrrp"] >= {"/etc/keepalived/keepalived.conf"}
    assert found[standby]["key"] >= {"/etc/haproxy/planted.pem"}
    assert found[WEB]["key"] >= {"/etc/nginx/planted.pem"}


@pytest.mark.parametrize("run", ["tried", "deployed", "asked", "refused", "taken back"])
def test_no_run_prints_a_secret_however_much_it_says(planted, words, run):
    assert shown(planted[0][run], words) == []


def test_no_process_had_a_secret_among_its_arguments(planted):
    assert planted[1] == set()


@pytest.mark.parametrize("name", [*LOAD_BALANCERS, WEB])
def test_no_journal_has_a_secret(planted, words, name):
    assert shown(lab_host(name).check_output("journalctl --output=cat --all"), words) == []


@pytest.mark.parametrize("name", [*LOAD_BALANCERS, WEB])
def test_users_of_the_host_can_read_no_secret_even_of_the_sets_that_are_kept(planted, words, name):
    assert [paths for paths in files(name, words, AS_NOBODY).values() if paths] == []


def test_what_was_a_secret_is_kept_where_it_was_only(planted, words, standby):
    kept = files(standby, words)
    for paths in kept.values():
        assert {str(Path(path).parent) for path in paths} <= {"/etc/.haproxy.previous", "/etc/.keepalived.previous"}
