# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From files to variables and back: nothing that a daemon reads is lost, and no rule stands in another place."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import import (
    haproxy,
    haproxy_effect,
    haproxy_text,
    keepalived,
    keepalived_effect,
    keepalived_text,
    nginx,
    nginx_effect,
    nginx_text,
)
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.document import write_yaml
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.haproxy_effect import (
    list_additions,
    list_differences,
)
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.values import Template
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from samples import drawn
from samples.rendered import plan, render


class Loader(yaml.SafeLoader):
    """Reads variables as Ansible does. A text without the mark !unsafe that has Jinja is a template."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
Loader.add_constructor(
    "tag:yaml.org,2002:str",
    lambda loader, node: Template(node.value) if "{{" in node.value else loader.construct_scalar(node),
)


def resolve(value, known):
    """The same data as Ansible reads it: known variables in the place of the references to them."""
    if isinstance(value, Template) and (single := re.fullmatch(r"\{\{ (\w+) \}\}", str(value))):
        return resolve(known[single[1]], known)
    if isinstance(value, Template):
        names = re.compile(r"\{\{ (?:'(\{[{%#])'|(\w+)) \}\}")
        return names.sub(lambda found: found.group(1) or known[found.group(2)], str(value))
    if isinstance(value, dict):
        return {key: resolve(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, known) for item in value]
    return value


def through_yaml(translation, host=None):
    """The variables as Ansible reads them of the files of the inventory, beside those of a host."""
    text = write_yaml(translation.variables, translation.comments)
    return resolve(yaml.load(text, Loader), {**translation.secrets, **(host or {})})


def import_haproxy(files):
    config = haproxy_text.parse(files)
    return haproxy_effect.list_effects(config), haproxy.translate(config)


def import_nginx(files):
    root = nginx_text.parse({f"/etc/nginx/{name}": text for name, text in files.items()}, "/etc/nginx/nginx.conf")
    return nginx_effect.list_effects(root), nginx.translate(root)


def import_keepalived(files):
    """One of two nodes; the other one has the same file, with the addresses exchanged."""
    other = re.sub(r"192\.0\.2\.1([12])\b", lambda found: f"192.0.2.1{3 - int(found[1])}", files["keepalived.conf"])
    texts = {"lb1": files["keepalived.conf"], "lb2": other}
    roots = {name: keepalived_text.parse({"keepalived.conf": text}, "keepalived.conf") for name, text in texts.items()}
    nodes = keepalived.translate(roots, {"lb1": "192.0.2.11", "lb2": "192.0.2.12"})
    for item in nodes.shared.variables.get("keepalived_instances", []):
        item["priorities"] = [item["priorities"][0], item["priorities"][0] - 1]
    return keepalived_effect.list_effects(roots["lb1"]), nodes.shared


IMPORTS = {"haproxy": import_haproxy, "keepalived": import_keepalived, "nginx": import_nginx}
NODES = [{"name": "lb1", "address": "192.0.2.11"}, {"name": "lb2", "address": "192.0.2.12"}]
ADDED = {"haproxy": {}, "keepalived": {"keepalived_nodes": NODES}, "nginx": {}}


def lost(daemon, files):
    """What the role would not print of the files, or in another order."""
    before, translation = IMPORTS[daemon](files)
    assert [remark for remark in translation.remarks if remark.kind == "left"] == []
    printed = render(daemon, {**ADDED[daemon], **through_yaml(translation)})
    return list_differences(before, IMPORTS[daemon](printed)[0])


HAPROXY = [
    """
    global
        log /dev/log local0
        log /dev/log local1 notice
        chroot /var/lib/haproxy
        stats socket /run/haproxy/admin.sock mode 660 level admin
        stats timeout 30s
        user haproxy
        group haproxy
        daemon
        ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
    defaults
        log global
        mode http
        option httplog
        option dontlognull
        timeout connect 5000
        timeout client  50000
        timeout server  50000
        retries 3
        errorfile 400 /etc/haproxy/errors/400.http
    frontend www # of the shop
        bind :80
        bind :443 ssl crt /etc/haproxy/b.pem crt /etc/haproxy/a.pem alpn h2,http/1.1
        acl static path_beg /static
        http-request set-header X-Forwarded-Proto https if { ssl_fc }
        http-request redirect scheme https unless { ssl_fc }
        http-response set-header X-Frame-Options "SAMEORIGIN # not a comment"
        log-format "{%ci}:%cp [%tr] {{ not jinja }}"
        use_backend static if static
        default_backend app
    backend static
        server s1 192.0.2.21:80
    backend app
        balance leastconn
        option httpchk GET /health
        http-check expect status 200
        cookie SRV insert indirect nocache
        default-server inter 3s fall 3
        server app1 192.0.2.21:8080 check cookie app1 weight 10
        server app2 192.0.2.22:8080 check cookie app2 weight 20 backup
    listen stats
        bind 127.0.0.1:8081
        stats enable
        stats uri /
        stats auth admin:'pass#word {{'
    """,
    """
    defaults
        timeout client 1h
        timeout server 1h
        timeout connect 1s
    listen db
        bind 192.0.2.10:3306
        mode tcp
        option mysql-check user haproxy
        server db1 192.0.2.31:3306 check
        server db2 192.0.2.32:3306 check backup
    defaults web
        mode http
        timeout client 10s
        timeout server 10s
        timeout connect 1s
    defaults api from web
        timeout server 1m
    frontend www from web
        bind *:80
        http-request deny if { path /a\\ b }
        default_backend app
    backend app from api
        server-template app 3 app.example.com:80 resolvers dns
    resolvers dns
        nameserver one 192.0.2.53:53
    userlist staff
        group admins users alice,bob
        user alice insecure-password x#y
        user bob password $5$abc$def groups readers
        group readers
    """,
    """
    defaults
        mode http
        timeout client 10s
        timeout server 10s
        timeout connect 1s
    frontend www
        .if defined(TLS)
        bind :443 ssl crt /etc/a.pem
        .else
        bind :80
        .endif
        http-request deny if FALSE
        default_backend app
    backend app
        mode tcp
        server a 192.0.2.21:80 check port 81
        server b 192.0.2.22 check port 81
    """,
    """
    global
        maxconn 100
        .if version_atleast(2.8)
        maxconn 50000
        log /dev/log local0
        .else
        maxconn 2000
        .endif
        stats socket /run/haproxy/admin.sock level admin
        hard-stop-after 30s
    defaults
        timeout client 10s
        timeout server 10s
        timeout connect 1s
    listen only
        bind :5432
        server a 192.0.2.31:5432
    """,
    """
    listen early
        bind :5432
        server a 192.0.2.31:5432
    defaults
        mode http
        option httplog
        timeout client 10s
        timeout server 10s
        timeout connect 1s
    listen late
        bind :80
        server a 192.0.2.31:80
    """,
    """
    global
        daemon
        presetenv LOG 192.0.2.50
        setenv FACILITY local0
        log "${LOG}:514" "$FACILITY" notice
        setenv FACILITY local1
        log /dev/log "$FACILITY"
    defaults
        mode http
        no option dontlognull
        option dontlognull
        log-format "%ci"
        option httplog
        option httpchk GET /a
        option tcp-check
        option httpchk GET /b
        timeout client 10s
        timeout server 10s
        timeout connect 1s
    listen a
        bind :80
        server a 192.0.2.31:80
    """,
    """
    crt-store
        load crt /etc/haproxy/a.pem alias a
    defaults base
        mode http
        option httpclose
        option http-keep-alive
        timeout client 10s
        timeout server 10s
        timeout connect 1s
    defaults other from base
        no option http-keep-alive
        option httpclose
        log-format "%ci"
        option httplog
    frontend a
        bind ipv4@:80,ipv6@:80
        bind quic4@:443 ssl crt @/a alpn h3
        bind quic6@:443 ssl crt @/a alpn h3
        bind "${HOST}:81"
        bind :82
        http-request set-dst req.hdr_ip(X-Server)
        default_backend b
    backend b
        server portless 192.0.2.31
        server checked 192.0.2.32 check port 81 cookie c
        server any 0.0.0.0:0
    """,
]

KEEPALIVED = [
    """
    global_defs {
        router_id one
        notification_email {
            root@example.com
        }
        enable_script_security
        script_user root
    }
    vrrp_script chk {
        script "/usr/bin/test -e \\"/run/x y\\""
        interval 2
        weight 20
        fall 2
    }
    vrrp_instance VI_1 {
        state MASTER
        interface eth0
        virtual_router_id 51
        priority 100
        advert_int 1
        authentication {
            auth_type PASS
            auth_pass 12345678
        }
        virtual_ipaddress {
            192.0.2.10/24 dev eth0 label eth0:1
        }
        virtual_routes {
            198.51.100.0/24 via 192.0.2.1 dev eth0
        }
        track_script {
            chk weight 5
        }
        smtp_alert
        use_vmac
        notify_master "/etc/keepalived/up.sh now"
        garp_master_delay 5
    }
    """,
    """
    vrrp_instance a {
        interface eth0
        virtual_router_id 1
        priority 150
        version 3
        advert_int 0.5
        nopreempt
        unicast_src_ip 192.0.2.11
        unicast_peer {
            192.0.2.12
        }
        virtual_ipaddress { 192.0.2.10/24 }
    }
    vrrp_instance b {
        interface eth0
        virtual_router_id 2
        priority 150
        nopreempt
        unicast_src_ip 192.0.2.11
        unicast_peer {
            192.0.2.12
        }
        virtual_ipaddress {
            192.0.2.20/24
        }
        track_process {
            web
        }
        virtual_ipaddress {
            192.0.2.21/24
        }
    }
    vrrp_instance c {
        interface eth1
        virtual_router_id 2
        priority 150
        virtual_ipaddress_excluded {
            192.0.2.30/24
        }
    }
    vrrp_track_process web {
        process nginx
        weight 10 reverse
    }
    vrrp_sync_group both {
        group {
            a
            b
        }
        notify_backup /bin/true
    }
    virtual_server 192.0.2.10 80 {
        lb_algo rr
        real_server 192.0.2.21 80 {
            weight 1
            TCP_CHECK {
                connect_timeout 3
            }
        }
    }
    """,
    """
    global_defs {
        notification_email {
            root@example.com
            ops@example.com
        }
        notification_email_from lb@example.com
        smtp_server 192.0.2.25
        smtp_connect_timeout 30
    }
    vrrp_instance a {
        interface eth0
        virtual_router_id 1
        priority 150
        use_vmac
        smtp_alert
        virtual_ipaddress {
            192.0.2.10/24
        }
    }
    virtual_server_group web {
        192.0.2.10 443
    }
    virtual_server 192.0.2.10 80 {
        delay_loop 6
        lb_algo wlc
        lb_kind DR
        persistence_timeout 300
        alpha
        quorum 1
        quorum_up "/bin/true up"
        sorry_server 192.0.2.30 80
        real_server 192.0.2.21 80 {
            inhibit_on_failure
            HTTP_GET {
                url {
                    path /check?a=b
                    digest 640205b7b0fc66c1ea91c463fac6334d
                }
                url {
                    path /two
                    status_code 200-299
                }
                connect_timeout 3
            }
        }
        real_server 192.0.2.22 80 {
            weight 2
            SSL_GET {
                connect_port 8080
                url {
                    status_code 200
                    path /
                }
            }
        }
        real_server 192.0.2.23 80 {
            MISC_CHECK {
                misc_path "/usr/bin/dig @192.0.2.53 example.com"
                misc_timeout 3
            }
            uthreshold 9
        }
    }
    virtual_server 192.0.2.10 80 {
        protocol UDP
        ops
        real_server 192.0.2.21 80 {
        }
    }
    virtual_server group web {
        lb_kind NAT
        protocol TCP
        real_server 192.0.2.21 8443 {
        }
    }
    virtual_server fwmark 7 {
        real_server 192.0.2.21 0 {
            TCP_CHECK {
                connect_port 80
            }
        }
    }
    """,
    """
    vrrp_instance routes {
        interface eth0
        virtual_router_id 61
        priority 100
        virtual_routes {
            198.51.100.0/24 via 192.0.2.1 dev eth0
        }
    }
    vrrp_instance rules {
        interface eth0
        virtual_router_id 62
        priority 100
        virtual_rules {
            from 198.51.100.0/24 lookup 100 preference 100
        }
    }
    vrrp_instance told {
        interface eth0
        virtual_router_id 63
        priority 100
        notify_backup /bin/true
        nopreempt
        preempt
    }
    """,
]

NGINX = [
    {
        "nginx.conf": """
        user www-data;
        worker_processes auto;
        pid /run/nginx.pid;
        include /etc/nginx/modules-enabled/*.conf;
        events { worker_connections 768; }
        http {
            include mime.types;
            sendfile on;
            server_tokens off;
            log_format main '$remote_addr "$request" '
                            "it's $status";
            access_log /var/log/nginx/access.log main;
            map $http_upgrade $connection_upgrade { default upgrade; '' close; }
            gzip on;
            upstream app {
                least_conn;
                server 192.0.2.31:8080 weight=2;
                server [2001:db8::31]:8080 backup;
                server unix:/run/app.sock;
                keepalive 16;
            }
            include sites-enabled/*;
        }
        stream {
            server { listen 5432; proxy_pass 192.0.2.32:5432; }
        }
        """,
        "sites-enabled/a": """
        server {
            listen 80;
            server_name example.com www.example.com;
            return 301 https://$host$request_uri;
        }
        server {
            listen 443 ssl http2;
            listen [::]:443 ssl;
            server_name example.com;
            ssl_certificate /etc/ssl/a.pem;
            ssl_certificate_key /etc/ssl/a.key;
            root /srv/www;
            index index.php index.html;
            access_log off;
            if ($host = www.example.com) { return 301 https://example.com; }
            add_header X-A "a; b" always;
            location / { try_files $uri $uri/ =404; }
            location ~ \\.php$ { include fastcgi_params; fastcgi_pass unix:/run/php.sock; }
            location = /x { proxy_pass http://app; proxy_set_header Host ${host}; }
        }
        """,
        "sites-enabled/b": "server { location / { root /srv/b; } }",
    },
    {
        "nginx.conf": """
        http {
            upstream twice { server 192.0.2.31; server 192.0.2.31; }
            upstream elsewhere { include servers.conf; }
            server { server_name b.example.com; ssl_certificate a.pem; ssl_certificate_key "a b.key"; }
            server { server_name a.example.com; location / { return 200 first; } }
            server { server_name a.example.com; location / { return 200 second; } }
        }
        """,
    },
    {
        "nginx.conf": """
        http {
            log_format wide '$remote_addr
                $request' "\n$status";
            access_log /var/log/nginx/wide.log wide;
            add_header X-Wide "a;
                b";
            upstream app { server 192.0.2.31:80; hash "$request_uri
            $args"; }
            server {
                server_name a.example.com;
                add_header Content-Security-Policy "default-src 'self';
                    script-src 'self' {{ nonce }};

                    # no comment
                    img-src *" always;
                location ~ "^/a
                    b" { return 200 '
                    one { two }'; }
                location / {
                    if ($uri = "/c") { return 200 "d
                      e"; }
                    proxy_pass http://app;
                }
            }
        }
        """,
    },
    {
        "nginx.conf": """
        http {
            init_by_lua_block {
                -- it's {{ one }} table
                rules = {a = {}, b = '}'}
            }
            server { listen 80; server_name a.example.com; root /srv/a; }
            server {
                listen 80;
                server_name b.example.com;
                location ~ \\.php$ { fastcgi_pass unix:/run/php.sock; }
                location / {
                    access_by_lua_block { if rules.a then ngx.exit(403) end }
                    root /srv/b;
                }
                include snippets/b.conf;
            }
            server { listen 80; server_name c.example.com; root /srv/c; }
        }
        """,
    },
]


@pytest.mark.parametrize("text", HAPROXY)
def test_haproxy(text):
    assert lost("haproxy", {"haproxy.cfg": text}) == []


@pytest.mark.parametrize("text", HAPROXY)
def test_no_section_of_haproxy_gets_more_than_it_had(text):
    before, translation = import_haproxy({"haproxy.cfg": text})
    after = import_haproxy(render("haproxy", through_yaml(translation)))[0]
    shared = {section: effects for section, effects in after.items() if section in before and section != "global"}
    assert [line for line in list_additions(before, shared) if SAME not in line] == []


def test_times_of_an_import_need_no_plain_mode():
    text = """
    global
        hard-stop-after 60000
    defaults
        mode http
        timeout connect 5000
        timeout client "50000"
        timeout server 50000
    defaults slow
        mode http
        timeout connect 5000
        timeout client 50000
        timeout server 90000
    frontend www from slow
        bind :80
        default_backend app
    backend app
        server app1 192.0.2.21:8080 check inter 1000
    backend two
        server app1 192.0.2.22:8080 check inter 1000 slowstart 30000
        server app2 192.0.2.23:8080 check inter 1000 downinter 30000
    """
    variables = through_yaml(import_haproxy({"haproxy.cfg": text})[1])
    assert plan("haproxy", {**variables, "haproxy_plain": False})["problems"] == []
    assert lost("haproxy", {"haproxy.cfg": text}) == []


@pytest.mark.parametrize("text", KEEPALIVED)
def test_keepalived(text):
    assert lost("keepalived", {"keepalived.conf": text}) == []


@pytest.mark.parametrize("files", NGINX)
def test_nginx(files):
    assert lost("nginx", files) == []


@pytest.mark.parametrize("files", NGINX)
def test_no_site_of_nginx_gets_more_than_it_had(files):
    before, translation = import_nginx(files)
    after = import_nginx(render("nginx", through_yaml(translation)))[0]
    assert list_additions(before, {name: effects for name, effects in after.items() if name != "main"}) == []


WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
TIMES = st.one_of(st.integers(1, 9999), st.from_regex(r"[1-9](ms|s|m)", fullmatch=True))
PORTS = st.integers(1, 65535)
TEXTS = st.text(st.sampled_from("ab %{}[]#'\"\\$"), max_size=8)
"""What can stand between quotation marks."""


def quoted(text):
    return "'" + text.replace("'", "") + "'"


RULES = st.one_of(
    st.builds("http-request set-header X-A {}".format, TEXTS.map(quoted)),
    st.builds("http-request deny if {{ path /{} }}".format, WORDS),
    st.builds("acl {} path_beg /{}".format, WORDS, WORDS),
    st.builds("http-response del-header {}".format, WORDS),
    st.just("option httplog"),
    st.builds("timeout server {}".format, TIMES),
)
SERVERS = st.builds(
    lambda name, address, port, options: {"name": name, "address": address, "port": port, "options": options},
    WORDS,
    st.one_of(st.ip_addresses().map(str), WORDS.map("{}.example.com".format)),
    PORTS,
    st.fixed_dictionaries(
        {}, optional={"check": st.just(True), "inter": TIMES, "weight": st.integers(0, 256), "backup": st.just(True)}
    ),
)
BINDS = st.builds(
    lambda address, options: {**address, **({"options": options} if options else {})},
    st.fixed_dictionaries({"port": PORTS}),
    st.lists(st.sampled_from(["accept-proxy", "tfo", "name a", "maxconn 10"]), unique=True),
)
BACKENDS = st.lists(
    st.fixed_dictionaries(
        {"name": WORDS, "servers": st.lists(SERVERS, min_size=1, max_size=3, unique_by=lambda item: item["name"])},
        optional={
            "balance": st.sampled_from(["roundrobin", "leastconn", "hdr(Host)"]),
            "lines": st.lists(RULES, max_size=4),
            "server_options": st.fixed_dictionaries({}, optional={"check": st.just(True), "fall": st.integers(1, 9)}),
        },
    ),
    max_size=3,
    unique_by=lambda item: item["name"],
)
FRONTENDS = st.lists(
    st.fixed_dictionaries(
        {"name": WORDS, "binds": st.lists(BINDS, min_size=1, max_size=2)},
        optional={"mode": st.sampled_from(["http", "tcp"]), "lines": st.lists(RULES, max_size=4)},
    ),
    max_size=2,
    unique_by=lambda item: item["name"],
)
LISTENS = st.lists(
    st.fixed_dictionaries(
        {
            "name": WORDS.map("l_{}".format),
            "binds": st.lists(BINDS, min_size=1, max_size=2),
            "servers": st.lists(SERVERS, min_size=1, max_size=2, unique_by=lambda item: item["name"]),
        },
        optional={
            "from": st.sampled_from(["base", "child"]),
            "lines": st.lists(RULES, max_size=3),
        },
    ),
    max_size=2,
    unique_by=lambda item: item["name"],
)
NAMED = [
    {"name": "base", "mode": "http", "timeouts": {"client": "5s"}, "options": {"dontlognull": True}},
    {"name": "child", "from": "base", "timeouts": {"client": "6s"}, "lines": ["maxconn 7"]},
]
USERLISTS = st.lists(
    st.fixed_dictionaries(
        {"name": WORDS, "password": TEXTS.map(lambda text: "x" + text.replace("'", "")), "insecure": st.just(True)},
        optional={"groups": st.lists(WORDS, min_size=1, max_size=2, unique=True)},
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda item: item["name"],
).map(lambda users: [{"name": "staff", "users": users}])
HAPROXY_VARIABLES = st.fixed_dictionaries(
    {
        "haproxy_plain": st.just(True),
        "haproxy_mode": st.sampled_from(["http", "tcp"]),
        "haproxy_backends": BACKENDS,
        "haproxy_frontends": FRONTENDS,
        "haproxy_listens": LISTENS,
        "haproxy_named_defaults": st.just(NAMED),
    },
    optional={
        "haproxy_userlists": USERLISTS,
        "haproxy_extra_sections": st.just(
            [{"kind": "resolvers", "name": "dns", "lines": ["nameserver one 192.0.2.53:53", "hold valid 10s"]}]
        ),
        "haproxy_options": st.fixed_dictionaries({}, optional={"httplog": st.just(True), "redispatch": st.just(1)}),
        "haproxy_timeouts": st.dictionaries(st.sampled_from(["client", "server", "connect"]), TIMES),
        "haproxy_defaults_lines": st.lists(st.sampled_from(["retries 2", "log global", "maxconn 10"]), max_size=2),
        "haproxy_maxconn": st.integers(1000, 5000),
        "haproxy_log": st.lists(st.sampled_from(["/dev/log local0 notice", "127.0.0.1 local1 notice"]), unique=True),
    },
)


def is_accepted(variables):
    fronts = variables["haproxy_frontends"] + variables["haproxy_listens"]
    backs = variables["haproxy_backends"] + variables["haproxy_listens"]
    ports = [bind["port"] for item in fronts for bind in item["binds"]]
    addresses = [server["address"] for item in backs for server in item["servers"]]
    return len(set(ports)) == len(ports) and len(set(addresses)) == len(addresses)


@settings(max_examples=25)
@given(HAPROXY_VARIABLES.filter(is_accepted))
def test_whatever_the_role_haproxy_prints_can_be_imported(variables):
    assume(plan("haproxy", variables)["problems"] == [])
    printed = render("haproxy", variables)
    before, translation = import_haproxy(printed)
    again = import_haproxy(render("haproxy", through_yaml(translation)))[0]
    assert list_differences(before, again) == []
    assert list_differences(again, before) == []


INSTANCES = st.lists(
    st.fixed_dictionaries(
        {
            "name": WORDS,
            "interface": st.just("eth0"),
            "virtual_ipaddress": st.just([]),
            "virtual_router_id": st.integers(1, 255),
            "notify_master": st.sampled_from(['"/bin/up now"', "/bin/up"]),
        },
        optional={
            "version": st.sampled_from([2, 3]),
            "advert_int": st.integers(1, 40),
            "preempt": st.booleans(),
            "unicast": st.booleans(),
            "priorities": st.sampled_from([[101, 100], [200, 50], [255, 100]]),
            "garp_master_repeat": st.integers(1, 9),
            "track_interface": st.just(["eth1"]),
            "use_vmac": st.booleans(),
            "smtp_alert": st.booleans(),
            "lines": st.lists(st.sampled_from(["smtp_alert", "dont_track_primary", "debug"]), unique=True),
        },
    ),
    min_size=1,
    max_size=3,
    unique_by=(lambda item: item["name"], lambda item: item["virtual_router_id"]),
)


def add_addresses(instances):
    """Each instance with an address of its own."""
    return [
        {**item, "virtual_ipaddress": [{"address": f"192.0.2.{100 + number}/24"}]}
        for number, item in enumerate(instances)
    ]


SECONDS = st.sampled_from([1, 3, 1.5])
CHECKS = st.one_of(
    st.just({"type": "none"}),
    st.fixed_dictionaries({"type": st.just("tcp")}, optional={"port": PORTS, "timeout": SECONDS, "retry": PORTS}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["http", "https"])},
        optional={"path": st.just("/a?b=c"), "host": st.just("a.example.com"), "status": st.integers(200, 299)},
    ),
    st.fixed_dictionaries(
        {"type": st.just("misc"), "script": st.sampled_from(["/bin/x", "/bin/x 'y z' %1"])},
        optional={"timeout": SECONDS, "delay_before_retry": SECONDS},
    ),
)
REAL_SERVERS = st.lists(
    st.fixed_dictionaries(
        {"address": st.sampled_from(["192.0.2.31", "192.0.2.32", "192.0.2.33"])},
        optional={
            "port": PORTS,
            "weight": st.integers(0, 9),
            "inhibit_on_failure": st.booleans(),
            "check": CHECKS,
            "notify_up": st.sampled_from(['"/bin/up now"', "/bin/up"]),
            "lines": st.just(["uthreshold 9", "HTTP_GET {", "    url {", "        path /", "    }", "}"]),
        },
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda item: item["address"],
)
VIRTUAL_SERVERS = st.lists(
    st.fixed_dictionaries(
        {"address": st.just("192.0.2.200"), "port": PORTS, "real_servers": REAL_SERVERS},
        optional={
            "protocol": st.sampled_from(["TCP", "UDP", "SCTP"]),
            "scheduler": st.sampled_from(["rr", "wlc", "mh"]),
            "method": st.sampled_from(["NAT", "DR", "TUN"]),
            "delay_loop": SECONDS,
            "persistence_timeout": st.integers(1, 9),
            "sorry_server": st.fixed_dictionaries({"address": st.just("192.0.2.39")}, optional={"port": PORTS}),
            "quorum_up": st.just('"/bin/up now"'),
            "lines": st.sampled_from([["alpha", "omega"], ["weight 5"], ["ops"]]),
        },
    ),
    max_size=2,
    unique_by=lambda item: item["port"],
)
ALERTS = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"to": st.sampled_from([["a@example.com"], ["a@example.com", "b@example.com"]])},
        optional={
            "from": st.just("lb@example.com"),
            "server": st.sampled_from(["192.0.2.25", "mail.example.com"]),
            "port": PORTS,
            "timeout": st.integers(1, 99),
            "helo": st.just("lb1"),
            "by_default": st.booleans(),
        },
    ),
)
KEEPALIVED_VARIABLES = st.fixed_dictionaries(
    {
        "keepalived_plain": st.just(True),
        "keepalived_accept_address_owner": st.just(True),
        "keepalived_instances": INSTANCES.map(add_addresses),
        "keepalived_global_lines": st.sampled_from([["script_user root"], ["router_id x", "script_user root"]]),
        "keepalived_virtual_servers": VIRTUAL_SERVERS,
        "keepalived_smtp_alerts": ALERTS,
    },
    optional={
        "keepalived_track_files": st.just([{"name": "load", "file": "/run/load", "weight": 2}]),
        "keepalived_extra_lines": st.just(["static_routes {", "    198.51.100.0/24 via 192.0.2.1", "}"]),
    },
)


def render_nodes(variables):
    return {
        node["name"]: render(
            "keepalived", {**variables, "keepalived_nodes": NODES, "keepalived_node_name": node["name"]}
        )
        for node in NODES
    }


def keep_keepalived(variables):
    """Raises AssertionError unless the files of both nodes do the same after an import."""
    keep_nodes(
        {name: keepalived_text.parse(files, "keepalived.conf") for name, files in render_nodes(variables).items()}
    )


def keep_nodes(roots):
    """Raises AssertionError unless these files of both nodes do the same after an import."""
    nodes = keepalived.translate(roots, {node["name"]: node["address"] for node in NODES})
    assert [remark for remark in nodes.shared.remarks if remark.kind == "left"] == []
    for node in NODES:
        host = nodes.hosts[node["name"]]
        own = through_yaml(host, host.variables) or {}
        of_role = {name: value for name, value in own.items() if name.startswith("keepalived_")}
        names = {"keepalived_nodes": NODES, "keepalived_node_name": node["name"]}
        files = render("keepalived", {**through_yaml(nodes.shared, own), **of_role, **names})
        before = keepalived_effect.list_effects(roots[node["name"]])
        again = keepalived_effect.list_effects(keepalived_text.parse(files, "keepalived.conf"))
        assert list_differences(before, again) == []
        assert [line for line in list_differences(again, before) if keepalived.STANDBY not in line] == []


# Lines of an instance that only one of the nodes has.
OF_ONE_NODE = [
    "preempt_delay 5",
    "use_vmac web0",
    "smtp_alert",
    "garp_master_delay 5",
    "notify /bin/true",
    "track_interface {\neth1\n}",
    "virtual_routes {\n198.51.100.0/24 via 192.0.2.1 dev eth0\n}",
    "dont_track_primary",
]


@pytest.mark.parametrize("line", OF_ONE_NODE)
@pytest.mark.parametrize("having", ["lb1", "lb2"])
def test_what_one_node_has_is_not_given_to_the_other(line, having):
    text = """
    global_defs {{
        notification_email {{
            a@example.com
        }}
        smtp_server 192.0.2.25
        script_user root
    }}
    vrrp_instance web {{
        interface eth0
        virtual_router_id 1
        priority {}
        version 3
        virtual_ipaddress {{
            192.0.2.10/24
        }}
        mcast_src_ip {}
        {}
    }}
    """
    lines = {node["name"]: line if node["name"] == having else "" for node in NODES}
    priorities = {"lb1": 101, "lb2": 100}
    keep_nodes(
        {
            node["name"]: keepalived_text.parse(
                {"keepalived.conf": text.format(priorities[node["name"]], node["address"], lines[node["name"]])},
                "keepalived.conf",
            )
            for node in NODES
        }
    )


@settings(max_examples=25)
@given(KEEPALIVED_VARIABLES)
def test_whatever_the_role_keepalived_prints_can_be_imported(variables):
    assume(plan("keepalived", {**ADDED["keepalived"], **variables})["problems"] == [])
    keep_keepalived(variables)


SITES = st.lists(
    st.fixed_dictionaries(
        {"name": WORDS, "server_names": st.lists(WORDS.map("{}.example.com".format), min_size=1, max_size=1)},
        optional={
            "listens": st.lists(st.sampled_from(["80", "8080 default_server", "[::]:80"]), min_size=1, unique=True),
            "root": WORDS.map("/srv/{}".format),
            "index": st.sampled_from(["index.html", "index.php index.html"]),
            "access_logs": st.sampled_from([[], ["/var/log/nginx/site.log combined"]]),
            "lines": st.lists(
                st.sampled_from(["autoindex on;", "if ($a) { return 403; }", "set $b 'x;y';"]), max_size=3
            ),
            "locations": st.lists(
                st.fixed_dictionaries(
                    {
                        "path": st.one_of(WORDS.map("/{}".format), WORDS.map("~ \\.{}$".format)),
                        "lines": st.lists(st.sampled_from(["return 204;", "expires 1h;"]), min_size=1, max_size=2),
                    }
                ),
                max_size=2,
                unique_by=lambda item: item["path"],
            ),
        },
    ),
    min_size=1,
    max_size=3,
    unique_by=(lambda item: item["name"], lambda item: item["server_names"][0]),
)
NGINX_VARIABLES = st.fixed_dictionaries(
    {"nginx_plain": st.just(True), "nginx_sites": SITES},
    optional={
        "nginx_main_settings": st.just({"worker_processes": 2}),
        "nginx_http_settings": st.fixed_dictionaries(
            {}, optional={"gzip": st.booleans(), "add_header": st.just(["A 1", "B 2"])}
        ),
        "nginx_log_formats": st.builds(lambda text: [{"name": "own", "format": f"x{text}"}], TEXTS),
        "nginx_upstreams": st.just(
            [{"name": "app", "servers": [{"address": "192.0.2.31", "port": 80, "options": ["backup"]}]}]
        ),
    },
)


def has_one_default(variables):
    listens = [word for site in variables["nginx_sites"] for word in site.get("listens", [])]
    return listens.count("8080 default_server") < 2


@settings(max_examples=25)
@given(NGINX_VARIABLES.filter(has_one_default))
def test_whatever_the_role_nginx_prints_can_be_imported(variables):
    assume(plan("nginx", variables)["problems"] == [])
    before, translation = import_nginx(render("nginx", variables))
    again = import_nginx(render("nginx", through_yaml(translation)))[0]
    assert list_differences(before, again) == []
    assert list_differences(again, before) == []


SAME = "load-server-state-from-file global"
"""A line of the role that is in all defaults in plain mode as well."""


SLIGHTLY_WRONG = settings(max_examples=15, suppress_health_check=[HealthCheck.filter_too_much])
"""Many of the inventories are refused."""


def keep_deployed(daemon, variables):
    """Raises AssertionError unless what a role has deployed does the same after an import. The listener for health is
    the role's in both."""
    assume(plan(daemon, {**ADDED[daemon], **variables})["problems"] == [])
    before, translation = IMPORTS[daemon](render(daemon, variables))
    again = IMPORTS[daemon](render(daemon, through_yaml(translation)))[0]
    for effects in (before, again):
        effects.pop("frontend health", None)
    assert list_differences(before, again) == []
    assert [line for line in list_differences(again, before) if SAME not in line] == []


@SLIGHTLY_WRONG
@given(drawn.haproxy, st.booleans())
def test_what_the_role_haproxy_has_deployed_can_be_imported(inventory, plain):
    keep_deployed("haproxy", {**inventory, "haproxy_plain": plain})


@SLIGHTLY_WRONG
@given(drawn.nginx, st.booleans())
def test_what_the_role_nginx_has_deployed_can_be_imported(inventory, plain):
    keep_deployed("nginx", {**inventory, "nginx_plain": plain})


@example(
    {
        "keepalived_instances": [
            {
                "name": "web",
                "virtual_router_id": 1,
                "virtual_ipaddress": [{"address": "192.0.2.240/24"}],
                "unicast": False,
            }
        ]
    },
    False,
)
@SLIGHTLY_WRONG
@given(drawn.draw_keepalived(["192.0.2.240/24", "192.0.2.241/24"]), st.booleans())
def test_what_the_role_keepalived_has_deployed_can_be_imported(inventory, plain):
    variables = {"keepalived_global_lines": ["script_user root"], **inventory, "keepalived_plain": plain}
    assume(plan("keepalived", {**ADDED["keepalived"], **variables})["problems"] == [])
    keep_keepalived(variables)
