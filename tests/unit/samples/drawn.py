# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventories that hypothesis draws: the variables of a role, right or slightly wrong.

Lines in a daemon's own language are those that it accepts: what users write there is theirs."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = st.sampled_from(["web", "api", "db1", "www.example.com", "a-b_c:d"])
WRONG_WORDS = st.sampled_from(
    ["", "a b", "a#b", "a'b", 'a"b', "a;b", "a{", "a\nb", "a\\b", "$HOME", "%[src]", "ü", "..", 7, True]
)
ADDRESSES = st.sampled_from(["192.0.2.21", "192.0.2.22", "2001:db8::21", "127.0.0.9"])
WRONG_ADDRESSES = st.sampled_from(["192.0.2", "192.0.2.300", "2001:db8::g", "192.0.2.0/24", 192, None])
PORTS = st.sampled_from([80, 443, "8080", 65535])
WRONG_PORTS = st.sampled_from([0, 65536, -1, "http", 1.5, None, True])
TIMES = st.sampled_from(["1s", "250ms", "10m", 500])
WRONG_TIMES = st.sampled_from(["1 s", "soon", "", None])


ODD = 37
"""A number that hypothesis draws no more often than others."""


def rarely(right: st.SearchStrategy, wrong: st.SearchStrategy) -> st.SearchStrategy:
    """A right value most of the times."""
    return st.integers(0, 99).flatmap(lambda number: wrong if number == ODD else right)


names, addresses = rarely(NAMES, WRONG_WORDS), rarely(ADDRESSES, WRONG_ADDRESSES)
ports, times = rarely(PORTS, WRONG_PORTS), rarely(TIMES, WRONG_TIMES)
flags = rarely(st.booleans(), st.sampled_from(["yes", "maybe", 2]))


def items(unique: str, required: dict, **optional: st.SearchStrategy) -> st.SearchStrategy:
    """A list of dictionaries that differ in C(unique), one of them rarely without a key, or with an unknown one."""
    item = st.fixed_dictionaries(required, optional=optional)
    odd = st.fixed_dictionaries({}, optional={**required, **optional, "unknown": st.just(1)})
    return st.lists(rarely(item, odd), min_size=1, max_size=3, unique_by=lambda found: str(found.get(unique)))


servers = items("name", {"name": names, "address": addresses, "port": ports})
WEB = {"name": "web", "servers": [{"name": "web1", "address": "192.0.2.31", "port": 80}]}


def with_web(inventory: dict) -> dict:
    """The inventory with a backend that frontends can name."""
    others = [backend for backend in inventory["haproxy_backends"] if backend.get("name") != "web"]
    return {**inventory, "haproxy_backends": [WEB, *others]}


