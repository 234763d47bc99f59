# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx.model import (
    build_blocks,
    find_health_url,
    list_settings,
)
from samples.nginx import declaration, site, upstream


@pytest.mark.parametrize(
    ("directives", "lines"),
    [
        ({}, []),
        ({"sendfile": True, "server_tokens": False}, ["sendfile on;", "server_tokens off;"]),
        ({"worker_connections": 4096, "user": "www-data"}, ["worker_connections 4096;", "user www-data;"]),
        (
            {"set_real_ip_from": ["192.0.2.1", "192.0.2.2"]},
            ["set_real_ip_from 192.0.2.1;", "set_real_ip_from 192.0.2.2;"],
        ),
        ({"pid": None, "env": []}, []),
    ],
)
def test_settings(directives, lines):
    assert list_settings(directives) == lines


TLS_LINES = 7
"""So many directives of a profile stand first."""


def test_a_setting_wins_over_the_profile_of_tls():
    written = build_blocks(declaration(http_settings={"ssl_protocols": "TLSv1.3", "ssl_ciphers": None}))["http"]
    assert written[0] == "ssl_protocols TLSv1.3;"
    assert [line for line in written if line.startswith("ssl_ciphers")] == []


def test_every_context_has_its_settings_before_its_lines():
    contexts = {f"{name}_settings": {"a": 1} for name in ("main", "events", "http")} | {
        f"{name}_lines": ["b 2;"] for name in ("main", "events", "http")
    }
    written = build_blocks(declaration(**contexts, access_logs=[], log_formats=[{"name": "short", "format": "c"}]))
    assert written["main"] == ["a 1;", "b 2;"]
    assert written["events"] == ["a 1;", "b 2;"]
    assert written["http"][TLS_LINES:] == ["a 1;", "log_format short 'c';", "access_log off;", "b 2;"]


def test_proxies_that_are_trusted_tell_who_the_client_is():
    assert build_blocks(declaration(trusted_proxies=["192.0.2.11"], access_logs=["/a", "/b combined"]))["http"][
        TLS_LINES:
    ] == [
        "access_log /a;",
        "access_log /b combined;",
        "real_ip_header X-Forwarded-For;",
        "real_ip_recursive on;",
        "set_real_ip_from 192.0.2.11;",
    ]


@pytest.mark.parametrize(
    ("item", "line"),
    [
        ({"format": '$remote_addr "$request"'}, "log_format f '$remote_addr \"$request\"';"),
        ({"format": '{"a": "$uri"}', "escape": "json"}, 'log_format f escape=json \'{"a": "$uri"}\';'),
        ({"format": "it's \\$a"}, "log_format f 'it\\'s \\\\$a';"),
    ],
)
def test_the_text_of_a_log_format_is_taken_as_it_is(item, line):
    assert line in build_blocks(declaration(log_formats=[{"name": "f", **item}]))["http"]


def test_an_upstream_has_a_line_for_each_server():
    servers = [
        {"name": "app1", "address": "192.0.2.31", "port": 8080},
        {"address": "2001:db8::32", "port": "8080", "options": ["backup", "weight=2"]},
        {"address": "app.example.com", "options": []},
        {"address": "unix:/run/app.sock"},
    ]
    (written,) = build_blocks(declaration(upstreams=[upstream(*servers, server_options=["max_fails=3"])]))["upstreams"]
    assert written["servers"] == [
        "192.0.2.31:8080 max_fails=3",
        "[2001:db8::32]:8080 backup weight=2",
        "app.example.com",
        "unix:/run/app.sock max_fails=3",
    ]


