# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.haproxy_effect import list_differences
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.keepalived import translate
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.keepalived_effect import list_effects
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.keepalived_text import parse
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._import.values import Unreadable


def read(text, **further):
    files = {"/k/x.conf": text, **{f"/k/{name}.conf": content for name, content in further.items()}}
    return parse(files, "/k/x.conf")


def shape(node):
    return [inner.text if inner.nodes is None else {inner.text: shape(inner)} for inner in node.inner]


TREES = [
    ("a b c", ["a b c"]),
    ("a {\n b\n}\nc", [{"a": ["b"]}, "c"]),
    ("a { b }", [{"a": ["b"]}]),
    ("a\n{\n b {\n }\n}", [{"a": [{"b": []}]}]),
    ('s "x y" # z\n! nothing', ['s "x y"']),
    ("a ${B}", ["a ${B}"]),
    ("include y.conf\nb", ["from y", "b"]),
    ("include *.conf", ["from y"]),
    ("include */*.conf\ninclude .?.conf", ["from below", "from z"]),
    ("include n*.conf", ["include n*.conf"]),
    ("include x.conf", ["include x.conf"]),
    (
        "vrrp_instance a {\ntrack_script {\ns\n}\nb\ntrack_script {\nt\n}\n}",
        [{"vrrp_instance a": [{"track_script": ["s", "t"]}, "b"]}],
    ),
    (
        "vrrp_instance a {\nauthentication {\ns\n}\nauthentication {\nt\n}\n}",
        [{"vrrp_instance a": [{"authentication": ["s"]}, {"authentication": ["t"]}]}],
    ),
    ("track_file a {\nb\n}\ntrack_file a {\nc\n}", [{"track_file a": ["b"]}, {"track_file a": ["c"]}]),
]


@pytest.mark.parametrize(("text", "expected"), TREES)
def test_trees(text, expected):
    hidden = {".z": "from z", "d/y": "from below"}
    assert shape(read(text, y="from y", **hidden)) == expected


@pytest.mark.parametrize(("text", "message"), [("a {", "no closing brace"), ("}", "no block"), ("{", "no directive")])
def test_braces_have_to_match(text, message):
    with pytest.raises(Unreadable, match=rf"/k/x\.conf:1: .*{message}"):
        read(text)


def test_places_values_and_comments():
    root = read('# one\na "b c" # two\ninclude y.conf', y="\nfrom y")
    assert [(str(node.place), node.values, node.comments) for node in root.inner] == [
        ("/k/x.conf:2", ["a", "b c"], ["one", "two"]),
        ("/k/y.conf:2", ["from", "y"], []),
    ]


INSTANCE = """
vrrp_instance web {{
    state {state}
    interface eth0
    virtual_router_id 51
    priority {priority}
    {further}
    virtual_ipaddress {{
        192.0.2.10/24
    }}
}}
"""


def instance(further="", priority=100, state="BACKUP"):
    return INSTANCE.format(further=further, priority=priority, state=state)


def translated(one, other=None, addresses=()):
    texts = {"lb1": one, **({} if other is None else {"lb2": other})}
    known = dict(zip(("lb1", "lb2"), addresses or ("192.0.2.11", "192.0.2.12")))
    return translate({host: read(text) for host, text in texts.items()}, known)


def item(*texts):
    (found,) = translated(*texts).shared.variables["keepalived_instances"]
    return found


def test_an_instance_of_two_nodes():
    assert item(instance(priority=100), instance(priority=101)) == {
        "name": "web",
        "virtual_router_id": 51,
        "interface": "eth0",
        "version": 2,
        "advert_int": 1,
        "unicast": False,
        "preempt": True,
        "priorities": [101, 100],
        "virtual_ipaddress": [{"address": "192.0.2.10/24"}],
    }


def test_the_node_with_the_highest_priority_comes_first():
    assert translated(instance(priority=100), instance(priority=101)).order == ["lb2", "lb1"]


