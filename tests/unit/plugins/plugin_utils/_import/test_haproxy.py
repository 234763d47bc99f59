# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.haproxy import PLAIN, translate
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.haproxy_text import parse
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.values import Template

ALWAYS = {*PLAIN, "haproxy_log", "haproxy_mode"}


def translated(text):
    return translate(parse({"x.cfg": text}))


def variables(text):
    return {name: value for name, value in translated(text).variables.items() if name not in ALWAYS}


def frontend(lines):
    return variables(f"frontend a\n{lines}")["haproxy_frontends"][0]


def backend(lines):
    return variables(f"backend a\n{lines}")["haproxy_backends"][0]


GLOBAL = [
    ("maxconn ${MAX}", {"haproxy_global_lines": ["maxconn ${MAX}"]}),
    (
        "stats socket *:1999 level admin",
        {"haproxy_global_lines": ["stats socket *:1999 level admin"], "haproxy_accept_unprotected_socket": True},
    ),
    ("maxconn 1000", {"haproxy_maxconn": 1000}),
    ("hard-stop-after 1h", {"haproxy_hard_stop_after": "1h"}),
    ("hard-stop-after 60000", {"haproxy_hard_stop_after": "60000ms"}),
    ("hard-stop-after 0", {"haproxy_hard_stop_after": "0ms"}),
    ("user haproxy\ngroup haproxy", {"haproxy_global_lines": ["user haproxy", "group haproxy"]}),
    (
        "hard-stop-after 12h\nmworker-max-reloads 50",
        {
            "haproxy_global_lines": ["hard-stop-after 12h", "mworker-max-reloads 50"],
        },
    ),
    ("log /dev/log local0 notice", {"haproxy_global_lines": ["log /dev/log local0 notice"]}),
    ("chroot /srv/jail", {"haproxy_global_lines": ["chroot /srv/jail"]}),
    ("stats socket /run/haproxy/admin.sock mode 600 level admin", {"haproxy_socket_mode": "600"}),
    ("stats timeout 30s\nstats socket /tmp/x", {"haproxy_global_lines": ["stats timeout 30s", "stats socket /tmp/x"]}),
    (
        "maxconn 5\n.if version_atleast(2.8)\nmaxconn 50000\n.else\nmaxconn 2000\n.endif\nlog /dev/log local1",
        {
            "haproxy_maxconn": 5,
            "haproxy_global_lines": [
                ".if version_atleast(2.8)",
                "maxconn 50000",
                ".else",
                "maxconn 2000",
                ".endif",
                "log /dev/log local1",
            ],
        },
    ),
    (
        ".if defined(A)\nnbthread 2\n.endif\nstats socket /run/haproxy/admin.sock mode 600 level admin",
        {"haproxy_socket_mode": "600", "haproxy_global_lines": [".if defined(A)", "nbthread 2", ".endif"]},
    ),
    ("tune.ssl.cachesize 5", {"haproxy_global_lines": ["tune.ssl.cachesize 5"]}),
    (
        'setenv A x\nlog "$A" local0\nlog /dev/log local1\nmaxconn 5',
        {
            "haproxy_maxconn": 5,
            "haproxy_global_lines": ["setenv A x", 'log "$A" local0', "log /dev/log local1"],
        },
    ),
    ("setenv A x\nlog /dev/log local1", {"haproxy_global_lines": ["setenv A x"]}),
    ('log "$A" local0', {}),
]

DEFAULTS = [
    ("mode http", {}),
    (
        "option httplog\noption forwardfor except ::1",
        {"haproxy_options": {"httplog": True, "forwardfor": "except ::1"}},
    ),
    ("timeout client 5000\ntimeout server 1m", {"haproxy_timeouts": {"client": "5000ms", "server": "1m"}}),
    ('timeout client "05000"\ntimeout queue 0', {"haproxy_timeouts": {"client": "5000ms", "queue": "0ms"}}),
    ('timeout client "${IDLE}"', {"haproxy_timeouts": {"client": '"${IDLE}"'}}),
    ("no option httplog\nretries 3", {"haproxy_defaults_lines": ["no option httplog", "retries 3"]}),
    (
        "no option tcpka\noption tcpka\noption clitcpka",
        {"haproxy_defaults_lines": ["no option tcpka", "option tcpka"], "haproxy_options": {"clitcpka": True}},
    ),
    (
        "option tcpka\nno option tcpka",
        {"haproxy_options": {"tcpka": True}, "haproxy_defaults_lines": ["no option tcpka"]},
    ),
    ("log-format a\noption httplog", {"haproxy_defaults_lines": ["log-format a", "option httplog"]}),
    ("errorfile 503 /etc/503", {"haproxy_defaults_lines": ["errorfile 503 /etc/503"]}),
]

