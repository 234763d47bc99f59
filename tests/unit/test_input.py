# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
import json
import os
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ip(*words):
    return json.loads(subprocess.run(["ip", "-json", "-4", *words], check=True, capture_output=True).stdout or "[]")


def here():
    """An interface of this machine, its address, two more of its subnet that are no gateway's, and one outside all its
    subnets."""
    default = ip("route", "show", "default")
    routes = [route["dev"] for route in default]
    taken = [route.get("gateway") for route in default]
    links = {
        link["ifname"]: [ipaddress.ip_interface(f"{a['local']}/{a['prefixlen']}") for a in link["addr_info"]]
        for link in ip("addr")
    }
    wide = {
        name: [address for address in addresses if address.network.num_addresses > 2]
        for name, addresses in links.items()
    }
    name = next(name for name in [*routes, *wide] if wide.get(name))
    own = wide[name][0]
    vip, peer = islice((host for host in own.network.hosts() if host != own.ip and str(host) not in taken), 2)
    examples = [ipaddress.ip_interface(text) for text in ("192.0.2.10/24", "198.51.100.10/24", "203.0.113.10/24")]
    outside = next(example for example in examples if not any(example.ip in address.network for address in wide[name]))
    return name, str(own.ip), str(peer), f"{vip}/{own.network.prefixlen}", str(outside)


INTERFACE, OWN, PEER, VIP, OUTSIDE = here()
# This machine is lb1, and web1; there is no lb2.
HOSTS = {
    "load_balancers": {"lb1": {"cluster_address": OWN}, "lb2": {"cluster_address": PEER}},
    "web_servers": {"web1": {"cluster_address": "192.0.2.21"}},
}
LIMIT = "localhost,lb1,web1"
UNREADABLE = re.compile(r"""undefined|Traceback|Unexpected|{{|}}|\\n|<unknown>|\[(['"]).*?\1\]""")
"""What no message may have: exceptions, templates, escaped line breaks, unknown origins and lists of Python."""
LARGEST = 9000
"""Characters of all that a refused run prints."""
NODES = [{"name": name, "address": host["cluster_address"]} for name, host in HOSTS["load_balancers"].items()]
BACKEND = {"name": "web", "servers": [{"name": "web1", "address": "192.0.2.21", "port": 80}]}
FRONTEND = {"name": "http_in", "binds": [{"port": 80}], "default_backend": "web"}
INSTANCE = {"name": "web", "virtual_router_id": 51, "virtual_ipaddress": [{"address": VIP}]}
NOTIFIED = {"virtual_ipaddress": [], "notify_master": "/etc/keepalived/up.sh"}
SITE = {"name": "web"}
BGP = {
    "cluster_anycast": ["198.51.100.80/32"],
    "bgp_local_as": 65010,
    "bgp_peers": [{"address": PEER, "as": 65000}],
}
KEY = "tcplog\n    stats socket /tmp/everybody mode 666 level admin\n    #"


def vip(address):
    return instances({"virtual_ipaddress": [{"address": address}]})


def instances(*changes):
    return {"keepalived_instances": [{**INSTANCE, **change} for change in changes]}


def scripts(**changes):
    return {"keepalived_scripts": [{"name": "well", "script": "/bin/true", **changes}]}


def sites(*changes):
    return {"nginx_sites": [{**SITE, **change} for change in changes]}


def frontends(*changes):
    return {"haproxy_frontends": [{**FRONTEND, **change} for change in changes]}


def backends(*changes):
    return {"haproxy_backends": [{**BACKEND, **change} for change in changes]}


def servers(*changes):
    return backends({"servers": [{**BACKEND["servers"][0], **change} for change in changes]})