# Lines of an instance, and what they add to the item.
LINES = [
    ("nopreempt", {"preempt": False}),
    ("version 3\nadvert_int 0.5", {"version": 3, "advert_int": 0.5}),
    ("garp_master_delay 5", {"garp_master_delay": 5}),
    ("smtp_alert\ndont_track_primary", {"lines": ["smtp_alert", "dont_track_primary"]}),
    ("track_interface {\neth1 weight 5\n}", {"track_interface": ["eth1 weight 5"]}),
    ('notify "/bin/x y" root', {"notify": '"/bin/x y" root'}),
    ("use_vmac", {"use_vmac": True}),
    (
        "use_vmac web0 02:00:5e:00:53:33\nvmac_xmit_base",
        {"use_vmac": True, "vmac_name": "web0", "vmac_addr": "02:00:5e:00:53:33", "vmac_xmit_base": True},
    ),
    ("use_vmac web0 netlink_notify_msg", {"lines": ["use_vmac web0 netlink_notify_msg"]}),
    ("track_interface {\neth1\n}\ntrack_interface {\neth2\n}", {"track_interface": ["eth1", "eth2"]}),
    (
        "virtual_ipaddress {\n192.0.2.20/24\n}",
        {"virtual_ipaddress": [{"address": "192.0.2.20/24"}, {"address": "192.0.2.10/24"}]},
    ),
    ("track_bfd {\nx\n}\ntrack_bfd {\ny\n}", {"lines": ["track_bfd {", "    x", "    y", "}"]}),
    ("track_bfd {\nx\n}", {"lines": ["track_bfd {", "    x", "}"]}),
]


@pytest.mark.parametrize(("lines", "expected"), LINES)
def test_lines_of_an_instance(lines, expected):
    found = item(instance(lines), instance(lines, priority=99))
    assert {key: found[key] for key in expected} == expected


ADDRESSES = [
    (
        "192.0.2.10\n192.0.2.10/32 label eth0:1",
        ["192.0.2.10/32"],
        [("changed", "/k/x.conf:5", "192.0.2.10/32 label eth0:1")],
    ),
    ("2001:db8::a\n2001:DB8:0::A", ["2001:db8::a/128"], [("changed", "/k/x.conf:5", "2001:DB8:0::A")]),
    ("192.0.2.X", ["192.0.2.X"], [("left", "/k/x.conf:4", "192.0.2.X")]),
]


@pytest.mark.parametrize(("lines", "addresses", "remarks"), ADDRESSES)
def test_addresses_that_keepalived_ignores_are_reported(lines, addresses, remarks):
    head = "vrrp_instance a { interface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n"
    found = translated(f"{head}{lines}\n}}\n}}").shared
    assert [line["address"] for line in found.variables["keepalived_instances"][0]["virtual_ipaddress"]] == addresses
    assert [(remark.kind, str(remark.place), remark.line) for remark in found.remarks] == remarks


def test_peers_of_two_blocks_are_added_up():
    peers = "unicast_peer {\n192.0.2.12\n}\nunicast_peer {\n192.0.2.13\n}"
    assert translated(instance(peers), addresses=("192.0.2.11",)).order == [
        "lb1",
        "node_192_0_2_12",
        "node_192_0_2_13",
    ]


def test_comments_of_a_continued_block_are_kept():
    lines = "# one\ntrack_interface {\neth1\n# two\n}\n# three\ntrack_interface {\neth2\n# four\n}"
    (block,) = read(f"vrrp_instance a {{\n{lines}\n}}").inner[0].inner
    assert (block.comments, block.end) == (["one", "three"], ["two", "four"])


# Declarations whose weight is turned round, and what tracks them.
REVERSED = [
    ("vrrp_script x {\nscript /bin/x\nweight -20 reverse\n}", "track_script"),
    ("vrrp_track_process x {\nprocess nginx\nweight 10 reverse\n}", "track_process"),
    ("vrrp_track_file x {\nfile /run/x\nweight 10 reverse\n}", "track_file"),
]


@pytest.mark.parametrize(("text", "kind"), REVERSED)
def test_reversed_weights_stay_as_lines(text, kind):
    found = translated(text + "\n" + instance(f"{kind} {{\nx\n}}")).shared.variables
    assert [line.strip() for line in found["keepalived_extra_lines"]] == text.splitlines()
    assert found["keepalived_instances"][0]["lines"] == [f"{kind} {{", "    x", "}"]
    assert list_differences(list_effects(read(text)), list_effects(read(text.replace(" reverse", "")))) != []


BARE = "vrrp_instance a {{\ninterface eth0\nvirtual_router_id 1\n{}\n}}"


