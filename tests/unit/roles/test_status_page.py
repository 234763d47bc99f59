"""The program that serves the status page of a node: what it reads, how it shows it, and how it answers."""

from __future__ import annotations

import calendar
import http.client
import importlib.util
import json
import socket
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles/haproxy/files/status_page.py"
SPEC = importlib.util.spec_from_file_location("status_page", PROGRAM)
status_page = importlib.util.module_from_spec(SPEC)
sys.modules["status_page"] = status_page
SPEC.loader.exec_module(status_page)

NOW = calendar.timegm((2030, 1, 2, 12, 0, 0))
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x00\x1b&lt;"
UP = {
    "backend": "web",
    "name": "web1",
    "address": "192.0.2.21:80",
    "status": "UP",
    "check": "L7OK",
    "sessions": "3",
    "seconds": 90,
}
DOWN = {**UP, "name": "web2", "status": "DOWN", "check": "L4CON Connection refused"}
CERTIFICATE = {
    "file": "/etc/haproxy/www.pem",
    "names": "www.example.com",
    "ends": "Mar  1 12:00:00 2030 GMT",
    "days": 58,
}
VIP = {"instance": "cluster_vip", "address": "192.0.2.10", "holder": "lb1", "here": True, "kept_away": False}
WELL = {
    "name": "lb1",
    "now": NOW,
    "moves": [{"at": NOW - 7200, "instance": "cluster_vip", "state": "MASTER"}],
    "stopped": False,
    "versions": {"haproxy": "2.6.12", "keepalived": "2.2.7"},
    "servers": [UP],
    "certificates": [CERTIFICATE],
    "vips": [VIP],
    "problem": "",
}