FRONTENDS = [
    ("bind :80", {"binds": [{"port": 80}]}),
    (
        "bind 192.0.2.1:80,[::]:80 v6only",
        {
            "binds": [
                {"address": "192.0.2.1", "port": 80, "options": ["v6only"]},
                {"address": "::", "port": 80, "options": ["v6only"]},
            ]
        },
    ),
    ("bind *:8000-8010", {"binds": [{"port": "8000-8010"}]}),
    ("bind /run/x.sock mode 600", {"binds": [{"address": "/run/x.sock", "options": ["mode 600"]}]}),
    (
        "bind :443 ssl crt /a.pem alpn h2 crt /b.pem",
        {
            "binds": [{"port": 443, "certificates": ["/a.pem", "/b.pem"], "options": ["alpn h2"]}],
        },
    ),
    ("bind :443 ssl crt /a crt-list /b", {"binds": [{"port": 443, "options": ["ssl", "crt /a", "crt-list /b"]}]}),
    ("bind :80 no-such-option x", {"binds": [{"port": 80, "options": ["no-such-option x"]}]}),
    ('bind "${A}:80"', {"binds": [], "lines": ['bind "${A}:80"']}),
    ("bind *", {"binds": [], "lines": ["bind *"]}),
    ("bind :80\nbind rhttp@a/b\nbind :81", {"binds": [{"port": 80}], "lines": ["bind rhttp@a/b", "bind :81"]}),
    ("bind :80\ndefault_backend b", {"binds": [{"port": 80}], "default_backend": "b"}),
    ("default_backend b\ndefault_backend c", {"binds": [], "lines": ["default_backend b", "default_backend c"]}),
    ("acl a path /\nuse_backend b if a", {"binds": [], "lines": ["acl a path /", "use_backend b if a"]}),
    (".if defined(A)\nbind :80\n.endif", {"binds": [], "lines": [".if defined(A)", "bind :80", ".endif"]}),
    ("log-format {%ci}", {"binds": [], "lines": ["log-format {%ci}"]}),
]

BACKENDS = [
    ("balance hdr(Host)", {"balance": "hdr(Host)"}),
    (
        "server a 192.0.2.1:80 check inter 2s weight 5",
        {
            "servers": [
                {
                    "name": "a",
                    "address": "192.0.2.1",
                    "port": 80,
                    "options": {"check": True, "inter": "2s", "weight": 5},
                },
            ]
        },
    ),
    (
        "server a x:80 check inter 2000 fall 3 slowstart '30s'",
        {
            "servers": [
                {
                    "name": "a",
                    "address": "x",
                    "port": 80,
                    "options": {"check": True, "inter": "2000ms", "fall": 3, "slowstart": "30s"},
                },
            ]
        },
    ),
    (
        "server a x:80 check\nserver b y:80 check backup",
        {
            "server_options": {"check": True},
            "servers": [
                {"name": "a", "address": "x", "port": 80},
                {"name": "b", "address": "y", "port": 80, "options": {"backup": True}},
            ],
        },
    ),
    (
        "cookie C insert\nserver a x:80 cookie a",
        {
            "cookie": "C insert",
            "servers": [{"name": "a", "address": "x", "port": 80, "cookie": "a"}],
        },
    ),
    (
        "cookie C insert\nserver a x:80",
        {
            "servers": [{"name": "a", "address": "x", "port": 80}],
            "lines": ["cookie C insert"],
        },
    ),
    (
        "server a x check port 81",
        {"servers": [{"name": "a", "address": "x", "options": {"check": True, "port": 81}}]},
    ),
    ("server a 192.0.2.1", {"servers": [{"name": "a", "address": "192.0.2.1"}]}),
    ("server a x check", {"lines": ["server a x check"]}),
    ("server a x:80\nserver b y:+1", {"lines": ["server a x:80", "server b y:+1"]}),
    (
        "server a x:80\ndefault-server check\nserver b y:80",
        {
            "lines": ["server a x:80", "default-server check", "server b y:80"],
        },
    ),
    (
        "default-server check\nserver a x:80",
        {
            "servers": [{"name": "a", "address": "x", "port": 80}],
            "lines": ["default-server check"],
        },
    ),
    (
        "server a x:80 source 0.0.0.0 usesrc clientip",
        {
            "servers": [
                {"name": "a", "address": "x", "port": 80, "options": {"source": "0.0.0.0 usesrc clientip"}},
            ]
        },
    ),
    ("server-template a 3 x:80", {"lines": ["server-template a 3 x:80"]}),
]