@pytest.mark.parametrize("line", ["notify_master /bin/x", "virtual_ipaddress_excluded {\n192.0.2.10/24\n}", ""])
def test_an_instance_without_addresses_in_adverts(line):
    (found,) = translated(BARE.format(line)).shared.variables["keepalived_instances"]
    assert found["virtual_ipaddress"] == []


def place(name, interface):
    return instance().replace("web", name).replace("eth0", interface)


# The interfaces of the instances int and ext on the other node.
INTERFACES = [("eth0", "eth1"), ("ens3", "ens4"), ("eth0", "ens4")]


@pytest.mark.parametrize(("inside", "outside"), INTERFACES)
def test_one_virtual_router_id_on_two_interfaces(inside, outside):
    one = place("int", "eth0") + place("ext", "eth1")
    found = translated(one, place("int", inside) + place("ext", outside)).shared
    items = found.variables["keepalived_instances"]
    assert [(item["name"], len(item["priorities"])) for item in items] == [("int", 2), ("ext", 2)]
    assert [remark.kind for remark in found.remarks] == []


def test_one_virtual_router_id_twice_on_an_interface_is_reported():
    found = translated(place("int", "eth0") + place("ext", "eth0")).shared
    assert [remark.kind for remark in found.remarks] == ["left"]


def test_values_that_differ_become_variables_of_the_nodes():
    found = translated(instance("advert_int 1"), instance("advert_int 2", priority=99))
    assert found.shared.variables["keepalived_instances"][0]["advert_int"] == "{{ vrrp_web_advert_int }}"
    assert [found.hosts[host].variables["vrrp_web_advert_int"] for host in ("lb1", "lb2")] == [1, 2]


def test_the_source_of_multicast_stands_with_each_node():
    found = translated(instance("mcast_src_ip 192.0.2.1"), instance("mcast_src_ip 192.0.2.2", priority=99))
    assert found.shared.variables["keepalived_instances"][0]["lines"] == ["mcast_src_ip {{ vrrp_source_address }}"]
    assert found.hosts["lb2"].variables == {"vrrp_source_address": "192.0.2.2"}
    assert found.addresses == {"lb1": "192.0.2.1", "lb2": "192.0.2.2"}


@pytest.mark.parametrize(
    ("lines", "preempts"),
    [("", True), ("nopreempt", False), ("nopreempt\npreempt", True), ("preempt\nnopreempt", False)],
)
def test_the_last_word_on_preemption_counts(lines, preempts):
    assert item(instance(lines))["preempt"] is preempts


def test_secrets_of_commands_stand_apart():
    script = 'vrrp_script db {\nscript "/usr/bin/mysqladmin -u root -pone ping"\n}\n'
    found = translated(script + instance('notify_master "/opt/notify --token=two"'))
    shared = found.shared.variables
    assert (
        shared["keepalived_scripts"][0]["script"]
        == "/usr/bin/mysqladmin -u root -p{{ vault_keepalived_password }} ping"
    )
    assert shared["keepalived_instances"][0]["notify_master"] == '"/opt/notify --token={{ vault_keepalived_token }}"'
    assert found.shared.secrets == {"vault_keepalived_password": "one", "vault_keepalived_token": "two"}


def test_a_brace_that_counts_on_some_nodes_stays_one():
    lines = ["@lb1 global_defs {", "    @lb1 router_id one", "@lb1 }", "vrrp_instance a {", "    interface eth0", "}"]
    found = translated("\n".join(lines))
    assert found.shared.variables["keepalived_extra_lines"] == lines


def test_the_password_of_a_computed_configuration_stands_apart():
    found = translated("$VIP=192.0.2.10/24\n" + instance("authentication {\nauth_type PASS\nauth_pass one\n}"))
    assert found.shared.secrets == {"vault_keepalived_web_auth_pass": "one"}


def test_the_password_stands_apart_and_has_eight_bytes():
    found = translated(instance("authentication {\nauth_type PASS\nauth_pass 123456789\n}"))
    assert found.shared.variables["keepalived_instances"][0]["auth_pass"] == "{{ vault_keepalived_web_auth_pass }}"
    assert found.shared.secrets == {"vault_keepalived_web_auth_pass": "12345678"}
    assert [remark.kind for remark in found.shared.remarks] == ["changed"]


