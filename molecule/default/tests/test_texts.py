"""Whatever text stands in an inventory, the daemon reads exactly that text, unless the role has refused it."""

from __future__ import annotations

import base64
import json
import random
import re
from functools import cache
from types import ModuleType

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy import problems as haproxy_problems
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.text import find_unprintable_texts
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived import problems as vrrp_problems
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx import problems as nginx_problems
from cluster import lab_host, wait_until
from conftest import LOAD_BALANCERS
from controller import good, ignored, roles
from hypothesis import HealthCheck, Phase, given, settings
from samples.haproxy import variables as haproxy_variables
from samples.keepalived import FACTS
from samples.keepalived import declaration as vrrp_declaration
from samples.keepalived import instance as vrrp_instance
from samples.nasty import texts
from samples.nginx import declaration as nginx_declaration

WEB = "web3"
COUNT = 40
"""Texts of each kind that a daemon reads. All of them are deployed at once."""


class Unsafe(str):
    """A text that Ansible takes as it is, and not for a template. It would take "00" for a number, so others are plain
    texts."""


yaml.SafeDumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


def refuse(rules: ModuleType, given: dict, *facts: dict) -> list[str]:
    """The problems of an input, as a role's plan finds them."""
    return find_unprintable_texts(given) or rules.problems(given, *facts)


def user(name: str, password: str) -> dict:
    return {"name": name, "password": password, "insecure": True}


def haproxy_takes(name: str, password: str) -> bool:
    return not refuse(
        haproxy_problems, haproxy_variables(haproxy_userlists=[{"name": "texts", "users": [user(name, password)]}])
    )


def haproxy_asks(host: str) -> bool:
    backend = {
        "name": "texts",
        "health_check": {"host": host},
        "servers": [{"name": "a", "address": "192.0.2.1", "port": 80}],
    }
    return not refuse(haproxy_problems, haproxy_variables(haproxy_backends=[backend]))


def vrrp_takes(secret: str) -> bool:
    declared = vrrp_declaration([vrrp_instance(version=2, advert_int=1, auth_pass=secret)])
    return bool(secret) and not refuse(vrrp_problems, declared, FACTS)


def nginx_takes(text: str) -> bool:
    """A format without variables, whose text is the log's."""
    return "$" not in text and not refuse(
        nginx_problems, nginx_declaration(log_formats=[{"name": "a", "format": text}])
    )


TAKES = {
    "password": lambda text: haproxy_takes("jane", text),
    "name": lambda text: haproxy_takes(text, "a"),
    "host": haproxy_asks,
    "secret": vrrp_takes,
    "format": nginx_takes,
}


