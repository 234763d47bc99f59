# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that orders certificates, between peers and an authority that answer as they like. What it does with
honest ones is a story of the scenario security."""

from __future__ import annotations

import importlib.util
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles/daemon/files/acme.py"
SPEC = importlib.util.spec_from_file_location("acme", PROGRAM)
acme = importlib.util.module_from_spec(SPEC)
sys.modules["acme"] = acme
SPEC.loader.exec_module(acme)

SITE = "www.example.com"
LEGO = """#!/bin/sh
while [ "$1" != --path ]; do shift; done
mkdir -p "$2/certificates"
cd "$2/certificates" && {command}
"""
"""Stands for what an authority makes of lego: it ends well, with what the authority has sent."""


def openssl(arguments: str) -> str:
    return subprocess.run(["openssl", *arguments.split()], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def key() -> str:
    return openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256")


@pytest.fixture
def order(tmp_path, key):
    """An order for a certificate that is missing, on the first load balancer."""
    settings = {
        "store": str(tmp_path),
        "peers": [],
        "authority_file": "",
        "command": "false",
        "service": "haproxy",
        "directory": "https://acme.example.com/directory",
        "contact": "admin@example.com",
        "account": "account",
        "challenge": [],
        "rank": 0,
    }
    secrets = {"keys": {"site": key, "account": key}, "environment": {}}
    return acme.Order(settings, secrets, {"name": "site", "names": [SITE], "key": "site"}, tmp_path)


@contextmanager
def peer(folder: Path, sends: bytes):
    """A TLS server with a certificate that nobody has signed, whose subject is no text; gives its place."""
    subject = "/O=\\xff\\xfe/CN=" + SITE
    openssl(
        f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {folder}/peer.key -out "
        f"{folder}/peer.crt -subj {subject} -days 1"
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "peer.crt", folder / "peer.key")
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as background:

        def answer() -> None:
            with suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True) as connection:
                connection.sendall(sends)

        background.submit(answer)
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("trusts", [True, False])
def test_a_peer_that_sends_no_text_is_no_peer(order, tmp_path, trusts):
    with peer(tmp_path, b"\xff\xfe\x00" * 50000) as place:
        if trusts:
            order.settings["authority_file"] = str(tmp_path / "peer.crt")
        order.settings["peers"] = [place]
        assert order.fetch(None) is False


def lego(monkeypatch, folder: Path, command: str) -> None:
    (folder / "bin").mkdir()
    (folder / "bin/lego").write_text(LEGO.format(command=command), encoding="ascii")
    (folder / "bin/lego").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}/bin", prepend=":")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("true", "the authority returned no certificate"),
        ("printf '\\377\\376' >x.crt", "the authority returned no certificate"),
        (
            "printf -- '-----BEGIN CERTIFICATE-----\\nQUJD\\n-----END CERTIFICATE-----\\n' >x.crt",
            "openssl: ",
        ),
        (
            "openssl req -x509 -newkey rsa:2048 -nodes -keyout x.key -out x.crt -subj /CN=a -days 1 2>/dev/null",
            "other names or another key",
        ),
        ("exit 3", "lego: it ended without a word"),
        # As lego does with a new account.
        ("echo 'acme: no such zone' >&2; echo 'Make a backup of this folder.'; exit 1", "lego: acme: no such zone"),
    ],
    ids=["nothing", "no text", "no certificate", "a certificate of others", "a failure", "a hint besides"],
)
def test_an_order_that_brings_nothing_is_counted(order, tmp_path, monkeypatch, command, said):
    lego(monkeypatch, tmp_path, command)
    with pytest.raises(acme.Failed, match=said):
        order._order_in_turn(now=1000.0, turn=0.0)
    assert order.memory()["failures"] == 1
    assert order._order_in_turn(now=1001.0, turn=0.0) > 1001.0, "not again at once"


def test_the_first_order_waits_for_nodes_that_were_not_deployed_yet(order, tmp_path, monkeypatch):
    openssl(
        f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {tmp_path}/key -out {tmp_path}/site.pem "
        "-subj /O=stand-in"
    )
    monkeypatch.setattr(acme, "STAND_IN", "stand-in")
    ordered = []
    monkeypatch.setattr(acme.Order, "order", lambda self: ordered.append(self.name))
    order.settings["peers"] = ["127.0.0.1:1"]
    assert order.look(now=1000.0) == 1000.0 + acme.ASK_PEERS
    assert order.look(now=1000.0 + acme.FIRST_TURN - 1) > 1000.0
    assert ordered == []
    order.look(now=1000.0 + acme.FIRST_TURN)
    assert ordered == ["site"]


def test_an_order_that_cannot_be_counted_is_not_made(order, tmp_path, monkeypatch):
    lego(monkeypatch, tmp_path, f"touch {tmp_path}/ordered")
    (tmp_path / "site.new").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        order._order_in_turn(now=1000.0, turn=0.0)
    assert not (tmp_path / "ordered").exists()


def test_an_order_that_ends_the_program_is_counted(order, tmp_path, monkeypatch):
    monkeypatch.setattr(acme.Order, "order", lambda _self: sys.exit("killed"))
    with pytest.raises(SystemExit):
        order._order_in_turn(now=1000.0, turn=0.0)
    assert order.memory() == {"failures": 1, "time": 1000.0, "error": "the last order was interrupted"}