def test_another_authentication_stays_as_lines():
    found = translated(instance("authentication {\nauth_type AH\nauth_pass secret\n}"))
    assert found.shared.variables["keepalived_instances"][0]["lines"] == [
        "authentication {",
        "    auth_type AH",
        "    auth_pass {{ vault_keepalived_web_auth_pass }}",
        "}",
    ]


def test_a_peer_without_a_file_is_a_node_and_reported():
    found = translated(instance("unicast_src_ip 192.0.2.11\nunicast_peer {\n192.0.2.12\n}"), addresses=("192.0.2.11",))
    assert found.order == ["lb1", "node_192_0_2_12"]
    assert found.shared.variables["keepalived_instances"][0]["priorities"] == [100, 99]
    assert [remark.kind for remark in found.shared.remarks] == ["left"]


def test_an_address_is_known_from_the_peers():
    text = "unicast_peer {{\n{}\n}}"
    found = translated(
        instance(text.format("192.0.2.12")), instance(text.format("192.0.2.11"), priority=99), addresses=("", "")
    )
    assert found.addresses == {"lb1": "192.0.2.11", "lb2": "192.0.2.12"}


def test_what_has_no_type_stays_as_lines():
    found = translated("virtual_server_group x {\n 192.0.2.1 80\n}\n@id x\n")
    assert found.shared.variables["keepalived_extra_lines"] == [
        "virtual_server_group x {",
        "    192.0.2.1 80",
        "}",
        "@id x",
    ]


def test_a_file_that_keepalived_computes_stays_as_lines():
    found = translated(f"$ROUTER=51\n{instance()}")
    assert "keepalived_instances" not in found.shared.variables
    assert found.shared.variables["keepalived_extra_lines"][0] == "$ROUTER=51"


def test_scripts_files_processes_and_groups():
    found = translated(
        'vrrp_script s {\nscript "/bin/x \\"y\\""\ninterval 2\nweight -5\ninit_fail\n}\n'
        "track_file f {\nfile /run/f\nweight 2\n}\n"
        "vrrp_track_process p {\nprocess nginx\nquorum 2\nfull_command\n}\n"
        "vrrp_sync_group g {\ngroup {\na\nb\n}\nsmtp_alert\n}\n"
        "vrrp_script odd {\nscript /bin/x\nunknown 1\n}\n"
    ).shared.variables
    assert found["keepalived_scripts"] == [
        {"name": "s", "script": '/bin/x "y"', "interval": 2, "weight": -5, "init_fail": True}
    ]
    assert found["keepalived_track_files"] == [{"name": "f", "file": "/run/f", "weight": 2}]
    assert found["keepalived_track_processes"] == [
        {"name": "p", "process": "nginx", "quorum": 2, "lines": ["full_command"]}
    ]
    assert found["keepalived_sync_groups"] == [{"name": "g", "instances": ["a", "b"], "lines": ["smtp_alert"]}]
    assert found["keepalived_extra_lines"][0] == "vrrp_script odd {"


REAL = {"address": "192.0.2.21", "weight": 1, "check": {"type": "none"}}
VIRTUAL = {
    "address": "192.0.2.10",
    "port": 80,
    "protocol": "TCP",
    "scheduler": "wlc",
    "method": "NAT",
    "real_servers": [REAL],
}


def virtual(lines="", real="", place="192.0.2.10 80", port=" 80"):
    return f"virtual_server {place} {{\n{lines}\nreal_server 192.0.2.21{port} {{\n{real}\n}}\n}}"