@pytest.mark.parametrize(("lines", "expected"), GLOBAL)
def test_global(lines, expected):
    assert variables(f"global\n{lines}") == expected


def test_the_last_of_several_kinds_of_checks_stays_the_last():
    text = "defaults\noption httpchk GET /a\noption tcp-check\noption httpchk GET /b"
    assert list(variables(text)["haproxy_options"].items()) == [("tcp-check", True), ("httpchk", "GET /b")]


@pytest.mark.parametrize(("lines", "expected"), DEFAULTS)
def test_defaults(lines, expected):
    assert variables(f"defaults\n{lines}") == expected


@pytest.mark.parametrize(("lines", "expected"), FRONTENDS)
def test_frontends(lines, expected):
    assert frontend(lines) == {"name": "a", **expected}


@pytest.mark.parametrize(("lines", "expected"), BACKENDS)
def test_backends(lines, expected):
    assert backend(f"mode http\n{lines}") == {"name": "a", **expected}


def test_the_mode_of_the_only_defaults_is_that_of_all_sections():
    found = translated("defaults\nmode http\nfrontend a\nbind :80\nbackend b\nmode tcp").variables
    assert found["haproxy_mode"] == "http"
    assert found["haproxy_frontends"] == [{"name": "a", "binds": [{"port": 80}]}]
    assert found["haproxy_backends"] == [{"name": "b", "mode": "tcp"}]


def test_several_defaults_get_names():
    found = variables("defaults\nmode http\nfrontend a\ndefaults http from x\ndefaults x\ndefaults y from x\nbackend b")
    assert found["haproxy_named_defaults"] == [
        {"name": "defaults_1", "mode": "http"},
        {"name": "http_2", "mode": "tcp"},
        {"name": "x", "mode": "tcp"},
        {"name": "y", "from": "x", "mode": "tcp"},
    ]
    assert found["haproxy_frontends"][0]["from"] == "defaults_1"
    assert found["haproxy_backends"][0]["from"] == "y"


# Configurations with sections before their only defaults, which HAProxy gives nothing of it.
EARLY = [
    {"x.cfg": "listen early\nbind :1\ndefaults\nmode http\ntimeout client 1s\nfrontend late\nbind :2"},
    {"a.cfg": "listen early\nbind :1", "b.cfg": "defaults\nmode http\ntimeout client 1s\nfrontend late\nbind :2"},
]


@pytest.mark.parametrize("files", EARLY)
def test_sections_before_the_only_defaults_get_nothing_of_it(files):
    found = translate(parse(files)).variables
    assert "haproxy_timeouts" not in found
    assert found["haproxy_named_defaults"] == [{"name": "defaults_1", "mode": "http", "timeouts": {"client": "1s"}}]
    assert found["haproxy_listens"] == [{"name": "early", "mode": "tcp", "binds": [{"port": 1}]}]
    assert found["haproxy_frontends"] == [{"name": "late", "from": "defaults_1", "binds": [{"port": 2}]}]


CONDITIONED = """
frontend a
bind :80
.if feature(QUIC)
.if defined(A)
maxconn 5
.endif
frontend q
bind :81
.else
backend r
.endif
maxconn 6
backend b
.if defined(A)
balance source
.endif
"""


def test_conditions_on_whole_sections_are_reported_and_left_out():
    found = translated(CONDITIONED)
    assert found.variables["haproxy_frontends"] == [{"name": "a", "binds": [{"port": 80}]}]
    assert found.variables["haproxy_backends"] == [
        {"name": "b", "lines": [".if defined(A)", "balance source", ".endif"]}
    ]
    assert [(remark.kind, str(remark.place), remark.line) for remark in found.remarks] == [
        ("left", "x.cfg:4", ".if feature(QUIC)"),
        ("left", "x.cfg:8", "frontend q"),
        ("left", "x.cfg:11", "backend r"),
        ("left", "x.cfg:13", "maxconn 6"),
    ]
    assert "from x.cfg:4 to x.cfg:12" in found.remarks[0].text


