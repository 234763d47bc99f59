# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._http.probe import ProbeError, parse_url, probe
from samples.http_server import SECONDS, answer, server, wait_until


def params(port, **keys):
    url = f"http://127.0.0.1:{port}/"
    usual = {
        "interval": 0.01,
        "connections": 2,
        "timeout": 1.0,
        "server": r"web\d",
        "seconds": 0.5,
        "while_exists": None,
        "address": "",
        "site": "",
    }
    return {**usual, "url": url, "download_url": url, "validate_certs": True, **keys}


def serve_all(connection):
    while request := connection.recv(1000):
        connection.sendall(answer(b"web1"))
        if b"Connection: close" in request:
            return


def test_a_probe_ends_with_its_file_and_says_that_somebody_was_served(tmp_path):
    file = tmp_path / "asking"
    file.touch()
    found = []
    with server(serve_all) as port:
        asking = threading.Thread(
            target=lambda: found.append(probe(params(port, while_exists=str(file), seconds=SECONDS, timeout=0.2)))
        )
        asking.start()
        wait_until(lambda: file.read_text() == "served\n")
        file.unlink()
        asking.join(SECONDS)
    assert found[0]["kept"]["answers"] > 0
    assert found[0]["download"]["bytes"] > 0
    assert not file.exists()


def test_a_probe_whose_time_is_over_removes_its_file(tmp_path):
    file = tmp_path / "asking"
    file.touch()
    with server(serve_all) as port:
        assert probe(params(port, while_exists=str(file), seconds=0.3, download_url=""))["requests"]["outcome"]
    assert not file.exists()


@pytest.mark.parametrize("url", ["ftp://192.0.2.10/", "192.0.2.10", "http://192.0.2.10:port/", ""])
def test_what_is_no_url_is_refused(url):
    with pytest.raises(ProbeError, match="is no URL"):
        parse_url(url, True)


def test_an_url_says_port_path_and_name():
    found = parse_url("https://127.0.0.1:8443/a?b=c", False)
    assert (found.host, found.port, found.path, found.name) == ("127.0.0.1", 8443, "/a?b=c", "127.0.0.1")
    assert found.tls is not None


@pytest.mark.parametrize(
    ("url", "address", "site", "host", "name"),
    [
        ("http://www.example.com/", "127.0.0.1", "", "127.0.0.1", "www.example.com"),
        ("https://127.0.0.1/", "", "www.example.com", "127.0.0.1", "www.example.com"),
        ("http://nowhere.example/", "::1", "www.example.com", "::1", "www.example.com"),
    ],
)
def test_a_site_is_asked_by_its_name_at_any_address(url, address, site, host, name):
    found = parse_url(url, True, address, site)
    assert (found.host, found.name) == (host, name)