# Virtual servers, and what differs from the plain one.
VIRTUAL_SERVERS = [
    (virtual(), {}),
    (
        virtual("lb_algo rr\nlb_kind DR\nprotocol UDP\ndelay_loop 6"),
        {"scheduler": "rr", "method": "DR", "protocol": "UDP", "delay_loop": 6},
    ),
    (virtual("persistence_timeout 60\nquorum 1"), {"persistence_timeout": 60, "quorum": 1}),
    (virtual("alpha\nvirtualhost a"), {"lines": ["alpha", "virtualhost a"]}),
    (virtual('quorum_up "/bin/x y" root'), {"quorum_up": '"/bin/x y" root'}),
    (virtual("sorry_server 192.0.2.30 80"), {"sorry_server": {"address": "192.0.2.30"}}),
    (virtual("sorry_server 192.0.2.30 81"), {"sorry_server": {"address": "192.0.2.30", "port": 81}}),
]
# Lines of a real server, and what differs from the plain one.
REAL_SERVERS = [
    ("weight 0", {"weight": 0}),
    ("inhibit_on_failure", {"inhibit_on_failure": True}),
    ('notify_down "/bin/x y"\nuthreshold 9', {"notify_down": '"/bin/x y"', "lines": ["uthreshold 9"]}),
    ("TCP_CHECK {\n}", {"check": {"type": "tcp"}}),
    (
        "TCP_CHECK {\nconnect_timeout 1.5\nconnect_port 81\nretry 2\n}",
        {"check": {"type": "tcp", "timeout": 1.5, "port": 81, "retry": 2}},
    ),
    (
        "SSL_GET {\nurl {\npath /up?a=b\nstatus_code 204\nvirtualhost www.example.com\n}\ndelay_before_retry 2\n}",
        {
            "check": {
                "type": "https",
                "path": "/up?a=b",
                "status": 204,
                "host": "www.example.com",
                "delay_before_retry": 2,
            }
        },
    ),
    (
        'MISC_CHECK {\nmisc_path "/bin/x y"\nmisc_timeout 3\n}',
        {"check": {"type": "misc", "script": "/bin/x y", "timeout": 3}},
    ),
    # Checks without a type stay as lines.
    (
        "HTTP_GET {\nurl {\npath /\ndigest 0a\n}\n}",
        {"lines": ["HTTP_GET {", "    url {", "        path /", "        digest 0a", "    }", "}"]},
    ),
    (
        "TCP_CHECK {\n}\nTCP_CHECK {\nconnect_port 1\n}",
        {"lines": ["TCP_CHECK {", "}", "TCP_CHECK {", "    connect_port 1", "}"]},
    ),
    ("TCP_CHECK {\nwarmup 1\n}", {"lines": ["TCP_CHECK {", "    warmup 1", "}"]}),
    ("MISC_CHECK {\nmisc_path a\n}", {"lines": ["MISC_CHECK {", "    misc_path a", "}"]}),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *VIRTUAL_SERVERS,
        *((virtual(real=lines), {"real_servers": [{**REAL, **keys}]}) for lines, keys in REAL_SERVERS),
        (virtual(port=" 81"), {"real_servers": [{**REAL, "port": 81}]}),
    ],
)
def test_virtual_servers(text, expected):
    found = translated(text).shared.variables
    assert found["keepalived_virtual_servers"] == [{**VIRTUAL, **expected}]
    assert "keepalived_extra_lines" not in found


@pytest.mark.parametrize("port", [" 0", ""])
def test_a_virtual_server_of_a_mark(port):
    text = virtual("protocol UDP", place="fwmark 7", port=port)
    (found,) = translated(text).shared.variables["keepalived_virtual_servers"]
    assert found == {"fwmark": 7, **{key: VIRTUAL[key] for key in ("scheduler", "method", "real_servers")}}


# Virtual servers that the role would print otherwise, or refuse.
UNTYPED = [
    virtual(place="group x"),
    virtual("weight 5"),
    virtual("ops"),
    virtual("lb_algo unknown"),
    virtual("delay_loop 5\ndelay_loop 6"),
    virtual("persistence_timeout"),
    virtual(port=""),
    virtual(real="weight $W"),
    virtual(real="weight 1\nweight 2"),
    virtual("quorum 9"),
    virtual("lb_kind DR", port=" 81"),
    virtual().replace("192.0.2.21", "web1"),
    virtual(place="192.0.2.10 0", port=" 0"),
]


@pytest.mark.parametrize("text", UNTYPED)
def test_virtual_servers_that_stay_as_lines(text):
    found = translated(text).shared.variables
    assert "keepalived_virtual_servers" not in found
    assert found["keepalived_extra_lines"][0].startswith("virtual_server ")


def test_a_virtual_server_that_is_there_twice_stays_as_lines():
    found = translated(virtual() + "\n" + virtual("alpha")).shared.variables
    assert found["keepalived_virtual_servers"] == [VIRTUAL]
    assert "    alpha" in found["keepalived_extra_lines"]


def test_comments_of_a_virtual_server_are_kept():
    found = translated(f"# one\n{virtual(real='# two', lines='delay_loop 6 # three')}").shared
    assert found.comments[("keepalived_virtual_servers", 0)] == ["one", "three", "two"]


