"""A reload of haproxy is over when the new worker serves, and what anybody says of its servers holds."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from cluster import between, haproxy_info, lab_host, sees_all_servers, wait_until
from conftest import WEB_SERVERS
from controller import haproxy_server
from faults import running
from long_connections import ECHO, SIZE, Download, WebSocket
from testinfra.host import Host

NAME = "lb1"
LOCK = "/run/haproxy-reload/lock"
RELOAD = "systemctl reload haproxy"
RESTORE = f"mv /etc/haproxy/haproxy.cfg.before /etc/haproxy/haproxy.cfg && {RELOAD}"
# haproxy -c reads it first; who reads it then, for a new worker, waits.
SLOW = """
if io.open("/run/checked") then
    local ends = os.time() + 60
    while os.time() < ends and not io.open("/run/go") do end
end
io.open("/run/checked", "w"):close()
"""


def edited(edit: str):
    """Somebody has edited the configuration by hand; it is what it was, and live, afterwards."""
    return between(NAME, f"cp --preserve /etc/haproxy/haproxy.cfg /etc/haproxy/haproxy.cfg.before && {edit}", RESTORE)


@pytest.fixture
def load_balancer() -> Iterator[Host]:
    """One of which every server is ready after a story."""
    yield lab_host(NAME)
    result = haproxy_server(NAME, servers=["web/*"], state="ready")
    assert not result["failed"], result["msg"]


def state() -> str:
    (server,) = haproxy_server(NAME, servers=["web/web1"])["servers"]
    return server["after"]["state"]


def test_a_server_that_is_drained_is_still_drained_after_a_reload(load_balancer):
    replaced = haproxy_info(load_balancer)["Pid"]
    haproxy_server(NAME, servers=["web/web1"], state="drain")
    load_balancer.check_output(RELOAD)
    assert haproxy_info(load_balancer)["Pid"] != replaced
    assert state() == "drain"


@contextmanager
def reloading(host: Host) -> Iterator[Future]:
    """A reload that comes no further until the host has C(/run/go)."""
    host.check_output("printf %%s %s > /etc/haproxy/slow.lua", SLOW)
    try:
        with (
            edited("sed --in-place '/^global/a \\    lua-load /etc/haproxy/slow.lua' /etc/haproxy/haproxy.cfg"),
            ThreadPoolExecutor() as background,
        ):
            reload = background.submit(host.run, RELOAD)
            wait_until(lambda: host.run(f"flock --nonblock {LOCK} true").rc, "the worker is being replaced")
            yield reload
    finally:
        host.check_output("rm -f /etc/haproxy/slow.lua /run/checked /run/go")


def test_what_is_said_while_a_worker_takes_over_is_not_lost(load_balancer):
    replaced = haproxy_info(load_balancer)["Pid"]
    with reloading(load_balancer) as reload, ThreadPoolExecutor() as background:
        drain = background.submit(haproxy_server, NAME, servers=["web/web1"], state="drain")
        wait_until(
            lambda: len(load_balancer.run(f"fuser {LOCK}").stdout.split()) == 2, "the module waits for the new worker"
        )
        load_balancer.check_output("touch /run/go")
        assert reload.result().rc == 0
        assert drain.result()["failed"] is False
        assert haproxy_info(load_balancer)["Pid"] != replaced
        assert state() == "drain"


def test_haproxy_that_dies_while_a_worker_takes_over_is_back_at_once(load_balancer):
    with reloading(load_balancer) as reload:
        load_balancer.check_output("kill -KILL $(systemctl show --property MainPID --value haproxy) && touch /run/go")
        assert reload.result().rc != 0
        said = load_balancer.check_output("journalctl --unit haproxy --lines 50")
        assert "haproxy has ended" in said
        assert "Reload operation timed out" not in said
        wait_until(lambda: sees_all_servers(NAME), "haproxy serves again")
    wait_until(lambda: sees_all_servers(NAME), "it has what it had")


def test_a_reload_that_fails_says_so_and_the_worker_goes_on(load_balancer):
    before = haproxy_info(load_balancer)["Pid"]
    haproxy_server(NAME, servers=["web/web1"], state="drain")
    # haproxy -c binds nothing.
    with edited(
        "printf '\\nlisten more from http\\n    bind unix@/nonexistent/more.sock\\n' >> /etc/haproxy/haproxy.cfg"
    ):
        for _again in range(2):
            assert load_balancer.run(RELOAD).failed
            assert haproxy_info(load_balancer)["Pid"] == before
            assert "still runs its previous configuration" in load_balancer.check_output(
                "journalctl --unit haproxy --lines 50"
            )
        assert state() == "drain"


@pytest.fixture
def long_answers(prefix: str) -> Iterator[None]:
    """The load balancer has a large file at port 80, and a WebSocket server at port 8090."""
    large = "/var/www/web/large"
    server = f"python3 -c {shlex.quote(ECHO.replace('127.0.0.1', '0.0.0.0'))}"
    section = rf"\nlisten echo from http\n    bind :8090\n    server web1 {prefix}.21:9000\n"
    with ExitStack() as stack:
        for name in WEB_SERVERS:
            stack.enter_context(between(name, f"truncate --size={SIZE} {large}", f"rm {large}"))
        stack.enter_context(running("web1", "echo", server))
        wait_until(lambda: lab_host("web1").socket("tcp://0.0.0.0:9000").is_listening, "the WebSocket server listens")
        stack.enter_context(edited(f"printf '{section}' >> /etc/haproxy/haproxy.cfg && {RELOAD}"))
        yield


def test_a_download_and_a_websocket_outlive_reloads(load_balancer, prefix, long_answers):
    """For how long they do, the scenario rolling tells."""
    download, websocket = Download(f"{prefix}.11"), WebSocket(f"{prefix}.11", port=8090)
    download.start()
    websocket.start()
    for _reload in range(5):
        load_balancer.check_output(RELOAD)
    came, answers = download.size, websocket.answers
    wait_until(lambda: download.size > came and websocket.answers > answers, "both go on")
    websocket.end()
    download.end()