@pytest.mark.parametrize(
    ("keys", "root", "lines"),
    [
        ({}, "/var/www/web", []),
        ({"root": "/srv"}, "/srv", []),
        ({"certificate": "a.pem"}, "/var/www/web", ["ssl_certificate a.pem;", "ssl_certificate_key a.pem;"]),
        (
            {"certificate": "a.pem", "certificate_key": "a.key"},
            "/var/www/web",
            ["ssl_certificate a.pem;", "ssl_certificate_key a.key;"],
        ),
        ({"access_logs": []}, "/var/www/web", ["access_log off;"]),
        ({"access_logs": ["/a combined"]}, "/var/www/web", ["access_log /a combined;"]),
    ],
)
def test_a_site_is_completed(keys, root, lines):
    (written,) = build_blocks(declaration(sites=[site(**keys)]))["sites"]
    assert written["root"] == root
    assert written["settings"] == [f"root {root};", "index index.html;", *lines]


@pytest.mark.parametrize(
    ("keys", "settings"),
    [
        ({}, ["root /var/www/web;", "index a.html /evenkeel_demo_page.html;"]),
        ({"lines": ["root $base;", "index b.html;"]}, []),
        ({"lines": ["  index{};"], "index": ""}, ["root /var/www/web;"]),
        ({"index": "", "root": "/srv"}, ["root /srv;", "index /evenkeel_demo_page.html;"]),
    ],
)
def test_what_a_site_writes_in_its_lines_the_role_does_not_write(keys, settings):
    (written,) = build_blocks(declaration(sites=[site(**{"index": "a.html", **keys})], demo_page=True))["sites"]
    assert written["settings"] == settings


def test_settings_that_are_among_the_lines_of_a_context_are_not_written_twice():
    written = build_blocks(
        declaration(
            main_settings={"user": "www-data", "error_log": "/a"},
            main_lines=["user nobody;", "error_log /b;"],
            http_settings={"server_tokens": False},
            http_lines=["server_tokens on;", "ssl_protocols TLSv1.3;", "include /etc/nginx/mime.types;"],
            mime_types=True,
        )
    )
    assert written["main"] == ["error_log /a;", "user nobody;", "error_log /b;"]
    assert [line for line in written["http"] if line.startswith(("server_tokens", "ssl_protocols", "include"))] == [
        "server_tokens on;",
        "ssl_protocols TLSv1.3;",
        "include /etc/nginx/mime.types;",
    ]


OWN = {"name": "json", "format": "own"}


@pytest.mark.parametrize(
    ("keys", "formats"),
    [
        ({}, []),
        ({"access_logs": ["/var/log/json"]}, []),
        ({"access_logs": ["/a json buffer=64k"]}, ["log_format json escape=json"]),
        ({"sites": [site(access_logs=["/a json"])]}, ["log_format json escape=json"]),
        ({"access_logs": ["/a json"], "log_formats": [OWN]}, ["log_format json 'own';"]),
    ],
)
def test_the_format_json_is_there_where_a_log_has_it(keys, formats):
    lines = [line for line in build_blocks(declaration(**keys))["http"] if line.startswith("log_format")]
    assert len(lines) == len(formats)
    assert all(line.startswith(begin) for line, begin in zip(lines, formats))


@pytest.mark.parametrize(
    ("listens", "url"),
    [
        (["80 default_server"], "http://127.0.0.1:80/healthz"),
        ([8080], "http://127.0.0.1:8080/healthz"),
        (["192.0.2.21"], "http://192.0.2.21:80/healthz"),
        (["[::]:8080 ipv6only=on"], "http://[::1]:8080/healthz"),
        (["443 ssl default_server", "80"], "https://127.0.0.1:443/healthz"),
        (["unix:/run/web.sock", "443 quic", "80 proxy_protocol", "localhost:8080"], "http://localhost:8080/healthz"),
        (["80 http2", "443 ssl http2"], "https://127.0.0.1:443/healthz"),
        (["unix:/run/web.sock"], ""),
        ([], ""),
    ],
)
def test_where_nginx_says_that_it_is_well(listens, url):
    assert find_health_url(declaration(sites=[site(listens=listens)])) == url
    assert find_health_url(declaration(sites=[site(listens=listens)], health_location="")) == ""


ON_80, ON_443 = "http://127.0.0.1:80/healthz", "https://127.0.0.1:443/healthz"
TLS = ["443 ssl"]


