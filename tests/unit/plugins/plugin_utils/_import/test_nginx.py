# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.haproxy_effect import list_differences
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.nginx import PLAIN, translate
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.nginx_effect import list_effects
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.nginx_text import parse
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.values import Unreadable


def read(text, **further):
    files = {"/n/nginx.conf": text, **{f"/n/conf.d/{name}.conf": content for name, content in further.items()}}
    return parse(files, "/n/nginx.conf")


def shape(node):
    return [inner.text if inner.nodes is None else {inner.text: shape(inner)} for inner in node.inner]


TREES = [
    ("a b; c;", ["a b", "c"]),
    ("a { b; c { d; } }", [{"a": ["b", {"c": ["d"]}]}]),
    ("a 'b; {' \"c#\";", ["a 'b; {' \"c#\""]),
    ("a ${b}c;", ["a ${b}c"]),
    ("a b#c;", ["a b#c"]),
    ("a b\\;c;", ["a b\\;c"]),
    ("location ~ \\.php$ { a; }", [{"location ~ \\.php$": ["a"]}]),
    ("http { include conf.d/*.conf; }", [{"http": ["from a", "from b"]}]),
    ("http { server { include conf.d/a.conf; } }", [{"http": [{"server": ["include conf.d/a.conf"]}]}]),
    ("http { include conf.d/.*.conf; include */d/?.conf; }", [{"http": ["from c", "from e"]}]),
    ("include other;", ["include other"]),
]


@pytest.mark.parametrize(("text", "expected"), TREES)
def test_trees(text, expected):
    hidden = {".c": "from c;", "d/e": "from e;"}
    assert shape(read(text, a="from a;", b="from b;", **hidden)) == expected


UNREADABLE = [
    ("a", 1, "the file ends in it"),
    ("a {\n b;", 1, "the file ends in it"),
    ("a;\n}", 2, "a semicolon is missing"),
    ("a { b }", 1, "a semicolon is missing"),
    (";", 1, "no directive"),
    ("\na 'b", 2, "quotation mark"),
    ("\na_by_lua_block {\n'}'", 2, "block is not closed"),
    ("a_by_lua_block {\n\n}\n}", 4, "a semicolon is missing"),
]


@pytest.mark.parametrize(("text", "line", "message"), UNREADABLE)
def test_unreadable(text, line, message):
    with pytest.raises(Unreadable, match=rf"/n/nginx\.conf:{line}: .*{message}"):
        read(text)


def test_places_values_and_comments():
    root = read("# one\n\na 'b\\'c'; # two\nd; # three\n# end")
    assert [(node.place.number, node.values, node.comments) for node in root.inner] == [
        (3, ["a", "b'c"], ["one", "two"]),
        (4, ["d"], ["three"]),
    ]
    assert root.end == ["end"]


def variables(text, **further):
    return {name: value for name, value in translate(read(text, **further)).variables.items() if name not in PLAIN}


CONTEXTS = [
    (
        "user www-data; worker_processes auto;",
        {"nginx_main_settings": {"user": "www-data", "worker_processes": "auto"}},
    ),
    ("pid /run/nginx.pid; include /etc/nginx/modules-enabled/*.conf;", {}),
    (
        "events { worker_connections 768; multi_accept on; }",
        {
            "nginx_events_settings": {"worker_connections": 768, "multi_accept": True},
        },
    ),
    (
        "http { gzip off; add_header A 1; add_header B 2; }",
        {
            "nginx_http_settings": {"gzip": False, "add_header": ["A 1", "B 2"]},
        },
    ),
    ("http { map $a $b { default 1; } }", {"nginx_http_lines": ["map $a $b {", "    default 1;", "}"]}),
    (
        "stream { server { listen 1; } }",
        {
            "nginx_main_lines": ["stream {", "    server {", "        listen 1;", "    }", "}"],
        },
    ),
    ("http { include mime.types; }", {"nginx_http_lines": ["include mime.types;"]}),
    ("http { access_log off; }", {"nginx_access_logs": []}),
    (
        "http { access_log /var/log/nginx/access.log; }",
        {
            "nginx_http_settings": {"access_log": "/var/log/nginx/access.log"},
        },
    ),
    (
        "http { log_format a escape=json 'x' \"y\"; }",
        {
            "nginx_log_formats": [{"name": "a", "format": "xy", "escape": "json"}],
        },
    ),
    (
        "http { upstream u { least_conn; server a:1 backup; server unix:/x; } }",
        {
            "nginx_upstreams": [
                {
                    "name": "u",
                    "lines": ["least_conn;"],
                    "servers": [{"address": "a", "port": 1, "options": ["backup"]}, {"address": "unix:/x"}],
                }
            ],
        },
    ),
]