def test_sections_of_other_kinds():
    assert variables("resolvers dns\nnameserver a 192.0.2.1:53\ncache c\ntotal-max-size 4") == {
        "haproxy_extra_sections": [
            {"kind": "resolvers", "name": "dns", "lines": ["nameserver a 192.0.2.1:53"]},
            {"kind": "cache", "name": "c", "lines": ["total-max-size 4"]},
        ]
    }


@pytest.mark.parametrize("kind", ["crt-store", "traces"])
def test_sections_that_need_no_name(kind):
    assert variables(f"{kind}\na b")["haproxy_extra_sections"] == [{"kind": kind, "name": "", "lines": ["a b"]}]


def test_users_and_groups():
    found = translated("userlist u\ngroup g users a\nuser a insecure-password secret1 groups h\nuser b password $6$x$y")
    assert found.variables["haproxy_userlists"] == [
        {
            "name": "u",
            "users": [
                {"name": "a", "password": "{{ vault_haproxy_u_a }}", "insecure": True, "groups": ["h", "g"]},
                {"name": "b", "password": "{{ vault_haproxy_u_b }}"},
            ],
        }
    ]
    assert found.secrets == {"vault_haproxy_u_a": "secret1", "vault_haproxy_u_b": "$6$x$y"}


# A line of a backend, what becomes of it, and the secret.
SECRETS = [
    ("stats auth admin:secret1", "stats auth admin:{{ vault_haproxy_stats_admin }}", "secret1"),
    ("dynamic-cookie-key secret1", "dynamic-cookie-key {{ vault_haproxy_dynamic_cookie_key }}", "secret1"),
    (
        "http-request set-header Authorization Basic\\ c2VjcmV0",
        "http-request set-header Authorization Basic\\ {{ vault_haproxy_authorization }}",
        "c2VjcmV0",
    ),
    (
        'http-check send hdr Authorization "Basic c2VjcmV0"',
        'http-check send hdr Authorization "Basic {{ vault_haproxy_authorization }}"',
        "c2VjcmV0",
    ),
    (
        "http-request set-header Authorization Bearer\\ c {{%x",
        "http-request set-header Authorization Bearer\\ {{ vault_haproxy_authorization }} {{ '{{' }}%x",
        "c",
    ),
    (
        'tcp-check send "AUTH secret1\\r\\n"',
        'tcp-check send "AUTH {{ vault_haproxy_auth }}\\r\\n"',
        "secret1",
    ),
    (
        "http-request deny unless { req.hdr(X-Api-Key) -m str secret1 }",
        "http-request deny unless { req.hdr(X-Api-Key) -m str {{ vault_haproxy_x_api_key }} }",
        "secret1",
    ),
    (
        "option httpchk GET / HTTP/1.1\\r\\nAuthorization:\\ Basic\\ YTpi",
        "option httpchk GET / HTTP/1.1\\r\\nAuthorization:\\ Basic\\ {{ vault_haproxy_authorization }}",
        "YTpi",
    ),
]


@pytest.mark.parametrize(("line", "expected", "secret"), SECRETS)
def test_secrets_stand_apart(line, expected, secret):
    found = translated(f"backend a\n{line}")
    assert found.variables["haproxy_backends"][0]["lines"] == [expected]
    assert isinstance(found.variables["haproxy_backends"][0]["lines"][0], Template)
    assert list(found.secrets.values()) == [secret]


def test_every_secret_of_a_line_stands_apart():
    found = translated("backend a\nhttp-check send hdr Authorization 'Basic YTpi' hdr X-Token secret1")
    assert found.variables["haproxy_backends"][0]["lines"] == [
        "http-check send hdr Authorization 'Basic {{ vault_haproxy_authorization }}' "
        "hdr X-Token {{ vault_haproxy_x_token }}"
    ]
    assert list(found.secrets.values()) == ["YTpi", "secret1"]


def test_secrets_of_the_global_section_and_of_defaults_stand_apart():
    found = translated(
        "global\ncluster-secret one\nsetenv TOKEN two\ndefaults\noption httpchk GET /\\r\\nX-Token:\\ three"
    )
    assert found.variables["haproxy_global_lines"] == [
        "cluster-secret {{ vault_haproxy_cluster_secret }}",
        "setenv TOKEN {{ vault_haproxy_token }}",
    ]
    assert found.variables["haproxy_options"] == {"httpchk": "GET /\\r\\nX-Token:\\ {{ vault_haproxy_x_token }}"}
    assert list(found.secrets.values()) == ["one", "two", "three"]