@pytest.mark.parametrize(
    ("sites", "keys", "url"),
    [
        ([site(listens=["443"], lines=["ssl on;"])], {}, ON_443),
        ([site(listens=["443"])], {"http_settings": {"ssl": True}}, ON_443),
        ([site(listens=TLS, lines=["ssl_reject_handshake on;"]), site(name="b", listens=["80"])], {}, ON_80),
        ([site(listens=TLS, lines=["ssl_reject_handshake on;"]), site(name="b", listens=TLS)], {}, ""),
        ([site(listens=TLS), site(name="b", listens=TLS, lines=["ssl_reject_handshake on;"])], {}, ON_443),
        ([site(listens=[*TLS, "80"], lines=["ssl_verify_client on;"])], {}, ON_80),
        ([site(listens=TLS, lines=["ssl_verify_client optional;"])], {}, ON_443),
        ([site(listens=TLS)], {"http_settings": {"ssl_verify_client": True}}, ""),
        ([site(listens=TLS)], {"http_lines": ["ssl_verify_client on;"]}, ""),
        ([site(listens=TLS, lines=["ssl_verify_client off;"])], {"http_lines": ["ssl_verify_client on;"]}, ON_443),
    ],
)
def test_a_health_question_is_asked_where_everybody_gets_an_answer(sites, keys, url):
    assert find_health_url(declaration(sites=sites, **keys)) == url


EXEMPT = "if ($uri = /healthz) { break; }"


@pytest.mark.parametrize(
    ("lines", "is_exempt"),
    [
        ([], False),
        (["gzip off;", "location /a {", "deny all;", "}"], False),
        (["return 301 https://$host$request_uri;"], True),
        (["if ($http_x_forwarded_proto != 'https') { return 301 https://$host$request_uri; }"], True),
        (["gzip off; if ($go) {", "    return 444;", "}"], True),
        (["rewrite ^ /index.php last;"], True),
        (["include snippets/site.conf;"], True),
    ],
)
def test_a_health_question_is_exempt_from_what_answers_requests_before_locations(lines, is_exempt):
    (written,) = build_blocks(declaration(sites=[site(lines=lines)]))["sites"]
    assert (EXEMPT in written["settings"]) == is_exempt
    (written,) = build_blocks(declaration(sites=[site(lines=lines)], health_location=""))["sites"]
    assert not any("break" in line for line in written["settings"])


def test_a_redirect_is_the_location_of_all_other_paths():
    declared = site(redirect="https://$host", locations=[{"path": "/status", "lines": ["stub_status;"]}])
    (printed,) = build_blocks(declaration(sites=[declared]))["sites"]
    assert printed["locations"] == [
        {"path": "/status", "lines": ["stub_status;"]},
        {"path": "/", "lines": ["return 301 https://$host$request_uri;"]},
    ]


@pytest.mark.parametrize(
    ("changes", "printed"),
    [
        ({}, ["real_ip_header X-Forwarded-For;", "real_ip_recursive on;", "set_real_ip_from 192.0.2.11;"]),
        (
            {"http_settings": {"real_ip_header": "X-Real-IP"}},
            ["real_ip_header X-Real-IP;", "real_ip_recursive on;", "set_real_ip_from 192.0.2.11;"],
        ),
        (
            {"http_settings": {"real_ip_recursive": False, "set_real_ip_from": ["192.0.2.9"]}},
            ["real_ip_recursive off;", "set_real_ip_from 192.0.2.9;", "real_ip_header X-Forwarded-For;"],
        ),
        (
            {"http_lines": ["real_ip_header proxy_protocol;"]},
            ["real_ip_recursive on;", "set_real_ip_from 192.0.2.11;", "real_ip_header proxy_protocol;"],
        ),
    ],
)
def test_what_an_inventory_states_replaces_what_is_derived(changes, printed):
    written = build_blocks(declaration(**{"trusted_proxies": ["192.0.2.11"], **changes}))["http"]
    assert [line for line in written if "real_ip" in line] == printed