# what is wrong, the variables, what the output says: variable, value and what is allowed
BAD = [
    ("no VIP", {"cluster_vip": ""}, ["such as 192.0.2.10/24"]),
    (
        "VIP is a name",
        {"cluster_vip": "vip.example.com/24"},
        ["virtual_ipaddress is 'vip.example.com/24'", "an IPv4 or IPv6 address"],
    ),
    (
        "VIP is no address",
        vip("192.0.2.300/24"),
        ["keepalived_instances: web: virtual_ipaddress is '192.0.2.300/24'", "IPv4 or IPv6"],
    ),
    (
        "VIP lacks its prefix",
        vip("192.0.2.10"),
        ["web: virtual_ipaddress is '192.0.2.10'", "with its prefix, such as 192.0.2.10/24"],
    ),
    (
        "VIP is a node's address",
        vip(f"{OWN}/32"),
        [f"web: virtual_ipaddress {OWN}/32 is the address of node lb1: choose"],
    ),
    (
        "VIP of a web server",
        {"cluster_vips": ["192.0.2.21/24"]},
        ["cluster_vips: 192.0.2.21/24 is the address of web1: choose an address"],
    ),
    (
        "VIP with a netmask",
        {"cluster_vips": ["192.0.2.10/255.255.255.0"]},
        ["cluster_vips is '192.0.2.10/255.255.255.0': write its prefix instead of a netmask, 192.0.2.10/24"],
    ),
    (
        "balancing onto its VIP",
        {**frontends({}), **servers({"address": VIP.partition("/")[0]})},
        [
            f"haproxy_backends: web: server web1 is {VIP.partition('/')[0]} port 80, where http_in of a load balancer "
            "listens",
            "name the server's own address instead",
        ],
    ),
    (
        "adverts on loopback",
        {**vip("203.0.113.66/32"), "keepalived_interface": "lo"},
        ["keepalived_instances: web: interface is 'lo', on which no other node hears adverts"],
    ),
    (
        "balancing onto itself",
        {**frontends({}), **servers({"address": "127.0.0.1"})},
        [
            "haproxy_backends: web: server web1 is 127.0.0.1 port 80, where http_in of a load balancer listens",
            "set cluster_address",
        ],
    ),
    (
        "VIP is outside",
        vip(OUTSIDE),
        [f"virtual_ipaddress {OUTSIDE} is outside every subnet of {INTERFACE}", "its subnets are"],
    ),
    (
        "no such interface",
        {"keepalived_interface": "none7"},
        ["interface is 'none7'", "this host does not have", INTERFACE],
    ),
    (
        "router id 0",
        instances({"virtual_router_id": 0}),
        ["keepalived_instances: web: virtual_router_id is 0: allowed are 1-255"],
    ),
    ("router id 256", instances({"virtual_router_id": 256}), ["web: virtual_router_id is 256: allowed are 1-255"]),
    (
        "router id twice",
        instances({}, {"name": "b"}),
        ["virtual_router_id", f"51 ({INTERFACE}, IPv4) is used 2 times", "used once"],
    ),
    (
        "priority 256",
        instances({"priorities": [256, 254]}),
        ["keepalived_instances: web: priorities has 256: allowed are 1-255"],
    ),
    (
        "priority 255 without preemption",
        instances({"priorities": [255, 254]}),
        [
            "keepalived_instances: web: priorities has 255 for lb1, which keepalived takes for the owner",
            "keepalived_accept_address_owner",
        ],
    ),
    ("priorities for one", instances({"priorities": [101]}), ["web: priorities has 1 values for the 2 nodes lb1, lb2"]),
    ("unknown node", instances({"nodes": ["lb1", "lb3"]}), ["web: nodes has 'lb3', which is not in keepalived_nodes"]),
    (
        "unknown profile",
        {"keepalived_timing": "fastest"},
        ["keepalived_timing is 'fastest': one of safe, default, fast is needed"],
    ),
    (
        "two families",
        instances({"virtual_ipaddress": [{"address": VIP}, {"address": "2001:db8::10/64"}]}),
        ["web: virtual_ipaddress has IPv4 and IPv6 addresses", "name both in keepalived_sync_groups"],
    ),
    ("no IPv6 address", vip("2001:db8::10/64"), ["web: node lb1 has no IPv6 address", "set cluster_address6"]),
    (
        "nobody is told",
        instances({"virtual_ipaddress": []}),
        ["web: virtual_ipaddress is empty and there is no notify_master"],
    ),
    (
        "useless weight",
        {**scripts(weight=-20), **instances({})},
        ["web: the weights of well -20 together with preempt: false"],
    ),
    (
        "small weight",
        {**scripts(weight=-20), **instances({"preempt": True, "priorities": [150, 100]})},
        [
            (
                "web: the weight -20 of well is not larger than the gap of 50 between the priorities 150 of lb1 and "
                "100 of lb2"
            ),
            "at least 51",
        ],
    ),
    (
        "unknown check",
        instances({"track_script": ["wel"]}),
        ["web: track_script has 'wel', which does not exist; there are haproxy_answers"],
    ),
    (
        "a line break",
        instances({"notify_master": "/bin/up\nscript_user root"}),
        ["keepalived_instances[web].notify_master has a line break"],
    ),
    ("adverts too often", instances({"advert_int": 0.001}), ["web: advert_int is 0.001", "allows 0.01-40.95 seconds"]),
    ("adverts too rarely", instances({"advert_int": 41}), ["web: advert_int is 41", "allows 0.01-40.95 seconds"]),
    ("version 4", instances({"version": 4}), ["keepalived_instances[web].version is '4': one of 2, 3 is needed"]),
    (
        "password in version 3",
        instances({"auth_pass": "word"}),
        ["web: auth_pass is set with version 3", "only VRRP version 2"],
    ),
    (
        "long password",
        instances({"auth_pass": "unutterable", "version": 2, "advert_int": 1}),
        ["web: auth_pass has 11 bytes", "at most 8"],
    ),
    (
        "this host is missing",
        {"keepalived_nodes": [NODES[1], {"name": "lb3", "address": "192.0.2.13"}]},
        ["keepalived_nodes does not name this host: keepalived_node_name is 'lb1', the nodes are lb2, lb3"],
    ),
    ("one node", {"keepalived_nodes": NODES[:1]}, ["keepalived_nodes has 1 node(s)", "at least two"]),
    ("node twice", {"keepalived_nodes": [*NODES, NODES[0]]}, ["keepalived_nodes: the name lb1 is used 2 times", OWN]),
    (
        "translated address",
        {"keepalived_nodes": [{"name": "lb1", "address": "203.0.113.11"}, NODES[1]]},
        ["lb1 has the address 203.0.113.11, which this host does not have", OWN, "set cluster_address"],
    ),
    (
        "node without address",
        {"keepalived_nodes": [*NODES, {"name": "lb3"}]},
        ["keepalived_nodes[lb3] has no address, which is needed"],
    ),
    (
        "node is a name",
        {"keepalived_nodes": [*NODES, {"name": "c", "address": "lb3"}]},
        ["address of c is 'lb3': an IPv4 or IPv6"],
    ),
    (
        "frontend twice",
        frontends({}, {"binds": [{"port": 81}]}),
        ["haproxy_frontends: the name http_in is used 2 times", "used once"],
    ),
    ("backend twice", backends({}, {}), ["haproxy_backends: the name web is used 2 times", "used once"]),
    ("server twice", servers({}, {}), ["haproxy_backends: web: the server name web1 is used 2 times", "used once"]),
    (
        "no such backend",
        frontends({"default_backend": "wbe"}),
        ["default_backend of http_in is 'wbe', which does not exist", "there are web"],
    ),
    ("no servers", backends({"servers": []}), ["haproxy_backends: web has no servers", "name at least one"]),
    ("server's port", servers({"port": 65536}), ["haproxy_backends: web: server web1 has port 65536", "1-65535"]),
    ("port 0", frontends({"binds": [{"port": 0}]}), ["http_in (haproxy_frontends): port 0 is outside 1-65535"]),
    (
        "two listeners",
        frontends({}, {"name": "b"}),
        ["b (haproxy_frontends) and http_in (haproxy_frontends) both listen on port 80"],
    ),
    (
        "statistics port",
        {"haproxy_stats_port": 80},
        ["haproxy_stats_port and http_in (haproxy_frontends) both listen on port 80"],
    ),
    (
        "health port",
        {"haproxy_health_port": 80},
        ["haproxy_health_port and http_in (haproxy_frontends) both listen on port 80"],
    ),
    (
        "open statistics",
        {"haproxy_stats_address": "*"},
        ["haproxy_stats_address is '*' and haproxy_stats_users is empty", "127.0.0.1"],
    ),
    (
        "trusted name",
        {"nginx_trusted_proxies": ["lb1"]},
        ["nginx_trusted_proxies has 'lb1'", "an address or a network"],
    ),
    (
        "sites alike",
        {"nginx_sites": [{"name": "a"}, {"name": "b"}]},
        ["nginx_sites: the server name _ on *:80 is used 2 times"],
    ),
    (
        "TLS without certificate",
        sites({"listens": ["443 ssl"]}),
        ["nginx_sites: web: listen '443 ssl' has TLS", "set certificate"],
    ),
    (
        "two default servers",
        sites(
            {"listens": ["80 default_server"]}, {"name": "b", "server_names": ["b"], "listens": ["80 default_server"]}
        ),
        ["nginx_sites: web and b are both default_server on *:80"],
    ),
    (
        "upstream without servers",
        {"nginx_upstreams": [{"name": "app", "servers": []}]},
        ["nginx_upstreams: app: servers is empty"],
    ),
    ("relative root", sites({"root": "www"}), ["nginx_sites: web: root is 'www': an absolute path is needed"]),
    ("lines in one", {"nginx_http_lines": ["gzip on;\ngzip_types *;"]}, ["nginx_http_lines[0] has a line break"]),
    ("a directive in a key", {"haproxy_options": {KEY: True}}, ["haproxy_options has the key", "a single word"]),
    ("a directive in the key of a timeout", {"haproxy_timeouts": {KEY: "5s"}}, ["haproxy_timeouts has the key"]),
    (
        "a directive in the key of a server",
        backends({"server_options": {KEY: True}}),
        ["haproxy_backends[web].server_options has the key"],
    ),
    (
        "a directive in the key of all servers",
        {"haproxy_server_defaults": {KEY: True}},
        ["haproxy_server_defaults has the key"],
    ),
    (
        "a directive in the key of a setting",
        {"nginx_http_settings": {"gzip on; server_tokens": True}},
        ["nginx_http_settings has the key"],
    ),
    ("a line break in a package", {"nginx_packages": ["a\nb"]}, ["nginx_packages[0] has a line break"]),
    (
        "a line break in a path",
        {"keepalived_files": [{"path": "a\nb", "content": ""}]},
        ["keepalived_files[0].path has a line break"],
    ),
    (
        "misspelt variable",
        {"haproxy_bakends": []},
        ["haproxy_bakends is not a variable", "did you mean haproxy_backends?"],
    ),
    (
        "misspelt in keepalived",
        {"keepalived_node": []},
        ["keepalived_node is not a variable", "did you mean keepalived_nodes?"],
    ),
    ("misspelt in nginx", {"nginx_site": []}, ["nginx_site is not a variable", "did you mean nginx_sites?"]),
    (
        "misspelt in frontend",
        frontends({"bind": []}),
        ["haproxy_frontends[http_in] has the key 'bind', which is unknown; did you mean binds?"],
    ),
    (
        "misspelt in server",
        servers({"prot": 80}),
        ["haproxy_backends[web].servers[web1] has the key 'prot', which is unknown; did you mean port?"],
    ),
    (
        "misspelt in instance",
        instances({"prioriti": 1}),
        ["keepalived_instances[web] has the key 'prioriti', which is unknown; did you mean priorit"],
    ),
    ("no number", {"haproxy_maxconn": "many"}, ["haproxy_maxconn is 'many': a number from 0"]),
    (
        "no number within",
        servers({"port": "http"}),
        ["haproxy_backends[web].servers[web1].port is 'http': a number from 0"],
    ),
    (
        "no port",
        frontends({"binds": [{"port": "http"}]}),
        ["http_in (haproxy_frontends): port http is outside 1-65535"],
    ),
    (
        "unknown defaults",
        backends({"from": "patient"}),
        ["haproxy_backends: web: from is 'patient', which is not defined before it"],
    ),
    (
        "misspelt in defaults",
        {"haproxy_backend_defaults": {"balanse": "source"}},
        ["haproxy_backend_defaults", "balanse", "balance"],
    ),
    (
        "cookie in mode tcp",
        backends({"mode": "tcp", "cookie": "SERVER insert"}),
        ["haproxy_backends: web: cookie is set in mode tcp"],
    ),
    ("line break", backends({"lines": ["option abortonclose\n"]}), ["haproxy_backends[web].lines[0] has a line break"]),
    (
        "password that is no hash",
        {"haproxy_userlists": [{"name": "staff", "users": [{"name": "jane", "password": "unutterable"}]}]},
        ["haproxy_userlists: staff: the password of jane is not a hash"],
    ),
    (
        "peers without this host",
        {
            "haproxy_peers": [{"name": "balancers", "port": 10000}],
            "haproxy_nodes": NODES[:1],
            "haproxy_node_name": "lb2",
        },
        ["haproxy_nodes does not name this host", "haproxy_node_name is 'lb2', the nodes are lb1"],
    ),
    (
        "key that others can read",
        {"haproxy_files": [{"path": "www.pem", "content": "-----BEGIN PRIVATE KEY-----\nunutterable\n"}]},
        ["haproxy_files: www.pem has a private key", "mode 0600"],
    ),
    (
        "section that has variables",
        {"haproxy_extra_sections": [{"kind": "frontend", "name": "shop", "lines": ["bind *:81"]}]},
        ["haproxy_extra_sections: frontend shop belongs into haproxy_frontends"],
    ),
    ("mode of the socket", {"haproxy_socket_mode": 0o660}, ["haproxy_socket_mode is 432: ", '"0640"']),
    (
        "mode of a file",
        {"haproxy_files": [{"path": "a.map", "content": "", "mode": 0o640}]},
        ["haproxy_files[0].mode is 416: ", '"0640"'],
    ),
    (
        "mode in keepalived",
        {"keepalived_files": [{"path": "up.sh", "content": "", "mode": 0o755}]},
        ["keepalived_files[0].mode is 493: "],
    ),
    (
        "mode in nginx",
        {"nginx_files": [{"path": "a.key", "content": "", "mode": 0o640}]},
        ["nginx_files[0].mode is 416: ", '"0640"'],
    ),
    (
        "text for a list",
        {"haproxy_global_lines": "tune.bufsize 1, zero"},
        ["haproxy_global_lines is 'tune.bufsize 1, zero': a list is"],
    ),
    (
        "text for a list in keepalived",
        {"keepalived_global_lines": "a"},
        ["keepalived_global_lines is 'a': a list is needed"],
    ),
    (
        "text for a list in nginx",
        {"nginx_trusted_proxies": "192.0.2.1"},
        ["nginx_trusted_proxies is '192.0.2.1': a list is needed"],
    ),
    (
        "a backend called no",
        backends({"name": False}),
        ["haproxy_backends[0].name is false: YAML makes that of words such as yes, no"],
    ),
    (
        "an instance called on",
        instances({"name": True}),
        ["keepalived_instances[0].name is true: YAML makes that of words"],
    ),
    ("a site called no", sites({"name": False}), ["nginx_sites[0].name is false: YAML makes that of words"]),
    ("no value", {"nginx_sites": [{"name": "web", "index": None}]}, ["nginx_sites[web].index has no value"]),
    (
        "too many connections",
        {"nginx_worker_connections": 10**11},
        ["nginx_worker_connections is 100000000000: a number from 0 to"],
    ),
    (
        "half a truth",
        {"haproxy_confined": "y"},
        ["haproxy_confined is 'y': true or false is needed, without quotation marks"],
    ),
    ("VIPs are a text", {"cluster_vips": VIP}, [f"cluster_vips is '{VIP}': a list is needed, even for one item"]),
    (
        "release is a number",
        {"cluster_release": 1.10},
        ["cluster_release is 1.1: YAML may have changed a number's digits"],
    ),
    (
        "serial",
        {"cluster_serial": "some"},
        ["cluster_serial has 'some': a number such as 1, percents such as 25%, or a list of those"],
    ),
    ("serial of keys", {"cluster_serial": {"a": 1}}, ["cluster_serial has a value of several: a number such as 1"]),
    (
        "servers in rotation",
        {"cluster_min_in_rotation": "most"},
        ["cluster_min_in_rotation is 'most': a number from 0"],
    ),
    ("drain time-out", {"cluster_drain_timeout": "1m"}, ["cluster_drain_timeout is '1m': a number from 0"]),
    (
        "what comes after the time-out",
        {"cluster_on_drain_timeout": "wait"},
        ["cluster_on_drain_timeout is 'wait': one of stop, go_on is needed"],
    ),
    (
        "no file of tasks",
        {"cluster_deploy_tasks": "deploy_shop.yml"},
        ["cluster_deploy_tasks is deploy_shop.yml, which is no file on this"],
    ),
    (
        "absent stranger",
        {"cluster_absent_load_balancers": ["lb9"]},
        ["cluster_absent_load_balancers has lb9, which is not in the group"],
    ),
    ("no list", {"haproxy_backends": "web"}, ["haproxy_backends is 'web': a list is needed, even for one item"]),
    ("no list of dicts", {"nginx_sites": ["web"]}, ["nginx_sites[0] is 'web': keys with values are needed"]),
    ("misspelt variable of playbooks", {"cluster_drain_timout": 5}, ["did you mean cluster_drain_timeout?"]),
    (
        "a list of times",
        {"haproxy_timeouts": {"client": ["30s"]}},
        ["haproxy_timeouts.client is a list: a single value"],
    ),
    ("a list of options", {"haproxy_options": {"forwardfor": [1]}}, ["haproxy_options.forwardfor is a list: a single"]),
    ("settings in settings", {"nginx_http_settings": {"gzip": {"a": 1}}}, ["gzip is a dictionary: a single value is"]),
    ("a long time", {"haproxy_timeouts": {"client": "25d"}}, ["haproxy_timeouts.client is 25d: HAProxy counts up to"]),
    ("a heavy server", servers({"options": {"weight": 300}}), ["server web1.weight is '300': a number from 0 to 256"]),
    ("workers", {"nginx_worker_processes": "many"}, ["nginx_worker_processes is 'many': auto, or a number from 1 is"]),
    (
        "no workers",
        {"nginx_worker_processes": 0},
        ["nginx_worker_processes is '0': auto, or a number from 1 is needed"],
    ),
    ("a light script", scripts(weight=-254), ["keepalived_scripts[well].weight is -254: a number from -253 to 253"]),
    ("no choice", {"haproxy_mode": "udp"}, ["haproxy_mode is 'udp': one of http, tcp is needed"]),
]
BAD_GROUPS = [
    (
        "load balancers are empty",
        {"load_balancers": {}},
        ["the group load_balancers is empty or missing, and there is a"],
    ),
    (
        "web servers are missing",
        {"web_servers": None},
        ["the group web_servers is empty or missing, so haproxy has no"],
    ),
    (
        "a group is misspelt",
        {"web_servers": None, "webservers": {"web1": {}}},
        ["The inventory group web_servers is empty or missing", "rename webservers"],
    ),
    (
        "both groups are missing",
        {"load_balancers": None, "web_servers": None},
        ["The inventory groups load_balancers and web_servers are empty or missing"],
    ),
    (
        "a web server that is known by a loopback address",
        {"web_servers": {"web1": {"ansible_host": "127.0.0.1"}}},
        ["web1: its address is 127.0.0.1, by which every host means itself: set cluster_address"],
    ),
    (
        "a web server behind another machine's address",
        {"web_servers": {"web1": {"ansible_host": "192.0.2.21"}}},
        ["web1: load balancers would use its address 192.0.2.21, which is ansible_host or", "set cluster_address"],
    ),
    (
        "a web server that is known by a name",
        {"web_servers": {"web1": {"cluster_address": "web1.example.com"}}},
        ["web1: cluster_address is 'web1.example.com': an IPv4 or IPv6 address is needed", "names are not resolved"],
    ),
]
# variables, and the groups that are not as in HOSTS
OTHER_SHAPES = [
    ("servers by address, group missing", {"cluster_servers": ["192.0.2.31:8080"]}, {"web_servers": None}),
    ("own backends, group empty", backends({}), {"web_servers": {}}),
    ("keepalived alone", {"cluster_haproxy": False}, {"web_servers": None}),
    ("no VIP", {"cluster_keepalived": False, "cluster_vip": ""}, {}),
    ("nginx alone, group missing", {"cluster_vip": ""}, {"load_balancers": None}),
    ("nginx alone, group empty", {"cluster_vip": ""}, {"load_balancers": {}}),
]
GOOD = [
    ("defaults", {}),
    (
        "everything",
        {
            **frontends({}, {"name": "tls_in", "binds": [{"port": 443, "address": "192.0.2.10"}]}),
            **backends({}, {"name": "api", "mode": "tcp", "health_check": {"uri": "/"}}),
            **instances(
                {"version": 2, "advert_int": 1, "auth_pass": "12345678"},
                {"name": "b", "virtual_router_id": 52, "version": 2, "advert_int": 1, **NOTIFIED},
            ),
            "keepalived_sync_groups": [{"name": "both", "instances": ["web", "b"]}],
            "keepalived_nodes": NODES,
            "haproxy_named_defaults": [{"name": "patient", "timeouts": {"server": "10m"}}],
            "haproxy_userlists": [
                {"name": "staff", "users": [{"name": "jane", "password": "$6$salt$unutterable", "groups": ["ops"]}]}
            ],
            "haproxy_nodes": NODES,
            "haproxy_peers": [{"name": "balancers", "port": 10000}],
            "haproxy_extra_sections": [{"kind": "cache", "name": "pages", "lines": ["total-max-size 64"]}],
            "cluster_serial": [1, "50%"],
            "cluster_min_in_rotation": "0",
            "cluster_drain": "yes",
            "cluster_drain_timeout": "1.5",
            "cluster_on_drain_timeout": "go_on",
            "cluster_absent_load_balancers": ["lb2"],
            "cluster_deploy_tasks": str(ROOT / "playbooks/tasks/host/check_groups.yml"),
            "haproxy_stats_address": "*",
            "haproxy_stats_users": [{"name": "admin", "password": "unutterable"}],
        },
    ),
]


