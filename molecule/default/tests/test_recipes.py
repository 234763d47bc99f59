"""The recipes of the how-to page: all of them together on one cluster, each does what it promises."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import yaml
from cluster import ask, lab_host, wait_until
from conftest import LOAD_BALANCERS, WEB_SERVERS
from controller import good, playbook
from faults import running
from pages import examples

pytestmark = pytest.mark.long
PASSWORD = "Ruderalflora"
KEY, ACCEPTED = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""A key and its answer, as in RFC 6455."""
SOCKETS = f"""
from socketserver import BaseRequestHandler, ThreadingTCPServer

class Handler(BaseRequestHandler):
    def handle(self):
        if b"Upgrade" in self.request.recv(4096):
            self.request.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\n")
            self.request.sendall(b"Upgrade: websocket\\r\\nSec-WebSocket-Accept: {ACCEPTED}\\r\\n\\r\\n")
            self.request.sendall(self.request.recv(4096)[::-1])

ThreadingTCPServer(("", 8081), Handler).serve_forever()
"""
GRPC = "daemon off; pid /run/grpc.pid; events {} http { server { listen 8082 http2; return 200 grpc; } }"


def add(variables: dict[str, list[dict]], recipe: dict[str, list[dict]]) -> None:
    """Put a recipe's items together with those of the same name: a list gets what it does not have."""
    for variable, items in recipe.items():
        known = {item.get("name", item.get("path")): item for item in variables.setdefault(variable, [])}
        for item in items:
            there = known.get(item.get("name", item.get("path")))
            if there is None:
                variables[variable].append(item)
                continue
            for key, value in item.items():
                former = there.get(key, [])
                there[key] = (
                    [*former, *(one for one in value if one not in former)] if isinstance(value, list) else value
                )


@pytest.fixture(scope="module")
def variables() -> dict:
    """All recipes of the page together."""
    found: dict[str, list[dict]] = {}
    for recipe in examples("how_to/recipes.md"):
        add(found, yaml.safe_load(recipe))
    hashed = lab_host("lb1").check_output(f"openssl passwd -6 {PASSWORD}").strip()
    return {**found, "vault_alice_hash": hashed}


@pytest.fixture(scope="module", autouse=True)
def _deployed(variables) -> Iterator[None]:
    """The cluster has them, and servers for WebSocket and gRPC; afterwards it is what its inventory says."""
    with ExitStack() as stack:
        for name in WEB_SERVERS:
            for path, text in (("/run/sockets.py", SOCKETS), ("/run/grpc.conf", GRPC)):
                lab_host(name).check_output("printf '%%s' %s > %s", text, path)
            stack.enter_context(running(name, "sockets", "python3 /run/sockets.py"))
            stack.enter_context(running(name, "grpc", "nginx -c /run/grpc.conf"))
        good(playbook("deploy_load_balancers", **variables))
        yield
        good(playbook("deploy_load_balancers"))


def curl(vip: str, path: str = "/", host: str = "www.example.com", *words: str, client: str = "web3") -> str:
    """The status and headers of an answer to a host."""
    command = ["curl --silent --max-time 5 --include", f"--header 'Host: {host}'", *words, f"http://{vip}{path}"]
    return lab_host(client).run(" ".join(command)).stdout


def test_a_site_is_closed_and_opened_by_one_variable(vip, variables):
    good(playbook("deploy_load_balancers", **variables, shop_is_closed=True))
    closed = ask(f"http://{vip}/", Host="shop.example.com")
    assert (closed.status, closed.headers["Retry-After"]) == (503, "3600")
    assert "Please come back" in closed.text
    assert ask(f"http://{vip}/", Host="www.example.com").status == 200
    good(playbook("deploy_load_balancers", **variables))
    assert ask(f"http://{vip}/", Host="shop.example.com").status == 200


def test_a_network_is_banned_at_once(vip, prefix):
    (command,) = re.findall(r"echo \"[^']*", "".join(examples("how_to/recipes.md", "sh")))
    address = f"{prefix}.23"
    for name in LOAD_BALANCERS:
        lab_host(name).check_output(command.replace("198.51.100.0/24", address))
    assert curl(vip) == ""
    assert ask(f"http://{vip}/").status == 200
    for name in LOAD_BALANCERS:
        lab_host(name).check_output(command.replace("198.51.100.0/24", address).replace("add acl", "del acl"))
    assert "200 OK" in curl(vip)


def test_a_path_needs_a_password(vip):
    assert " 401 " in curl(vip, "/admin/").splitlines()[0]
    assert " 401 " in curl(vip, "/admin/", "www.example.com", "--user alice:wrong").splitlines()[0]
    # The web servers have no such page.
    assert " 404 " in curl(vip, "/admin/", "www.example.com", f"--user alice:{PASSWORD}").splitlines()[0]


def test_a_path_has_servers_of_its_own(vip):
    assert "200 OK" in curl(vip, "/api/healthz")
    assert " 404 " in curl(vip, "/healthz/api/").splitlines()[0]


def test_the_bare_name_leads_to_www(vip):
    answer = curl(vip, "/a?b=c", "example.com")
    assert " 301 " in answer.splitlines()[0]
    assert "location: https://www.example.com/a?b=c" in answer.lower()


def test_a_client_stays_on_its_server(vip):
    first = ask(f"http://{vip}/", Host="shop.example.com")
    cookie = first.headers["Set-Cookie"].partition(";")[0]
    name = cookie.removeprefix("SERVER=")
    assert all(name in ask(f"http://{vip}/", Host="shop.example.com", Cookie=cookie).text for _number in range(6))


def test_testers_get_the_canary(vip):
    answers = {ask(f"http://{vip}/", Cookie="release=canary").text for _number in range(6)}
    assert len(answers) == 1
    assert "web1" in answers.pop()


def test_a_websocket_is_open_in_both_directions(vip):
    upgrade = f"GET /live HTTP/1.1\r\nHost: {vip}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    upgrade += f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    with socket.create_connection((vip, 80), timeout=5) as client:
        client.sendall(upgrade.encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
        client.sendall(b"live")
        assert client.recv(4096) == b"evil"


def test_grpc_gets_to_servers_of_http2(vip):
    def answered() -> bool:
        return ask(f"http://{vip}/", Content_Type="application/grpc").text == "grpc"

    wait_until(answered, "a server of HTTP/2 answers")


def test_browsers_are_told_what_is_forbidden_by_errors_too(vip):
    for path in ("/", "/admin/"):
        answer = curl(vip, path).lower()
        assert "x-frame-options: deny" in answer
        assert "content-security-policy: default-src 'self'" in answer


def test_scripts_of_one_other_site_may_use_the_api(vip):
    asked = ("--request OPTIONS", "--header 'Origin: https://app.example.com'")
    answer = curl(vip, "/api/", "www.example.com", *asked)
    assert " 204 " in answer.splitlines()[0]
    assert "access-control-allow-origin: https://app.example.com" in answer.lower()
    other = curl(vip, "/api/", "www.example.com", asked[0], "--header 'Origin: https://evil.example.com'")
    assert "access-control-allow-origin" not in other.lower()


def test_a_site_has_a_limit_and_the_others_do_not_feel_it(vip):
    """Last: the shop is closed to this client for ten seconds then."""
    answers = [ask(f"http://{vip}/", Host="shop.example.com").status for _number in range(150)]
    assert answers[0] == 200
    assert answers[-1] == 429
    assert ask(f"http://{vip}/", Host="www.example.com").status == 200