MAIL = "notification_email {\nroot@example.com\nb@example.com\n}\nsmtp_server 192.0.2.25\n"
PEOPLE = {"to": ["root@example.com", "b@example.com"], "server": "192.0.2.25"}
ALERTS = [
    (MAIL, {**PEOPLE, "by_default": False}),
    (f"{MAIL}smtp_alert", PEOPLE),
    (f"{MAIL}smtp_alert true", PEOPLE),
    (f"{MAIL}smtp_alert off", {**PEOPLE, "by_default": False}),
    (f"{MAIL}smtp_alert".replace(".25", ".25 26"), {**PEOPLE, "port": 26}),
    (
        f"{MAIL}smtp_alert\nnotification_email_from a@example.com\nsmtp_connect_timeout 9\nsmtp_helo_name lb",
        {**PEOPLE, "from": "a@example.com", "timeout": 9, "helo": "lb"},
    ),
    # Nobody gets them without a server or an address.
    ("notification_email {\na@example.com\n}", None),
    ("smtp_server 192.0.2.25", None),
    (f"{MAIL}smtp_alert perhaps", None),
    (f"{MAIL}smtp_connect_timeout $T", None),
    (f"{MAIL}{MAIL}", None),
]


@pytest.mark.parametrize(("lines", "expected"), ALERTS)
def test_alerts_by_mail(lines, expected):
    found = translated(f"global_defs {{\nrouter_id x\n{lines}\n}}").shared.variables
    assert found.get("keepalived_smtp_alerts") == expected
    assert (found["keepalived_global_lines"] == ["router_id x"]) == (expected is not None)


@pytest.mark.parametrize(("line", "expected"), [("smtp_alert", True), ("smtp_alert no", False)])
def test_alerts_of_an_instance_need_a_receiver(line, expected):
    with_mail = f"global_defs {{\n{MAIL}}}\n"
    assert item(with_mail + instance(line), with_mail + instance(line, priority=99))["smtp_alert"] is expected
    assert item(instance(line), instance(line, priority=99))["lines"] == [line]


def test_alerts_of_an_instance_on_one_node_are_off_on_the_other():
    with_mail = f"global_defs {{\n{MAIL}}}\n"
    found = translated(with_mail + instance("smtp_alert"), with_mail + instance(priority=99))
    assert found.shared.variables["keepalived_instances"][0]["smtp_alert"] == "{{ vrrp_web_smtp_alert }}"
    assert [found.hosts[host].variables["vrrp_web_smtp_alert"] for host in ("lb1", "lb2")] == [True, None]