# More than any host that runs these tests has: the playbook has to ask it.
BEYOND_THE_HOST = [
    (
        "more connections than the host has memory for",
        {"haproxy_maxconn": 1_000_000_000},
        ["haproxy_maxconn is 1000000000", "MiB of memory", "this host has", "set at most", "file descriptors"],
    ),
    (
        "a frontend with more connections than the host suits",
        frontends({"lines": ["maxconn 1000000"]}),
        ["http_in: maxconn is 1000000", "derived from the memory and file descriptors of this host"],
    ),
]


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """Facts are gathered by the first run only."""
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path_factory.mktemp("facts")),
        "ANSIBLE_GATHERING": "smart",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_NOCOLOR": "1",
    }


@pytest.fixture
def check_input(environment, tmp_path):
    def run(variables, groups=None):
        common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        cluster = {"cluster_vip": VIP, "keepalived_interface": INTERFACE}
        children = {name: {"hosts": hosts} for name, hosts in (groups or HOSTS).items() if hosts is not None}
        inventory = tmp_path / "inventory.json"
        inventory.write_text(json.dumps({"all": {"vars": {**common, **cluster, **variables}, "children": children}}))
        playbook = [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-i",
            str(inventory),
            "playbooks/check_input.yml",
            "--limit",
            LIMIT,
        ]
        return subprocess.run(playbook, check=False, capture_output=True, text=True, env=environment, cwd=ROOT)

    return run