SITES = [
    (
        "listen 80; server_name a.example.com;",
        {
            "name": "a.example.com",
            "listens": ["80"],
            "server_names": ["a.example.com"],
        },
    ),
    ("listen 80;", {"name": "default", "server_names": ['""'], "listens": ["80"]}),
    (
        "server_name _; root /srv; index a b;",
        {
            "name": "default",
            "server_names": ["_"],
            "root": "/srv",
            "index": "a b",
        },
    ),
    (
        "server_name a; ssl_certificate /a; ssl_certificate_key /b;",
        {
            "name": "a",
            "server_names": ["a"],
            "certificate": "/a",
            "certificate_key": "/b",
        },
    ),
    (
        "server_name a; ssl_certificate /a; ssl_certificate /c; ssl_certificate_key /b;",
        {
            "name": "a",
            "server_names": ["a"],
            "lines": ["ssl_certificate /a;", "ssl_certificate /c;", "ssl_certificate_key /b;"],
        },
    ),
    (
        "server_name a; root $x; if ($a) { return 1; } location = /b { c; }",
        {
            "name": "a",
            "server_names": ["a"],
            "lines": ["root $x;", "if ($a) {", "    return 1;", "}"],
            "locations": [{"path": "= /b", "lines": ["c;"]}],
        },
    ),
]


@pytest.mark.parametrize(("text", "expected"), CONTEXTS)
def test_contexts(text, expected):
    assert variables(text) == expected


@pytest.mark.parametrize(("text", "expected"), SITES)
def test_sites(text, expected):
    assert variables(f"http {{ server {{ {text} }} }}") == {"nginx_sites": [expected]}


def test_sites_of_one_name_get_numbers():
    found = variables("http { server { server_name a; } server { server_name a b; } }")["nginx_sites"]
    assert [site["name"] for site in found] == ["a", "a_2"]


# Servers whose locations have to stand where they are, and the lines of the site.
ORDERED = [
    ("location ~ a { b; } include c;", ["location ~ a {", "    b;", "}", "include c;"]),
    (
        "location ~ a { b; } add_header A 1; location ~ a { c; }",
        ["location ~ a {", "    b;", "}", "add_header A 1;", "location ~ a {", "    c;", "}"],
    ),
]


@pytest.mark.parametrize(("text", "lines"), ORDERED)
def test_a_server_that_would_be_printed_in_another_order_stays_in_its_place(text, lines):
    found = variables(f"http {{ server {{ server_name a; }} server {{ server_name b; {text} }} }}")
    assert found["nginx_sites"] == [
        {"name": "a", "server_names": ["a"]},
        {"name": "b", "server_names": ["b"], "lines": lines},
    ]


# A block in Lua, and its lines. Braces in texts and comments do not count.
LUA = [
    ("{ngx.say(1)}", ["ngx.say(1)"]),
    ("{\n  if a then\n    b = {c = {}}\n\n  end\n}", ["if a then", "  b = {c = {}}", "end"]),
    ('{ a = \'}\' .. "\\"}" }', ['a = \'}\' .. "\\"}"']),
    ("{ a = [[}]] .. [=[ ]] } ]=] }", ["a = [[}]] .. [=[ ]] } ]=]"]),
    ("{ -- it's }\n a() --[[ }\n ]] }", ["-- it's }", "a() --[[ }", "]]"]),
    ("{ }", []),
]


@pytest.mark.parametrize(("block", "lines"), LUA)
def test_blocks_in_lua_are_kept_as_they_are(block, lines):
    text = f"http {{ server {{ location / {{ content_by_lua_block {block} a; }} }} }}"
    assert variables(text)["nginx_sites"][0]["locations"] == [
        {"path": "/", "lines": ["content_by_lua_block {", *(f"    {line}" for line in lines), "}", "a;"]}
    ]


def test_blocks_in_lua_have_no_type():
    text = "init_by_lua_block { a = 1 } upstream u { server a:1; balancer_by_lua_block { b() } }"
    found = variables(f"http {{ {text} server {{ set_by_lua_block $c {{ return 1 }} }} }}")
    assert found["nginx_http_lines"] == ["init_by_lua_block {", "    a = 1", "}"]
    assert found["nginx_upstreams"][0]["lines"] == ["balancer_by_lua_block {", "    b()", "}"]
    assert found["nginx_sites"][0]["lines"] == ["set_by_lua_block $c {", "    return 1", "}"]


def test_texts_of_several_lines_in_lua_are_reported():
    found = translate(read("http { init_by_lua_block { a = [[ b ]] c = [=[\n d ]=] } }"))
    assert [(item.kind, item.line) for item in found.remarks] == [("changed", "init_by_lua_block {")]
    assert translate(read("http { init_by_lua_block { a = [[ b ]]\n c = d[e[1]]\n } }")).remarks == []