# Two texts that do the same.
SAME = [
    (virtual("lb_algo rr\ndelay_loop 6"), virtual("delay_loop 6.0\nlvs_sched rr\nprotocol TCP\nlb_kind NAT")),
    (virtual(real="weight 1\nTCP_CHECK {\n}", port=""), virtual(real="TCP_CHECK {\n}")),
    (virtual("sorry_server 192.0.2.30"), virtual("sorry_server 192.0.2.30 80")),
    (
        virtual(real="HTTP_GET {\nretry 1\nurl {\npath /\n}\n}"),
        virtual(real="HTTP_GET {\nurl {\npath /\n}\nretry 1\n}"),
    ),
    (
        "global_defs {\nsmtp_server 192.0.2.25\nsmtp_alert\n}",
        "global_defs {\nsmtp_alert on\nsmtp_server 192.0.2.25 25\n}",
    ),
    ("vrrp_instance a {\npriority 100\nversion 2\nadvert_int 1\n}", "vrrp_instance a {\n}"),
    (
        "global_defs {\nvrrp_version 3\n}\nvrrp_instance a {\nversion 3\n}",
        "global_defs {\nvrrp_version 3\n}\nvrrp_instance a {\n}",
    ),
    (
        "vrrp_instance a {\ninterface eth0\nvirtual_ipaddress {\n192.0.2.1/32 label x dev eth0\n}\n}",
        "vrrp_instance a {\nvirtual_ipaddress {\n192.0.2.1 label x\n}\ninterface eth0\n}",
    ),
    ('vrrp_script s {\nscript "/bin/x y"\n}', "vrrp_script s {\nscript /bin/x y\ninterval 1\n}"),
    (
        "vrrp_instance a {\nstate MASTER\npriority 9\n}",
        "vrrp_instance a {\nstate BACKUP\npriority 9\n}",
    ),
    ("vrrp_instance a {\nstate MASTER\n}", "vrrp_instance a {\npriority 255\nnopreempt\n}"),
    (
        "vrrp_instance a {\nvirtual_router_id 7\nuse_vmac\nvirtual_ipaddress {\n2001:db8::1/64\n}\n}",
        "vrrp_instance a {\nvirtual_router_id 7\nuse_vmac vrrp6.7\nvirtual_ipaddress {\n2001:db8::1/64\n}\n}",
    ),
    (
        "vrrp_instance a {\ninterface eth0\ntrack_interface {\neth0\neth0 weight 5\neth1\n}\n}",
        "vrrp_instance a {\ninterface eth0\ntrack_interface {\neth1\n}\n}",
    ),
    ("vrrp_instance a {\nauthentication {\nauth_pass a\n}\nversion 3\n}", "vrrp_instance a {\nversion 3\n}"),
    (
        "vrrp_instance a {\nuse_vmac b\nunicast_peer {\n192.0.2.12\n}\n}",
        "vrrp_instance a {\nuse_vmac name b\nvmac_xmit_base\nunicast_peer {\n192.0.2.12\n}\n}",
    ),
    (
        "vrrp_script s {\nweight 2\n}\nvrrp_instance a {\npriority 255\ntrack_script {\ns\nt\n}\n"
        "track_interface {\neth1 weight -5\n}\n}",
        "vrrp_script s {\nweight 2\n}\nvrrp_instance a {\npriority 255\ntrack_script {\nt\ns weight 9\n}\n}",
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_texts_that_do_the_same(one, other):
    assert list_differences(list_effects(read(one)), list_effects(read(other))) == []
    assert list_differences(list_effects(read(other)), list_effects(read(one))) == []


@pytest.mark.parametrize(
    "line",
    [
        "nopreempt",
        "advert_int 2",
        "use_vmac",
        "track_script {\nx\n}",
        "virtual_routes {\na\n}",
        "virtual_ipaddress {\n192.0.2.20\n}",
    ],
)
def test_a_missing_line_is_a_difference(line):
    assert list_differences(list_effects(read(instance(line))), list_effects(read(instance()))) != []


TWO_SERVERS = virtual("real_server 192.0.2.22 80 {\nweight 2\n}", "HTTP_GET {\nurl {\npath /a\n}\nurl {\npath /b\n}\n}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("weight 2", "weight 3"),
        ("real_server 192.0.2.22 80 {\nweight 2\n}", ""),
        ("192.0.2.21", "192.0.2.23"),
        ("path /a", "path /c"),
        ("path /b", "path /c"),
        ("HTTP_GET", "SSL_GET"),
        ("192.0.2.10 80", "192.0.2.10 81"),
        ("{\nreal", "{\nprotocol UDP\nreal"),
        ("{\nreal", "{\nlb_kind DR\nreal"),
        ("{\nreal", "{\nalpha\nreal"),
    ],
)
def test_another_virtual_server_is_a_difference(one, other):
    assert one in TWO_SERVERS
    changed = TWO_SERVERS.replace(one, other, 1)
    both = [list_effects(read(text)) for text in (TWO_SERVERS, changed)]
    assert list_differences(*both) + list_differences(*reversed(both)) != []


def test_an_owner_of_the_addresses_tracks_what_has_no_weight():
    line = "track_interface {\neth1\n}"
    one, other = instance(line, priority=255), instance(priority=255)
    assert list_differences(list_effects(read(one)), list_effects(read(other))) != []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("vrrp_script s {\nscript /bin/x\n}", ["script_user root"]),
        ("global_defs {\nscript_user x\n}\nvrrp_script s {\nscript /bin/x\n}", ["script_user x"]),
        ("vrrp_track_process p {\nprocess x\n}", None),
    ],
)
def test_scripts_keep_their_user(text, lines):
    assert translated(text).shared.variables.get("keepalived_global_lines") == lines