def test_two_secrets_of_one_name_get_numbers():
    found = translated(
        "backend a\nstats auth admin:one\nbackend b\nstats auth admin:two\nbackend c\nstats auth admin:one"
    )
    assert found.secrets == {"vault_haproxy_stats_admin": "one", "vault_haproxy_stats_admin_2": "two"}


def test_comments_stand_before_what_comes_of_their_lines():
    text = """
    # all
    global
        # how many
        maxconn 5
    # shop
    frontend a
        # first
        bind :80 # second
        acl x src ::1 # third
        # fourth
        default_backend b
    # end
    """
    assert translated(text).comments == {
        ("haproxy_maxconn",): ["all", "how many"],
        ("haproxy_frontends", 0): ["shop"],
        ("haproxy_frontends", 0, "binds", 0): ["first", "second"],
        ("haproxy_frontends", 0, "lines", 0): ["third"],
        ("haproxy_frontends", 0, "default_backend"): ["fourth"],
        ("haproxy_end",): ["end"],
    }


# A text, and kind, place and line of the remark.
REMARKS = [
    ("daemon", "left", "x.cfg:1", "daemon"),
    ('frontend "a b"', "left", "x.cfg:1", 'frontend "a b"'),
    ("cache\nmax-age 5", "left", "x.cfg:1", "cache"),
    ("listen a :80", "changed", "x.cfg:1", "listen a :80"),
    ("userlist u\nuser a password abc", "left", "x.cfg:2", "user a password ********"),
    ("userlist u\ngroup g\nuser a insecure-password abc", "changed", "x.cfg:2", "group g"),
    ("global\nstats socket /run/haproxy/admin.sock", "changed", "x.cfg:2", "stats socket /run/haproxy/admin.sock"),
    (
        "global\n.if defined(A)\nstats socket /run/haproxy/admin.sock level admin\n.endif",
        "changed",
        "x.cfg:3",
        "stats socket /run/haproxy/admin.sock level admin",
    ),
    ("frontend a\nglobal\nsetenv A x", "changed", "x.cfg:3", "setenv A x"),
    ("\nfrontend health\nbind :80", "left", "x.cfg:2", "frontend health"),
    ("\nlisten health\nbind :80", "left", "x.cfg:2", "listen health"),
]


@pytest.mark.parametrize(("text", "kind", "place", "line"), REMARKS)
def test_what_cannot_be_kept_is_reported(text, kind, place, line):
    assert [(item.kind, str(item.place), item.line) for item in translated(text).remarks] == [(kind, place, line)]


HEALTH = [("127.0.0.1:8405", 8406), (":80,:8405", 8406), ("*:8404", None), ("/run/x:8405x", None)]


@pytest.mark.parametrize(("address", "port"), HEALTH)
def test_the_listener_of_the_role_gets_a_free_port(address, port):
    assert variables(f"frontend a\nbind {address}").get("haproxy_health_port") == port


ADMINS = [
    ("stats admin if TRUE", "", True),
    ("stats admin if TRUE\nstats auth a:b", "", None),
    ("stats admin if TRUE", "stats auth a:b", None),
    ("stats admin if LOCALHOST", "", None),
]


@pytest.mark.parametrize(("lines", "defaults", "accepted"), ADMINS)
def test_statistics_that_everybody_may_change_are_accepted_and_named(lines, defaults, accepted):
    found = translated(f"defaults\nmode http\n{defaults}\nlisten a\nbind :1\n{lines}")
    assert found.variables.get("haproxy_accept_unprotected_stats") == accepted
    assert [remark.kind for remark in found.remarks] == (["note"] if accepted else [])


LOCAL = [
    "defaults local\ntimeout client 7s\nfrontend a\nbind :80",
    "defaults local\ntimeout client 7s\nfrontend a from local\nbind :80",
    "defaults local\ntimeout client 7s\nbackend a",
    "defaults local\ntimeout client 7s\nfrontend health from local\nmonitor-uri /up\nbackend a",
]


@pytest.mark.parametrize("text", LOCAL)
def test_defaults_of_the_name_local_that_others_have_are_kept(text):
    assert variables(text)["haproxy_timeouts"] == {"client": "7s"}


def test_the_listener_of_the_role_stays_what_it_is():
    own = "frontend health from local\nbind 127.0.0.1:9000\nmonitor-uri /up"
    assert variables(f"defaults local\n{own}\nfrontend a\nbind :8405") == {
        "haproxy_health_port": 9000,
        "haproxy_health_uri": "/up",
        "haproxy_frontends": [{"name": "a", "binds": [{"port": 8405}]}],
    }