def test_names_of_a_site_add_up():
    one = read("http { server { server_name a b; } }")
    assert list_effects(one) == list_effects(read("http { server { server_name a; server_name b; } }"))


def test_another_pid_is_reported():
    found = translate(read("pid /run/other.pid;"))
    assert found.variables == PLAIN
    assert [(remark.kind, remark.line) for remark in found.remarks] == [("changed", "pid /run/other.pid")]


WRAPPED = [
    ("'b\n c'", r"'b\n c'"),
    ('"b\r\n\tc"', '"b\\r\\n\tc"'),
    ('"b\\\nc"', r'"b\\\nc"'),
    ('"b\\\\\nc\\"\n"', r'"b\\\nc\"\n"'),
    ("b\\\nc", r"b\\\nc"),
]


@pytest.mark.parametrize(("word", "printed"), WRAPPED)
def test_a_word_of_several_lines_becomes_one_line_with_the_same_value(word, printed):
    root = read(f"http {{ server {{ a {word}; }} }}")
    found = translate(root)
    assert found.remarks == []
    assert found.variables["nginx_sites"][0]["lines"] == [f"a {printed};"]
    again = read(f"http {{ server {{ a {printed}; }} }}")
    assert list_effects(again) == list_effects(root)


def test_secrets_stand_apart():
    found = translate(
        read("""
        env API_TOKEN=one;
        http {
            proxy_set_header Authorization "Basic two";
            map $http_x_api_key $client { default ""; "three" shop; "~^fo{2}ur" other; include keys; }
            map $http_host $name { default ""; "a" b; }
            server {
                if ($http_x_token != "five") { return 403; }
                location / { proxy_set_header X-Api-Key $key; fastcgi_param PASSWORD six; }
            }
        }
        """)
    )
    site = found.variables["nginx_sites"][0]
    assert found.variables["nginx_main_settings"] == {"env": "API_TOKEN={{ vault_nginx_api_token }}"}
    assert found.variables["nginx_http_settings"] == {
        "proxy_set_header": 'Authorization "Basic {{ vault_nginx_authorization }}"'
    }
    assert found.variables["nginx_http_lines"] == [
        "map $http_x_api_key $client {",
        '    default "";',
        '    "{{ vault_nginx_http_x_api_key }}" shop;',
        '    "{{ vault_nginx_http_x_api_key_2 }}" other;',
        "    include keys;",
        "}",
        "map $http_host $name {",
        '    default "";',
        '    "a" b;',
        "}",
    ]
    assert site["lines"][0] == 'if ($http_x_token != "{{ vault_nginx_http_x_token }}" ) {'
    assert site["locations"][0]["lines"] == [
        "proxy_set_header X-Api-Key $key;",
        "fastcgi_param PASSWORD {{ vault_nginx_password }};",
    ]
    assert sorted(found.secrets.values()) == sorted(["one", "two", "three", "~^fo{2}ur", "five", "six"])


def test_comments_stand_before_what_comes_of_their_lines():
    site = "server { # site\n# port\nlisten 80;\nlocation / {\n# in\nreturn 1;\n}\n}"
    text = f"# all\nhttp {{\n# zip\ngzip on;\n{site}\n}}\n# end"
    assert translate(read(text)).comments == {
        ("nginx_http_settings", "gzip"): ["all", "zip"],
        ("nginx_sites", 0): ["site"],
        ("nginx_sites", 0, "listens", 0): ["port"],
        ("nginx_sites", 0, "locations", 0, "lines", 0): ["in"],
        ("nginx_end",): ["end"],
    }


SAME = [
    ("http { a; b; }", "http { b; a; }"),
    ("http { server { } }", 'http { server { listen 80; server_name ""; } }'),
    ("http { log_format a 'b' 'c'; }", "http { log_format a bc; }"),
    ("http { include conf.d/a.conf; }", "http { from a; }"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_texts_that_do_the_same(one, other):
    first, second = (list_effects(read(text, a="from a;")) for text in (one, other))
    assert list_differences(first, second) == list_differences(second, first) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http { a 1; a 2; }", "http { a 2; a 1; }"),
        ("http { server { set $a 1; return 1; } }", "http { server { return 1; set $a 1; } }"),
        ("http { server { location / { a; } } }", "http { server { location / { b; } } }"),
        ("http { a_by_lua_block { b() } }", "http { a_by_lua_block { c() } }"),
        ("http { map $a $b { c 1; } }", "http { map $a $b { c 2; } }"),
    ],
)
def test_two_texts_that_differ(one, other):
    assert list_differences(list_effects(read(one)), list_effects(read(other))) != []