haproxy = st.fixed_dictionaries(
    {
        "haproxy_frontends": items(
            "name",
            {"name": names, "binds": items("port", {"port": ports}, address=addresses)},
            default_backend=rarely(st.just("web"), names),
            https_only=flags,
            lines=st.lists(st.sampled_from(["acl all src 0.0.0.0/0", "http-request deny if FALSE"]), max_size=2),
        ),
        "haproxy_backends": items(
            "name",
            {"name": names, "servers": servers},
            balance=st.sampled_from(["roundrobin", "leastconn", "source"]),
            cookie=st.sampled_from(["SERVER insert indirect nocache", "ID prefix"]),
            health_check=st.fixed_dictionaries(
                {}, optional={"uri": rarely(st.just("/healthz"), WRONG_WORDS), "host": names, "status": st.just("200")}
            ),
        ),
    },
    optional={
        "haproxy_mode": rarely(st.sampled_from(["http", "tcp"]), st.just("udp")),
        "haproxy_timeouts": st.fixed_dictionaries({}, optional={"client": times, "tunnel": times}),
        "haproxy_removed_headers": st.lists(rarely(st.sampled_from(["Forwarded", "X-*"]), WRONG_WORDS), max_size=2),
        "haproxy_trusted_proxies": st.lists(rarely(ADDRESSES, WRONG_ADDRESSES), max_size=20),
        "haproxy_client_limits": st.fixed_dictionaries(
            {}, optional={"connections": ports, "requests": ports, "period": times, "exempt": st.lists(addresses)}
        ),
        "haproxy_banned_networks": st.lists(rarely(ADDRESSES, WRONG_ADDRESSES), max_size=20),
        "haproxy_maintenance": st.fixed_dictionaries(
            {"hosts": st.lists(rarely(st.sampled_from(["*", "www.example.com", "*.example.com"]), WRONG_WORDS))},
            optional={"page": names, "retry_after": ports, "allowed": st.lists(addresses)},
        ),
        "haproxy_stats_port": ports,
        "haproxy_hsts_max_age": ports,
        "haproxy_retries": ports,
        "haproxy_node_name": names,
        "haproxy_health_uri": rarely(st.just("/up"), WRONG_WORDS),
        "haproxy_hung_server_seconds": st.sampled_from([0, 2, "2.5"]),
    },
).map(with_web)
nginx = st.fixed_dictionaries(
    {
        "nginx_sites": items(
            "name",
            {"name": names},
            listens=st.lists(
                rarely(st.sampled_from(["80", "8080 default_server", "[::]:80", 81]), WRONG_WORDS), max_size=2
            ),
            server_names=st.lists(rarely(NAMES, WRONG_WORDS), max_size=2),
            root=rarely(st.sampled_from(["/srv/www", "/var/www/a"]), WRONG_WORDS),
            index=rarely(st.just("index.html index.htm"), WRONG_WORDS),
            locations=items(
                "path", {"path": rarely(st.sampled_from(["/", "= /a", "~ \\.php$"]), WRONG_WORDS), "lines": st.just([])}
            ),
        )
    },
    optional={
        "nginx_upstreams": items(
            "name", {"name": names, "servers": items("address", {"address": addresses}, port=ports)}
        ),
        "nginx_trusted_proxies": st.lists(addresses, max_size=3),
        "nginx_http_settings": st.fixed_dictionaries(
            {}, optional={"keepalive_timeout": times, "real_ip_header": st.just("X-Real-IP"), "gzip": st.booleans()}
        ),
        "nginx_access_logs": st.lists(rarely(st.just("/var/log/nginx/a.log combined"), WRONG_WORDS), max_size=2),
        "nginx_status_port": ports,
        "nginx_health_location": rarely(st.sampled_from(["", "/up"]), WRONG_WORDS),
        "nginx_worker_connections": ports,
        "nginx_demo_page": flags,
    },
)


def draw_keepalived(vips: list[str]) -> st.SearchStrategy:
    """Inventories of keepalived with these addresses, which are of the hosts' network."""
    return st.fixed_dictionaries(
        {
            "keepalived_instances": items(
                "name",
                {
                    "name": names,
                    "virtual_router_id": rarely(st.integers(1, 255), st.sampled_from([0, 256, "a"])),
                    "virtual_ipaddress": items(
                        "address",
                        {"address": rarely(st.sampled_from(vips), WRONG_ADDRESSES)},
                    ),
                },
                advert_int=rarely(st.sampled_from([1, 0.05]), st.sampled_from([0, 41, "1s"])),
                preempt=flags,
                unicast=flags,
                use_vmac=flags,
                vmac_name=rarely(st.sampled_from(["web0", "vrrp.51"]), WRONG_WORDS),
                version=rarely(st.sampled_from([2, 3]), st.just(4)),
                auth_pass=rarely(st.just("12345678"), WRONG_WORDS),
            )
        },
        optional={
            "keepalived_timing": rarely(st.sampled_from(["safe", "default", "fast"]), st.just("slow")),
            "keepalived_scripts": items(
                "name",
                {"name": names, "script": st.just("/bin/true")},
                interval=ports,
                weight=st.sampled_from([0, -2, 300]),
            ),
            "keepalived_track_files": items("name", {"name": names, "file": st.just("/run/a")}),
            "keepalived_second_chance": flags,
            "keepalived_rt_priority": ports,
        },
    )