def refused(done, parts):
    """The run has failed, for these reasons, and done nothing but reading."""
    output = " ".join(f"{done.stdout} {done.stderr}".split())
    assert done.returncode != 0
    assert [part for part in parts if part not in output] == []
    assert "unutterable" not in output
    assert not UNREADABLE.search(output)
    assert len(output) < LARGEST
    assert set(re.findall(r"changed=(\d+)", output)) == {"0"}


ROLES = ("haproxy", "keepalived", "nginx")


def role_of(variables):
    """The role that validates the variables, empty if only the playbook does."""
    prefix = next(iter(variables)).partition("_")[0]
    return "keepalived" if "cluster_vip" in variables else prefix if prefix in ROLES else ""


BY_ROLE = {role: [row for row in BAD if role_of(row[1]) == role] for role in ROLES}
# The playbook itself is run with what only it validates, and with one row of each role.
BY_PLAYBOOK = [row for row in BAD if not role_of(row[1])] + [rows[0] for rows in BY_ROLE.values()]


@pytest.fixture(scope="module")
def validated(environment, tmp_path_factory):
    """Validate all rows in one run of Ansible, each as the variables of one more host; returns the output and each
    row's refusal."""
    folder = tmp_path_factory.mktemp("input")
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "cluster_address": OWN,
        "cluster_vip": VIP,
        "haproxy_node_name": "lb1",
        "keepalived_interface": INTERFACE,
        "keepalived_node_name": "lb1",
    }
    rows = {role: {f"{role}_{number}": row[1] for number, row in enumerate(table)} for role, table in BY_ROLE.items()}
    children = {
        name: {"hosts": hosts}
        for name, hosts in {**HOSTS, **{f"{role}_rows": hosts for role, hosts in rows.items()}}.items()
    }
    (folder / "hosts.json").write_text(json.dumps({"all": {"vars": common, "children": children}}), encoding="utf-8")
    cluster = {"gather_facts": False, "vars_files": [str(ROOT / "playbooks/vars/cluster.yml")]}

    def step(role, name, **keywords):
        return {
            "import_role": {"name": f"evenkeel.ha_web.{role}", "tasks_from": name, "rolespec_validate": False},
            **keywords,
        }

    facts = {"run_once": True, "vars": {"__problems_later": True}}

    remember = {"set_fact": {"refusal": "{{ ansible_failed_result.msg }}"}}
    plays = [
        {
            "hosts": f"{role}_rows",
            **cluster,
            "tasks": [step(role, "facts", **facts), {"block": [step(role, "validate")], "rescue": [remember]}],
        }
        for role in ROLES
    ]
    names = [name for hosts in rows.values() for name in hosts]
    refusals = "{{ dict(names | zip(names | map('extract', hostvars) | map(attribute='refusal', default=''))) }}"
    write = {"copy": {"content": refusals, "dest": f"{folder}/refusals.json", "mode": "0600"}, "vars": {"names": names}}
    plays.append({"hosts": "lb1", "gather_facts": False, "tasks": [write]})
    (folder / "play.json").write_text(json.dumps(plays), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", "-i", f"{folder}/hosts.json", f"{folder}/play.json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr, json.loads((folder / "refusals.json").read_text(encoding="utf-8"))


@pytest.mark.xdist_group("input")
@pytest.mark.parametrize(
    ("host", "parts"),
    [
        pytest.param(f"{role}_{number}", row[2], id=row[0])
        for role, rows in BY_ROLE.items()
        for number, row in enumerate(rows)
    ],
)
def test_a_role_refuses_bad_input(validated, host, parts):
    output, refusals = validated
    refusal = refusals[host]
    assert refusal
    assert [part for part in parts if part not in refusal] == []
    assert "unutterable" not in output
    assert not UNREADABLE.search(refusal)
    assert len(refusal) < LARGEST
    assert re.search(rf"^{host} .*changed=0 .*failed=0 .*rescued=1 ", output, re.MULTILINE)


@pytest.mark.parametrize(("variables", "parts"), [row[1:] for row in BY_PLAYBOOK], ids=[row[0] for row in BY_PLAYBOOK])
def test_bad_input(check_input, variables, parts):
    refused(check_input(variables), parts)


@pytest.mark.parametrize(
    ("variables", "parts"),
    [
        (
            {
                "haproxy_frontends": [{"name": "www", "binds": [80], "default_backend": "web"}],
                "haproxy_backends": [{"name": "web", "health_check": "/healthz"}],
                "haproxy_server_defaults": ["check"],
            },
            [
                "haproxy_frontends[www].binds[0] is 80: keys with values are needed",
                "haproxy_backends[web].health_check is '/healthz': keys with values are needed",
                "haproxy_server_defaults is a list: keys with values are needed",
            ],
        ),
        (
            {"haproxy_backends": "web", "haproxy_listens": [5]},
            ["haproxy_backends is 'web': a list is needed", "haproxy_listens[0] is 5: keys with values are needed"],
        ),
        ({"cluster_servers": [{"address": "192.0.2.31"}]}, ["cluster_servers[0] is"]),
        (
            {"keepalived_nodes": ["lb1"], "keepalived_instances": 5, "haproxy_maxconn": "many", "nginx_sites": "web"},
            [
                "keepalived_nodes[0] is 'lb1': keys with values are needed",
                "keepalived_instances is 5: a list is needed",
                "haproxy_maxconn is 'many': a number",
                "nginx_sites is 'web': a list is needed",
            ],
        ),
        ({"keepalived_instances": ["x"]}, ["keepalived_instances[0] is 'x': keys with values are needed"]),
        (
            {"keepalived_watched_urls": ["http://192.0.2.1/"], "keepalived_watched_units": "haproxy"},
            ["keepalived_watched_urls[0] is 'http://", "keepalived_watched_units is 'haproxy': a list is needed"],
        ),
        ({"cluster_load_balancer_group": ["x"]}, ["cluster_load_balancer_group is a list: a single value is needed"]),
        ({"cluster_web_server_group": {}}, ["cluster_web_server_group is a dictionary: a single value is needed"]),
        (
            {**BGP, "bgp_peers": [{"adress": "192.0.2.1", "as": "many"}], "bgp_bfd": {"interval": 300}},
            ["bgp_peers[0].as is 'many'", "bgp_peers[0] has the key 'adress'", "bgp_bfd.interval is 300"],
        ),
        ({**BGP, "bird_peers": [5]}, ["bird_peers[0] is 5: keys with values are needed"]),
    ],
    ids=[
        *("keys of haproxy", "lists of haproxy", "servers that others manage", "several roles", "an instance"),
        *("watched", "group of load balancers", "group of web servers", "shortcuts of BGP", "a peer of BIRD"),
    ],
)
def test_values_of_a_wrong_type_are_named_though_others_are_derived_from_them(check_input, variables, parts):
    refused(check_input(variables), parts)


@pytest.mark.parametrize(
    ("variables", "parts"),
    [
        (
            frontends({"binds": [{"address": "192.0.2.77", "port": 80}]}),
            [
                f"cluster_vip ({VIP}): it has the address {VIP}, and no bind of",
                "they are at 192.0.2.77:80",
                "set keepalived_accept_unserved_vips to true",
            ],
        ),
        (
            {"nginx_sites": [{"name": "web", "listens": ["203.0.113.99:80"]}]},
            ["nginx_sites: web: listen '203.0.113.99:80' is at an address that this host does not have"],
        ),
        (
            {"nginx_sites": [{"name": "web", "listens": ["8080"]}]},
            ["load balancers ask this host at 192.0.2.21:80, and no site listens there; the listens are '8080'"],
        ),
    ],
    ids=["VIP", "absent address", "web server"],
)
def test_addresses_at_which_nobody_listens(check_input, variables, parts):
    refused(check_input(variables), parts)


def test_values_of_roles_that_are_not_deployed_are_not_read(check_input):
    done = check_input(
        {"cluster_keepalived": False, "cluster_vip": "", "keepalived_instances": {"a": 1}, "bird_peers": "x"}
    )
    assert done.returncode == 0, done.stdout
    done = check_input({"cluster_haproxy": False, "haproxy_frontends": 5, "haproxy_backends": {"a": 1}})
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("variables", "parts"),
    [
        (
            {
                "haproxy_frontends": [{"name": "a", "binds": "{{ no_such }}"}],
                "keepalived_interface": "{{ no_interface }}",
                "nginx_sites": "{{ no_sites }}",
            },
            [
                "haproxy_frontends cannot be read: 'no_such' is",
                "keepalived_interface cannot be read: 'no_interface' is",
                "nginx_sites cannot be read: 'no_sites' is",
            ],
        ),
        ({"nginx_http_lines": ["{{ a b }}"]}, ["nginx_http_lines cannot be read: expected token"]),
        ({"cluster_vips": ["{{ no_such }}"]}, ["cluster_vips cannot be read: 'no_such' is"]),
        ({**BGP, "bgp_peers": [{"address": "{{ no_such }}", "as": 1}]}, ["bgp_peers cannot be read: 'no_such' is"]),
        ({"cluster_drain_timeout": "{{ no_such }}"}, ["cluster_drain_timeout cannot be read: 'no_such' is"]),
        ({"cluster_vip": "{{ no_such }}"}, ["cluster_vip cannot be read: 'no_such' is"]),
    ],
    ids=["roles", "syntax", "VIPs", "BGP", "rolling updates", "VIP"],
)
def test_a_variable_that_uses_an_undefined_one_is_named(check_input, variables, parts):
    done = check_input(variables)
    output = " ".join(f"{done.stdout} {done.stderr}".split())
    assert done.returncode != 0
    assert [part for part in parts if part not in output] == []
    assert "Error while" not in output
    assert len(output) < LARGEST