class Reader(HTMLParser):
    """Collects the elements with their attributes, and the text of the body."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += f"{data}\n" if self.tags[-1:] != ["style"] else ""


def read(**changes) -> Reader:
    return Reader(status_page.render({**WELL, **changes}, "p { color: red }"))


def test_a_page_of_a_healthy_node():
    page = read()
    for text in (
        "Made at 2030-01-02 12:00:00 UTC",
        "No problems seen from this node",
        "lb1 (this node)",
        "MASTER for 2 h",
        "web/web1",
        "58 days",
        "2030-01-02 10:00:00 UTC",
        "haproxy 2.6.12, keepalived 2.2.7",
    ):
        assert text in page.text, text
    assert ("http-equiv", "refresh") in page.attributes
    assert ("name", "viewport") in page.attributes


def test_it_loads_nothing_and_runs_nothing():
    page = read(servers=[UP, DOWN])
    assert not {"script", "img", "iframe", "object", "svg"}.intersection(page.tags)
    assert [value for name, value in page.attributes if name == "src"] == []
    assert {value for name, value in page.attributes if name == "href"} == {"data:,", status_page.FULL}


@pytest.mark.parametrize(
    "changes",
    [{"servers": [{**UP, key: HOSTILE}]} for key in ("backend", "name", "address", "status", "check", "sessions")]
    + [{"servers": [{**DOWN, "name": HOSTILE}]}]
    + [{"certificates": [{**CERTIFICATE, "days": 3, key: HOSTILE}]} for key in ("file", "names", "ends")]
    + [{"vips": [{**VIP, "kept_away": True, key: HOSTILE}]} for key in ("instance", "address", "holder")]
    + [{"moves": [{"at": NOW, "instance": HOSTILE, "state": HOSTILE}]}]
    + [{"versions": {"haproxy": HOSTILE}}, {"name": HOSTILE}, {"problem": HOSTILE}],
    ids=str,
)
def test_no_text_becomes_markup(changes):
    page = read(**changes)
    assert not {"script", "img"}.intersection(page.tags)
    assert not any(name.startswith("on") for name, _value in page.attributes)
    assert "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\ufffd\ufffd&lt;" in page.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"stopped": True}, ["keepalived does not run"]),
        ({"problem": "haproxy does not say how it is"}, ["haproxy does not say how it is"]),
        ({"servers": [UP, DOWN]}, ["web/web2 is DOWN: L4CON Connection refused"]),
        ({"servers": [{**UP, "status": "DOWN 1/2"}]}, ["web/web1 is DOWN 1/2: L7OK"]),
        ({"servers": [{**UP, "status": "MAINT"}]}, []),
        ({"servers": [{**UP, "status": "no check"}]}, []),
        ({"certificates": [{**CERTIFICATE, "days": 14}]}, []),
        ({"certificates": [{**CERTIFICATE, "days": 13}]}, ["/etc/haproxy/www.pem ends Mar  1 12:00:00 2030 GMT"]),
        ({"certificates": [{**CERTIFICATE, "days": -1}]}, ["/etc/haproxy/www.pem ended Mar  1 12:00:00 2030 GMT"]),
        (
            {"certificates": [{**CERTIFICATE, "days": None, "ends": ""}]},
            ["/etc/haproxy/www.pem ends at no known time"],
        ),
        (
            {"vips": [{**VIP, "kept_away": True}]},
            ["cluster_vip (192.0.2.10) is kept away from lb1, which is in standby"],
        ),
    ],
)
def test_problems(changes, said):
    assert list(status_page.list_problems({**WELL, **changes})) == said
    assert f"\n{'1 problem' if said else 'No problems'} seen from this node\n" in read(**changes).text


@pytest.mark.parametrize(
    ("vip", "shown"),
    [
        (VIP, "lb1 (this node)"),
        ({**VIP, "holder": "lb2", "here": False}, "lb2"),
        ({**VIP, "holder": "", "here": False}, "not this node"),
    ],
)
def test_the_holder(vip, shown):
    assert f"\n{shown}\n" in read(vips=[vip]).text


def test_a_state_before_the_end_of_keepalived_is_none():
    assert "MASTER for" not in read(stopped=True).text


def test_what_nobody_has_is_not_shown():
    page = read(vips=[], certificates=[], moves=[], servers=[], versions={"haproxy": "", "keepalived": ""})
    assert "table" not in page.tags


def test_servers_of_haproxy():
    fields = ("pxname", "svname", "addr", "status", "check_status", "last_chk", "scur", "lastchg")
    rows = [
        ("web", "web1", "192.0.2.21:80", "UP", "L7OK", "", "3", "90"),
        ("web", "web2", "192.0.2.22:80", "DOWN", "L4CON", "Connection refused", "0", "90"),
        ("status_page", "page", "unix", "no check", "", "", "1", "9"),
    ]
    answer = "\n".join(",".join(row) for row in (("# pxname", *fields[1:]), *rows))
    assert status_page.read_servers(f"{answer}\n\n") == [UP, {**DOWN, "address": "192.0.2.22:80", "sessions": "0"}]


def test_certificates_of_haproxy():
    answers = {
        "show ssl cert": "# filename\n*/etc/haproxy/new.pem\n/etc/haproxy/www.pem\n\n",
        "show ssl cert /etc/haproxy/www.pem": (
            "Filename: /etc/haproxy/www.pem\nnotAfter: Mar  1 12:00:00 2030 GMT\n"
            "Subject Alternative Name: DNS:www.example.com\nSubject: /CN=other\n\n"
        ),
    }
    assert status_page.read_certificates(answers.get, NOW) == [CERTIFICATE]


def test_a_certificate_without_an_end():
    found = status_page.read_certificate("/a.pem", "Subject: /CN=www\n", NOW)
    assert found == {"file": "/a.pem", "names": "/CN=www", "ends": "", "days": None}


def test_moves_of_the_journal():
    journal = (
        "104.50 lb1 Keepalived_vrrp[7]: (cluster_vip) Entering MASTER STATE\n"
        "104.25 lb1 Keepalived_vrrp[7]: (cluster_vip) Entering FAULT STATE\n"
        "100.25 lb1 Keepalived_vrrp[7]: (cluster_vip) Entering BACKUP STATE (init)\n"
        "99.00 lb1 Keepalived_vrrp[7]: Registering Kernel netlink reflector\n"
        "110.00 lb1 Keepalived_vrrp[9]: (cluster_vip) Entering MASTER STATE\n"
    )
    assert status_page.read_moves(journal) == [
        {"at": 104, "instance": "cluster_vip", "state": "MASTER"},
        {"at": 104, "instance": "cluster_vip", "state": "FAULT"},
        {"at": 100, "instance": "cluster_vip", "state": "BACKUP"},
    ]


def test_addresses_on_lo_are_not_held():
    links = [
        {"ifname": "lo", "addr_info": [{"local": "192.0.2.10"}]},
        {"ifname": "eth0", "addr_info": [{"local": "192.0.2.11"}, {}]},
        {"ifname": "eth1"},
    ]
    assert status_page.list_addresses(json.dumps(links)) == {"192.0.2.11"}
    assert status_page.list_addresses("") == set()


def test_the_node_with_an_address_of_this_host():
    nodes = {"192.0.2.11": "lb1", "192.0.2.12": "lb2"}
    assert status_page.find_name(nodes, {"192.0.2.12", "192.0.2.10"}) == "lb2"
    assert status_page.find_name(nodes, {"192.0.2.10"}) == socket.gethostname()


@pytest.mark.parametrize(
    ("nodes", "here", "state", "holder"),
    [
        (["lb1", "lb2"], True, "MASTER", "lb1"),
        (["lb1", "lb2"], True, "", "lb1"),
        (["lb1", "lb2"], False, "BACKUP", "lb2"),
        (["lb2", "lb1", "lb3"], False, "BACKUP", "lb2 or lb3"),
        (["lb1"], False, "BACKUP", ""),
        (["lb1", "lb2"], False, "FAULT", ""),
        (["lb1", "lb2"], False, "", ""),
    ],
)
def test_who_holds_an_address_as_far_as_a_node_knows(nodes, here, state, holder):
    assert status_page.find_holder("lb1", nodes, here, state) == holder


@pytest.mark.parametrize(("content", "away"), [("1\n", True), ("0\n", False), (None, False)])
def test_the_standby_file(content, away, tmp_path, monkeypatch):
    monkeypatch.setattr(status_page, "STATE", tmp_path)
    if content is not None:
        (tmp_path / "standby_cluster_vip").write_text(content)
    assert status_page.is_kept_away("cluster_vip") is away


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (59.9, "59 s"), (60, "1 min"), (7300, "2 h"), (200000, "2 d")]
)
def test_ages(seconds, text):
    assert status_page.format_age(seconds) == text


@pytest.fixture
def served(tmp_path):
    """The program's server on a socket as systemd hands it over, on a host without the daemons; yields its path."""
    path = tmp_path / "requests.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    settings = {"nodes": {}, "vips": {}, "socket": str(tmp_path / "none"), "style": "p { color: red }"}
    server = status_page.Server(listener.detach(), status_page.Page(settings))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield str(path)
    server.shutdown()
    thread.join()
    server.server_close()


def ask(path: str, method: str = "GET", target: str = "/cluster"):
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(20)
    connection.sock.connect(path)
    connection.request(method, target)
    answer = connection.getresponse()
    return answer, answer.read().decode()


def test_an_answer(served):
    answer, page = ask(served)
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"] == status_page.POLICY
    assert answer.headers["Cache-Control"] == "no-store"
    assert "haproxy does not say how it is" in page
    assert ask(served, "POST")[0].status == 501


def test_nothing_of_a_request_is_in_the_answer(served):
    _answer, page = ask(served, target="/<script>../../etc/passwd")
    assert "passwd" not in page
    assert "<script" not in page
