"""A port that another program has is found before haproxy tries it."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.binds import find_unavailable, is_local


@pytest.fixture
def listener():
    """Another program's socket on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def port(listener):
    return listener.getsockname()[1]


@pytest.mark.parametrize("address", ["127.0.0.1", "*", "", "0.0.0.0", "ipv4@127.0.0.1"])
def test_a_taken_port_is_named_with_its_line(port, address):
    ((number, source, reason),) = find_unavailable(f"frontend web\n    bind {address}:{port} ssl\n")
    assert (number, source) == (2, f"bind {address}:{port} ssl")
    assert f":{port}: Address already in use" in reason


def test_every_address_of_a_line_is_tried(port):
    assert len(list(find_unavailable(f"bind 127.0.0.2:{port},127.0.0.1:{port}"))) == 1


def test_a_range_is_tried_port_by_port(port):
    assert len(list(find_unavailable(f"bind 127.0.0.1:{port}-{port}"))) == 1


@pytest.mark.parametrize("address", ["/run/socket", "abns@name", "unix@/run/socket", "localhost:80", "${ADDRESS}:80"])
def test_other_addresses_are_left_to_haproxy(address):
    assert list(find_unavailable(f"bind {address}")) == []


@pytest.mark.parametrize("options", ["namespace red", "interface nosuch1 namespace red"])
def test_other_network_namespaces_are_left_to_haproxy(port, options):
    assert list(find_unavailable(f"bind 127.0.0.1:{port} {options}")) == []


def test_what_stands_under_a_condition_is_left_to_haproxy(port):
    assert (
        list(find_unavailable(f".if defined(RED)\nbind 127.0.0.1:{port}\n.else\nbind 127.0.0.1:{port}\n.endif")) == []
    )


@pytest.mark.parametrize("host", ["192.0.2.9", "[2001:db8::9]"])
def test_an_address_that_the_host_does_not_have(host):
    assert list(find_unavailable(f"bind {host}:8080 transparent")) == []
    reasons = [reason for _number, _source, reason in find_unavailable(f"bind {host}:8080")]
    if reasons:  # not where net.ipv4.ip_nonlocal_bind is set
        assert ":8080: Cannot assign requested address; use an address of this host" in reasons[0]


@pytest.mark.parametrize(("option", "found"), [("v6only", 0), ("v4v6", 1)])
def test_an_ipv6_listener_is_in_the_way_of_an_ipv4_one_if_it_takes_both(option, found):
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert len(list(find_unavailable(f"bind :::{server.getsockname()[1]} {option}"))) == found


def test_a_port_that_haproxy_shares_with_its_old_worker_is_free(listener, port):
    with socket.socket() as shared:
        listener.close()
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.bind(("127.0.0.1", port))
        shared.listen()
        assert list(find_unavailable(f"bind 127.0.0.1:{port}")) == []


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("127.0.0.9", True), ("::1", True), ("0.0.0.0", True), ("192.0.2.9", False)],
)
def test_an_address_of_this_host(address, local):
    assert is_local(address) is local
