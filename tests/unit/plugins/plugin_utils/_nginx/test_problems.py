# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx.problems import are_arguments, problems
from samples.nginx import UPSTREAM, declaration, site, upstream

IMAGES = {"path": "/images/", "lines": ["expires 1d;"]}
KEY = "-----BEGIN PRIVATE KEY-----\nunutterable\n"
TLS = {"listens": ["443 ssl"], "certificate": "tls/web.pem"}
GOOD = [
    {"sites": [site(listens=["443"], certificate="a.pem", lines=["ssl on;"])]},
    {"sites": [site(listens=["443"], certificate="a.pem")], "http_settings": {"ssl": True}},
    {},
    {"sites": [site(lines=["return 301 https://$host$request_uri;"])]},
    {"sites": [site(lines=["location / {", "    location = /healthz {", "    }", "}", "location = /a {", "}"])]},
    {"sites": [site()], "trusted_proxies": ["192.0.2.11", "192.0.2.0/24", "192.0.2.11/24", "2001:db8::/32", "unix:"]},
    {"sites": [site(), site(name="api", server_names=["api.example.com"])]},
    {"sites": [site(), site(name="other", listens=["8080"])]},
    {"sites": [site(listens=[80, "443 ssl"], certificate="a.pem", server_names=[1], name=1)]},
    {"sites": [site(listens=["80 default_server", "[::]:80 default_server"]), site(name="b", server_names=["b"])]},
    {"sites": [site(listens=["192.0.2.1:80 default_server"]), site(name="b", listens=["80 default_server"])]},
    {
        "sites": [
            site(listens=["443 ssl"], certificate="a.pem"),
            site(name="b", listens=["443 quic"], certificate="a.pem"),
        ]
    },
    {"sites": [site(locations=[IMAGES, {**IMAGES, "path": "/"}]), site(name="b", listens=["81"], locations=[IMAGES])]},
    {"sites": [site(locations=[{**IMAGES, "path": "= /healthz"}])], "health_location": ""},
    {"sites": [site(root="/srv/www")]},
    {
        "sites": [
            site(
                root="/srv/${host}/www",
                access_logs=["/var/log/${host}.log"],
                server_names=['"~^a{2}$"', r"~^www\d+\.a$"],
            )
        ]
    },
    {
        "files": [
            {"path": "a.key", "content": KEY, "mode": "0600", "sensitive": True},
            {"path": "a.conf", "content": "gzip on;\n"},
        ]
    },
    {"sites": [site(root="/srv/home/www", locations=[{"path": "/home/", "lines": ["alias /srv/home/;"]}])]},
    {"sites": [site(root="/home/www")], "confined": False},
    {"sites": [site(**TLS, certificate_key="tls/web.key")]},
    {"sites": [site(redirect="https://$host", locations=[{"path": "/status", "lines": []}])]},
    {"sites": [site(redirect="http://www.example.com:8080/shop")]},
    {"sites": [site(listens=["80", "443 ssl"], certificate="tls/web.pem")]},
    {"sites": [site(listens=["443 ssl"], lines=["ssl_certificate a.pem;", "ssl_certificate_key a.pem;"])]},
    {"sites": [site(listens=["443 ssl"], lines=["include snippets/tls.conf;"])]},
    {"sites": [site(listens=["443 ssl default_server"], lines=["ssl_reject_handshake on;"])]},
    {"sites": [site(listens=["443 ssl"])], "http_settings": {"ssl_certificate": "a.pem"}},
    {"sites": [site(listens=["443 ssl"])], "http_lines": ["ssl_certificate a.pem;"]},
    {"upstreams": [upstream(), upstream({"address": "unix:/run/app.sock"}, {"address": "2001:db8::31"}, name="b")]},
    {"upstreams": [upstream(servers=[], lines=["include servers.conf;"])]},
    {"upstreams": [upstream({"address": "a"}, {"address": "a"})], "plain": True},
    {"sites": [site(), site(name="again")], "plain": True},
    {"log_formats": [{"name": "short", "format": "$remote_addr '$request'\t$status"}]},
    {"sites": [site(listens=["80", "127.0.0.1:80"], server_names=["a"])], "status_port": 80},
]