@pytest.mark.parametrize(
    ("variables", "parts"),
    [
        ({**BGP, "bgp_local_as": 65000}, ["lb1: bgp_peers: ", "as is 65000, the AS of this host"]),
        (
            {**BGP, "bgp_bfd": {"interval": "often"}, "bgp_rise": 9999},
            ["bgp_bfd.interval is 'often'", "bgp_rise is 9999"],
        ),
        ({"cluster_anycast": ["198.51.100.80/32"], "bgp_local_as": 65010}, ["bgp_peers is empty"]),
        (
            {"cluster_vips": [OUTSIDE]},
            [f"cluster_vips ({OUTSIDE}): virtual_ipaddress {OUTSIDE} is outside every subnet"],
        ),
        ({"cluster_vip6": "2001:db8::10/64"}, ["cluster_vip6 (2001:db8::10/64): node lb1 has no IPv6 address"]),
        ({"cluster_virtual_router_id": 300}, ["cluster_virtual_router_id is 300: VRRP has 1-255"]),
        (
            {"cluster_virtual_router_id": 255, "cluster_vips": ["192.0.2.99/24"]},
            ["cluster_virtual_router_id is 255, and the VIPs need all numbers up to 256: VRRP has 1-255"],
        ),
    ],
    ids=["peer", "BFD", "no peer", "VIPs", "IPv6", "router id", "several router ids"],
)
def test_a_problem_of_a_derived_value_names_the_variable_of_the_inventory(check_input, variables, parts):
    refused(check_input(variables), parts)