SCRIPT = "vrrp_script s {\nscript /bin/x\nweight 2\n}\n"
TRACKED = [
    (SCRIPT + instance("track_script {\ns\n}"), {"track_script": ["s"]}),
    (SCRIPT + instance("track_script {\ns weight 5\nmissing\n}"), {"track_script": ["s weight 5"]}),
    (instance("track_script {\nmissing\n}"), {}),
    # The role has no type for its title.
    (SCRIPT.replace("weight", "title") + instance("track_script {\ns\n}"), {"lines": ["track_script {", "    s", "}"]}),
]


@pytest.mark.parametrize(("text", "expected"), TRACKED)
def test_what_is_tracked(text, expected):
    (found,) = translated(text).shared.variables["keepalived_instances"]
    assert {key: found[key] for key in ("track_script", "lines") if key in found} == expected


@pytest.mark.parametrize(
    ("further", "accepted"),
    [
        ("track_script {\ns\n}", None),
        ("track_script {\ns\n}\nnopreempt", True),
        ("track_script {\ns weight 1\n}", True),
    ],
)
def test_weights_that_move_nothing_are_accepted_and_named(further, accepted):
    found = translated(SCRIPT + instance(further, priority=100), SCRIPT + instance(further, priority=99)).shared
    assert found.variables.get("keepalived_accept_weights") == accepted
    notes = [remark.text for remark in found.remarks if "keepalived_accept_weights" in remark.text]
    assert len(notes) == (accepted is True)


PASSWORD = "authentication {\nauth_type PASS\nauth_pass secret\n}\n"


@pytest.mark.parametrize(
    "further",
    [
        ("track_script {\ns\n}\nnopreempt", "track_script {\ns\n}\nnopreempt"),
        # What differs between the nodes is looked at on each of them.
        ("track_script {\ns\n}", "track_script {\ns\n}\nnopreempt"),
        ("track_script {\ns weight 5\n}", "track_script {\ns weight 1\n}"),
    ],
)
def test_weights_are_accepted_beside_passwords_and_lines_that_differ(further):
    sources = ("mcast_src_ip 192.0.2.1\n", "mcast_src_ip 192.0.2.2\n")
    texts = [
        SCRIPT + instance(PASSWORD + source + lines, priority=number)
        for source, lines, number in zip(sources, further, (100, 99))
    ]
    assert translated(*texts).shared.variables["keepalived_accept_weights"] is True


def test_weights_are_accepted_of_a_script_that_differs_between_the_nodes():
    track = instance("track_script {\ns\n}\nnopreempt")
    found = translated(SCRIPT + track, SCRIPT.replace("weight 2", "weight 3") + track)
    assert "keepalived_scripts" not in found.shared.variables
    assert found.shared.variables["keepalived_accept_weights"] is True


def test_a_weight_of_a_node_alone_is_none_of_the_other():
    found = translated(SCRIPT + instance(PASSWORD + "track_script {\ns\n}"), SCRIPT + instance(PASSWORD, priority=99))
    assert "keepalived_accept_weights" not in found.shared.variables


OWNERS = [
    ("", set()),
    ("preempt_delay 5", set()),
    ("nopreempt", {"keepalived_accept_address_owner"}),
    ("track_script {\ns\n}", {"keepalived_accept_weights"}),
    ("nopreempt\ntrack_script {\ns\n}", {"keepalived_accept_address_owner", "keepalived_accept_weights"}),
]


@pytest.mark.parametrize(("further", "accepted"), OWNERS)
def test_an_owner_of_the_addresses_is_accepted_and_named(further, accepted):
    found = translated(SCRIPT + instance(further, priority=255), SCRIPT + instance(further, priority=100)).shared
    assert {name for name in found.variables if "_accept_" in name} == accepted
    assert len([remark for remark in found.remarks if "_accept_" in remark.text]) == len(accepted)


def test_an_owner_of_the_addresses_has_the_preemption_of_the_others():
    (found,) = translated(instance(priority=255), instance("nopreempt")).shared.variables["keepalived_instances"]
    assert found["preempt"] is False


def test_a_master_without_a_priority_has_that_of_an_owner():
    lines = [instance(state=state).replace("    priority 100\n", "") for state in ("BACKUP", "MASTER")]
    found = translated(*lines)
    assert found.order == ["lb2", "lb1"]
    assert found.shared.variables["keepalived_instances"][0]["priorities"] == [255, 100]


def test_a_single_node_is_accepted():
    assert translated(instance()).shared.variables["keepalived_accept_single_node"] is True