# what is wrong, the declaration, what the problem says
@pytest.mark.parametrize(
    "listen",
    [
        "80",
        "8080-8090",
        "*:80 default_server",
        "[::]:8443",
        "[::1]",
        "192.0.2.1",
        "a.example.com:80",
        "unix:/a",
        "$b",
    ],
)
def test_a_place_to_listen_on(listen):
    assert problems(declaration(sites=[site(listens=[listen])], health_location="")) == []


@pytest.mark.parametrize(
    "listen", ["80a", "70000", "0", "192.0.2.300:80", "192.0.2.1/24", "192.0.2.1:99999", "[::g]:80", ":80", "::1:80"]
)
def test_no_place_to_listen_on(listen):
    (problem,) = problems(declaration(sites=[site(listens=[listen])], health_location=""))
    assert problem.startswith(f"nginx_sites: web: listen '{listen}' begins with no port or address")


BAD = [
    (
        "a health location without a slash",
        {"sites": [site()], "health_location": "healthz"},
        ["nginx_health_location is 'healthz': a path with a slash", "such as /healthz"],
    ),
    *(
        (f"the location {path}", {"sites": [site(locations=[{**IMAGES, "path": path}])]}, [f"the location '{path}'"])
        for path in ("images", "= images", "^~ images/", "=images")
    ),
    (
        "a log that a confined nginx cannot open",
        {"sites": [site(access_logs=["/home/www/access.log combined"])]},
        ["nginx_sites: web: access_logs is '/home/www/access.log', which a confined service does not see"],
    ),
    (
        "a netmask",
        {"trusted_proxies": ["192.0.2.0/255.255.255.0"]},
        ["nginx_trusted_proxies has '192.0.2.0/255.255.255.0': write its prefix instead of a netmask"],
    ),
    (
        "a server of no address",
        {"upstreams": [{"name": "app", "servers": [{"address": "192.0.2.300"}], "server_options": []}]},
        ["nginx_upstreams: app: the address of a server is '192.0.2.300'"],
    ),
    ("site twice", {"sites": [site(), site(listens=["81"])]}, ["nginx_sites: the name web is used 2 times", "once"]),
    ("a name of two words", {"sites": [site(name="my site")]}, ["nginx_sites: the name 'my site' is no single word"]),
    (
        "a name that leaves the web root",
        {"sites": [site(name="../web")]},
        ["nginx_sites: the name '../web' is no single word"],
    ),
    (
        "location twice",
        {"sites": [site(locations=[IMAGES, IMAGES])]},
        ["nginx_sites: web: locations: the path /images/", "2 times"],
    ),
    (
        "the role's own location among the lines",
        {"sites": [site(lines=["location /a {", "}", "location  = /healthz { return 200; }"])]},
        ["nginx_sites: web: the location = /healthz is the role's own", "nginx_health_location"],
    ),
    (
        "the role's own location",
        {"sites": [site(locations=[{**IMAGES, "path": "=  /healthz"}])]},
        ["nginx_sites: web: the location = /healthz is the role's own", "nginx_health_location"],
    ),
    (
        "server name twice",
        {"sites": [site(), site(name="b", listens=["80 default_server"])]},
        ["nginx_sites: the server name _ on *:80 is used 2 times"],
    ),
    (
        "server name twice in another spelling",
        {"sites": [site(listens=["0.0.0.0:80"]), site(name="b", listens=["*:80"])]},
        ["nginx_sites: the server name _ on *:80 is used 2 times"],
    ),
    (
        "an address without its port",
        {"sites": [site(listens=["192.0.2.1"]), site(name="b", listens=["192.0.2.1:80"])]},
        ["nginx_sites: the server name _ on 192.0.2.1:80"],
    ),
    (
        "an IPv6 address without its port",
        {"sites": [site(listens=["[::]"]), site(name="b", listens=["[::]:80"])]},
        ["nginx_sites: the server name _ on [::]:80"],
    ),
    (
        "a socket",
        {"sites": [site(listens=["unix:/run/a"]), site(name="b", listens=["unix:/run/a"])]},
        ["server name _ on unix:/run/a"],
    ),
    (
        "within one site",
        {"sites": [site(server_names=["a", "a"])]},
        ["nginx_sites: the server name a on *:80", "2 times"],
    ),
    (
        "the status listener",
        {"sites": [site(listens=["127.0.0.1:8081"])], "status_port": 8081},
        ["nginx_sites: the server name _ on 127.0.0.1:8081"],
    ),
    ("a status port that is none", {"status_port": 65536}, ["nginx_status_port is 65536: allowed are 1-65535, and 0"]),
    (
        "two default servers",
        {
            "sites": [
                site(listens=["80 default_server"]),
                site(name="b", server_names=["b"], listens=["*:80 default_server"]),
            ]
        },
        ["nginx_sites: web and b are both default_server on *:80"],
    ),
    ("no listener", {"sites": [site(listens=[])]}, ["nginx_sites: web: listens is empty"]),
    ("no server name", {"sites": [site(server_names=[])]}, ["nginx_sites: web: server_names is empty"]),
    ("a relative root", {"sites": [site(root="www")]}, ["nginx_sites: web: root is 'www'", "absolute path"]),
    (
        "TLS without a certificate",
        {"sites": [site(listens=["80", "443 ssl"])]},
        ["nginx_sites: web: listen '443 ssl' has TLS and the site has no certificate", "set certificate"],
    ),
    (
        "a root in a home",
        {"sites": [site(root="/home/www")]},
        ["nginx_sites: web: root is '/home/www'", "nginx_confined to false"],
    ),
    ("a web root in a home", {"sites": [site()], "web_root": "/root"}, ["nginx_sites: web: root is '/root/web'"]),
    ("a root of a line", {"sites": [site(lines=["root '/home/www';"])]}, ["nginx_sites: web: root is '/home/www'"]),
    (
        "an alias of a location",
        {"sites": [site(locations=[{"path": "/a/", "lines": ["alias /run/user/1000/;"]}])]},
        ["nginx_sites: web: alias is '/run/user/1000/'"],
    ),
    (
        "QUIC without a certificate",
        {"sites": [site(listens=["443 quic"])]},
        ["nginx_sites: web: listen '443 quic' has TLS"],
    ),
    (
        "port 443 without TLS",
        {"sites": [site(listens=["443"], certificate="a.pem")]},
        ["nginx_sites: web: listen '443' would answer in plain text", "'443 ssl'"],
    ),
    (
        "a key without a certificate",
        {"sites": [site(certificate_key="a.key")]},
        ["nginx_sites: web: certificate_key is set", "set both"],
    ),
    (
        "a key for all",
        {"files": [{"path": "a.key", "content": KEY}]},
        ["nginx_files: a.key has a private key", "mode 0600"],
    ),
    (
        "a listen that ends",
        {"sites": [site(listens=["80;"])]},
        ["nginx_sites: web: listens has '80;'", "quotation marks"],
    ),
    (
        "a name with a brace",
        {"sites": [site(server_names=["~^a{2}$"])]},
        ["nginx_sites: web: server_names has '~^a{2}$'"],
    ),
    ("a quotation mark in a word", {"sites": [site(index='a"b; c"')]}, ["nginx_sites: web: index has 'a\"b; c\"'"]),
    (
        "a root of two words",
        {"sites": [site(root="/srv/my site")]},
        ["nginx_sites: web: root is '/srv/my site'", "a single word"],
    ),
    (
        "an option that ends",
        {"upstreams": [upstream({"address": "a", "options": ["backup;"]})]},
        ["app: options has 'backup;'"],
    ),
    (
        "a host as proxy",
        {"trusted_proxies": ["lb1"]},
        ["nginx_trusted_proxies has 'lb1'", "such as 192.0.2.11 or 192.0.2.0/24"],
    ),
    (
        "a prefix too long",
        {"trusted_proxies": ["192.0.2.0/33"]},
        ["nginx_trusted_proxies has '192.0.2.0/33'", "an address or a network"],
    ),
    ("upstream twice", {"upstreams": [upstream(), upstream()]}, ["nginx_upstreams: the name app is used 2 times"]),
    (
        "an upstream without servers",
        {"upstreams": [{**UPSTREAM, "servers": []}]},
        ["nginx_upstreams: app: servers is empty"],
    ),
    (
        "a server without an address",
        {"upstreams": [upstream({"address": ""})]},
        ["nginx_upstreams: app: a server has the address ''"],
    ),
    ("an address that is a line", {"upstreams": [upstream({"address": "a;"})]}, ["app: a server has the address 'a;'"]),
    (
        "a port that is none",
        {"upstreams": [upstream({"address": "a", "port": 65536})]},
        ["app: server a has the port 65536", "1-65535"],
    ),
    (
        "a socket with a port",
        {"upstreams": [upstream({"address": "unix:/a", "port": 1})]},
        ["app: server unix:/a has the port 1"],
    ),
    (
        "a server twice",
        {"upstreams": [upstream({"address": "::1"}, {"address": "::1"})]},
        ["nginx_upstreams: app: servers: the address [::1]"],
    ),
    (
        "a redirect to a host alone",
        {"sites": [site(redirect="www.example.com")]},
        ["nginx_sites: web: redirect is 'www.example.com': a URL", "such as https://www.example.com"],
    ),
    (
        "a redirect with a slash at its end",
        {"sites": [site(redirect="https://www.example.com/")]},
        ["redirect is 'https://www.example.com/'", "without a slash"],
    ),
    (
        "a redirect that begins another directive",
        {"sites": [site(redirect="https://a; return 200")]},
        ["redirect is 'https://a; return 200'"],
    ),
    (
        "a redirect beside the location of all paths",
        {"sites": [site(redirect="https://$host", locations=[{"path": "/", "lines": []}])]},
        ["redirect is set, and locations has the path /"],
    ),
    (
        "a format twice",
        {"log_formats": [{"name": "a", "format": "b"}, {"name": "a", "format": "c"}]},
        ["nginx_log_formats: the name a is used 2 times"],
    ),
]


@pytest.mark.parametrize("keys", GOOD)
def test_no_problem(keys):
    assert problems(declaration(**keys)) == []


@pytest.mark.parametrize(("keys", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_problem(keys, parts):
    (problem,) = problems(declaration(**keys))
    assert [part for part in parts if part not in problem] == []


@pytest.mark.parametrize(
    ("text", "are"),
    [
        ("/", True),
        ("= /a", True),
        (r"~* \.(gif|jpg)$", True),
        (r"~ ^/it's", True),
        ('~ ^/say"hello"', True),
        ('~ "^/[0-9]{4}/a;b$"', True),
        ("~ '^/a{2}\"$'", True),
        ("~ ^/a\\;b", True),
        ("/a/${host}/b", True),
        ("/a#b", True),
        ("a}", True),
        ("", False),
        (" ", False),
        ("/a;", False),
        ("/a {", False),
        ("~ ^/a{2}$", False),
        ("/a }", False),
        ("} /a", False),
        ("/a # b", False),
        ('~ "^/a', False),
        ('"/a"b', False),
        ("/a\\", False),
    ],
)
def test_arguments_are_read_as_nginx_reads_them(text, are):
    assert are_arguments(text) is are
