"""A port that another program has is found before haproxy tries it."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._binds import taken


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
    ((number, source, reason),) = taken(f"frontend web\n    bind {address}:{port} ssl\n")
    assert (number, source) == (2, f"bind {address}:{port} ssl")
    assert f":{port}: Address already in use" in reason


def test_every_address_of_a_line_is_tried(port):
    assert len(list(taken(f"bind 127.0.0.2:{port},127.0.0.1:{port}"))) == 1


def test_a_range_is_tried_port_by_port(port):
    assert len(list(taken(f"bind 127.0.0.1:{port}-{port}"))) == 1


@pytest.mark.parametrize("address", ["/run/socket", "abns@name", "unix@/run/socket", "localhost:80", "${ADDRESS}:80"])
def test_other_addresses_are_left_to_haproxy(address):
    assert list(taken(f"bind {address}")) == []


def test_a_port_that_haproxy_shares_with_its_old_worker_is_free(listener, port):
    with socket.socket() as shared:
        listener.close()
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.bind(("127.0.0.1", port))
        shared.listen()
        assert list(taken(f"bind 127.0.0.1:{port}")) == []