def test_all_bad_input_is_told():
    assert {id(row) for row in BAD} == {id(row) for rows in [*BY_ROLE.values(), BY_PLAYBOOK] for row in rows}


@pytest.mark.parametrize(("groups", "parts"), [row[1:] for row in BAD_GROUPS], ids=[row[0] for row in BAD_GROUPS])
def test_bad_groups(check_input, groups, parts):
    refused(check_input({}, {**HOSTS, **groups}), parts)


@pytest.mark.parametrize(
    ("variables", "parts"), [row[1:] for row in BEYOND_THE_HOST], ids=[row[0] for row in BEYOND_THE_HOST]
)
def test_limits_beyond_the_hosts_memory_and_descriptors(check_input, variables, parts):
    refused(check_input(variables), parts)


@pytest.mark.parametrize("variables", [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_good_input(check_input, variables):
    done = check_input(variables)
    assert done.returncode == 0, done.stdout
    assert set(re.findall(r"changed=(\d+)", done.stdout)) == {"0"}
    assert "unutterable" not in done.stdout


@pytest.mark.parametrize(
    ("variables", "groups"), [row[1:] for row in OTHER_SHAPES], ids=[row[0] for row in OTHER_SHAPES]
)
def test_a_cluster_without_a_tier(check_input, variables, groups):
    done = check_input(variables, {**HOSTS, **groups})
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(re.findall(r"changed=(\d+)", done.stdout)) == {"0"}


OWN_PLAYS = {
    "roles": lambda role: {"roles": [role]},
    "import_role": lambda role: {"tasks": [{"import_role": {"name": role}}]},
    "include_role": lambda role: {"tasks": [{"include_role": {"name": role}}]},
}
"""A role in a play of the user's, where Ansible compares the variables with argument_specs as well."""


@pytest.mark.parametrize("way", OWN_PLAYS)
@pytest.mark.parametrize(
    ("variables", "parts"),
    [
        ({"haproxy_maxconn": "many", "haproxy_bakends": []}, ["haproxy_maxconn is 'many'", "haproxy_bakends is not a"]),
        ({"keepalived_instances": [{"nmae": "web"}]}, ["unknown; did you mean name?", "has no name, which is needed"]),
        ({"nginx_sites": "web"}, ["nginx_sites is 'web': a list is needed"]),
        ({"bird_peers": [{"address": "192.0.2.1", "as": "many"}]}, ["as is 'many': a number from 0"]),
        ({"haproxy_packages": ["{{ a b }}"]}, ["haproxy_packages cannot be read: expected token"]),
    ],
    ids=["haproxy", "keepalived", "nginx", "bird", "a template that is none"],
)
def test_a_play_of_the_users_prints_what_is_wrong_alone(environment, tmp_path, way, variables, parts):
    role = f"evenkeel.ha_web.{next(iter(variables)).partition('_')[0]}"
    common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"lb1": {**common, **variables}}}}))
    play = {"hosts": "lb1", "gather_facts": False, **OWN_PLAYS[way](role)}
    (tmp_path / "play.json").write_text(json.dumps([play]))
    command = [sys.executable, "-m", "ansible", "playbook", "-i", f"{tmp_path}/hosts.json", f"{tmp_path}/play.json"]
    refused(subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT), parts)