@cache
def chosen(kind: str) -> list[str]:
    """Different texts that the role does not refuse, the same ones as long as the code is the same."""
    found: dict[str, None] = {}

    @settings(
        derandomize=True,
        database=None,
        max_examples=500,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(texts)
    def collect(text: str) -> None:
        if TAKES[kind](text):
            found[text] = None

    collect()
    return [Unsafe(text) if "{" in text else text for text in random.Random(COUNT).sample(list(found), COUNT)]


@pytest.fixture(scope="module")
def standby() -> str:
    """A load balancer whose neighbour has the VIP."""
    return next(
        name for name in LOAD_BALANCERS if ".240/" not in lab_host(name).check_output("ip -brief address show dev eth0")
    )


LISTEN = """
import json, socketserver
class Server(socketserver.StreamRequestHandler):
    def handle(self):
        for line in iter(self.rfile.readline, b"\\r\\n"):
            name, _colon, value = line.decode().partition(": ")
            if name.lower() == "host":
                print(json.dumps(value.removesuffix("\\r\\n")), flush=True)
        self.wfile.write(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
socketserver.ThreadingTCPServer(("127.0.0.1", 8091), Server).serve_forever()
"""
"""Answers health checks, and says for which hosts it was asked."""


@pytest.fixture(scope="module")
def deployed(standby, tmp_path_factory):
    """All texts are what daemons run, while the stories of this module are told."""
    listen = {
        "name": "texts",
        "binds": [{"address": "127.0.0.1", "port": 8090}],
        "lines": ["http-request auth unless { http_auth(texts) }"],
    }
    server = {"name": "a", "address": "127.0.0.1", "port": 8091}
    logs = [f"/run/texts/{number} text{number}" for number in range(COUNT)]
    variables = {
        "haproxy_userlists": [
            {
                "name": "texts",
                "users": [user(name, password) for name, password in zip(chosen("name"), chosen("password"))],
            }
        ],
        "haproxy_listens": [{**listen, "lines": [*listen["lines"], "http-request return status 200"]}],
        "haproxy_backends": [
            {"name": "web", "servers": [server]},
            *(
                {"name": f"text{number}", "health_check": {"host": host}, "servers": [server]}
                for number, host in enumerate(chosen("host"))
            ),
        ],
        "keepalived_instances": [
            {"name": "cluster_vip", "virtual_router_id": 51, "virtual_ipaddress": [{"address": "{{ cluster_vip }}"}]},
            *(
                {
                    "name": f"text{number}",
                    "virtual_router_id": 100 + number,
                    "version": 2,
                    "advert_int": 1,
                    "auth_pass": secret,
                }
                | {"virtual_ipaddress": [{"address": f"192.0.2.{100 + number}/32"}]}
                for number, secret in enumerate(chosen("secret"))
            ),
        ],
        "nginx_log_formats": [
            {"name": f"text{number}", "format": text} for number, text in enumerate(chosen("format"))
        ],
        "nginx_sites": [
            {"name": "web", "listens": ["80 default_server"]},
            {"name": "texts", "listens": ["127.0.0.1:8090"], "access_logs": logs},
        ],
    }
    folder, hosts = tmp_path_factory.mktemp("texts"), {standby: ["haproxy", "keepalived"], WEB: ["nginx"]}
    lab_host(WEB).check_output("mkdir /run/texts")
    lab_host(standby).check_output("systemd-run --unit texts python3 -c %s", LISTEN)
    try:
        done = roles(folder, hosts, yaml.safe_dump(variables, sort_keys=False))
        assert ignored(good(done)) == [0, 0], done.stdout + done.stderr
        yield
    finally:
        assert ignored(good(roles(folder, hosts, "{}"))) == [0, 0]
        lab_host(WEB).check_output("rm -r /run/texts")
        lab_host(standby).check_output("systemctl stop texts")


ASK = """
import http.client, json, sys
for header in json.load(sys.stdin):
    connection = http.client.HTTPConnection("127.0.0.1", 8090)
    connection.request("GET", "/", headers={"Authorization": "Basic " + header})
    print(connection.getresponse().status)
"""


def statuses(name: str, users: list[tuple[str, str]]) -> list[str]:
    """What haproxy says to each of the users."""
    headers = json.dumps([base64.b64encode(f"{name}:{password}".encode()).decode() for name, password in users])
    return lab_host(name).check_output("echo %s | python3 -c %s", headers, ASK).split()


def test_haproxy_reads_names_and_passwords_as_they_are(deployed, standby):
    right = list(zip(chosen("name"), chosen("password")))
    wrong = [(name, f"{password}x") for name, password in right]
    assert [pair for pair, status in zip(right, statuses(standby, right)) if status != "200"] == []
    assert [pair for pair, status in zip(right, statuses(standby, wrong)) if status != "401"] == []


def test_haproxy_asks_for_hosts_as_they_are(deployed, standby):
    def asked() -> set[str]:
        return {
            json.loads(line)
            for line in lab_host(standby).check_output("journalctl --unit texts --output cat").splitlines()
            if line[0] == '"'
        }

    wait_until(lambda: len(asked()) >= COUNT, "a check of every backend")
    assert asked() == set(chosen("host"))


def test_keepalived_reads_passwords_as_they_are(deployed, standby):
    host = lab_host(standby)
    host.check_output("rm -f /tmp/keepalived.data && systemctl kill --signal USR1 --kill-who main keepalived")

    def read() -> list[str]:
        return re.findall(r"^ *Password = (.*)\n", host.run("cat /tmp/keepalived.data").stdout, re.MULTILINE)

    wait_until(lambda: len(read()) == COUNT, "keepalived's own view")
    assert read() == chosen("secret")


def test_nginx_writes_formats_as_they_are(deployed):
    host = lab_host(WEB)
    host.check_output("curl --silent http://127.0.0.1:8090/")
    read = "import json; print(json.dumps([open(f'/run/texts/{number}', newline='').read() for number in range(%s)]))"
    wait_until(lambda: all(json.loads(host.check_output("python3 -c %s", read % COUNT))), "the logs")
    assert json.loads(host.check_output("python3 -c %s", read % COUNT)) == [f"{text}\n" for text in chosen("format")]
