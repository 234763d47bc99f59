# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.model import build_blocks
from samples.keepalived import SIX, declaration, found, instance, mistaken, vip

VMAC = {"use_vmac": True}
ALONE = {"second_chance": False}
SIXTH = vip("2001:db8::10/64")

# the instances, further keys of the declaration, the directives of the first, its addresses when keepalived has ended
PRINTED = [
    ([instance()], {}, [], ["192.0.2.10/24 dev eth0"]),
    ([instance(**VMAC)], ALONE, ["use_vmac vrrp.51", "vmac_xmit_base"], ["192.0.2.10/24 dev vrrp.51"]),
    ([instance(SIXTH, **VMAC)], {**ALONE, "nodes": SIX}, ["use_vmac vrrp6.51", "vmac_xmit_base"], None),
    ([instance(unicast=False, **VMAC)], ALONE, ["use_vmac vrrp.51"], None),
    ([instance(unicast=False, vmac_xmit_base=True, **VMAC)], ALONE, ["use_vmac vrrp.51", "vmac_xmit_base"], None),
    (
        [instance(vmac_name="web0", vmac_addr="02:00:5e:00:53:33", **VMAC)],
        ALONE,
        ["use_vmac web0 02:00:5e:00:53:33", "vmac_xmit_base"],
        ["192.0.2.10/24 dev web0"],
    ),
    (
        [
            instance(
                vip("192.0.2.10/24"),
                vip("198.51.100.10/25", dev="eth0.7"),
                virtual_ipaddress_excluded=["192.0.2.12/24 dev eth0 label a"],
                **VMAC,
            )
        ],
        ALONE,
        None,
        ["192.0.2.10/24 dev vrrp.51", "198.51.100.10/25 dev eth0.7", "192.0.2.12/24 dev vrrp.51"],
    ),
    ([instance(lines=["use_vmac"])], ALONE, [], ["192.0.2.10/24 dev vrrp.51"]),
    ([instance(lines=["use_vmac web0 02:00:5e:00:53:33"])], ALONE, [], ["192.0.2.10/24 dev web0"]),
    ([instance(lines=["use_vmac 02:00:5e:00:53:33"])], ALONE, [], ["192.0.2.10/24 dev vrrp.51"]),
    ([instance(lines=["use_vmac web1"], vmac_name="web0", **VMAC)], ALONE, None, ["192.0.2.10/24 dev web1"]),
    ([instance(**VMAC), instance(SIXTH, name="six", **VMAC)], {**ALONE, "nodes": SIX}, None, None),
    (
        [
            instance(nodes=["lb1", "lb2"], **VMAC),
            instance(SIXTH, name="b", nodes=["lb2", "lb3"], vmac_name="vrrp.51", **VMAC),
        ],
        ALONE,
        None,
        None,
    ),
]


@pytest.mark.parametrize(("instances", "keys", "directives", "held"), PRINTED)
def test_directives_and_addresses(instances, keys, directives, held):
    block = build_blocks(declaration(instances, **keys))["instances"][0]
    if directives is not None:
        assert [line for line in block["head"] if "vmac" in line] == directives
    if held is not None:
        assert block["held"] == held


def test_an_address_on_the_interface_is_printed_with_it():
    """keepalived puts it on the interface of the virtual MAC address all the same."""
    (block,) = build_blocks(declaration([instance(**VMAC)], **ALONE))["instances"]
    assert block["blocks"]["virtual_ipaddress"] == ["192.0.2.10/24 dev eth0"]


# what is wrong, the instances, further keys of the declaration, what the problem says
BAD = [
    ("a name without it", [instance(vmac_name="web0")], {}, ["vmac_name is set and use_vmac is not"]),
    ("an address without it", [instance(vmac_addr="02:00:5e:00:53:33")], {}, ["vmac_addr is set and use_vmac is not"]),
    ("adverts without it", [instance(vmac_xmit_base=True)], {}, ["vmac_xmit_base is set and use_vmac is not"]),
    ("a long name", [instance(vmac_name="web-virtual-0001", **VMAC)], ALONE, ["vmac_name is 'web-virtual-0001'"]),
    ("a path", [instance(vmac_name="a/b", **VMAC)], ALONE, ["vmac_name is 'a/b': at most 15 letters"]),
    ("its own interface", [instance(vmac_name="eth0", **VMAC)], ALONE, ["'eth0', the interface of the instance"]),
    ("multicast", [instance(vmac_addr="01:00:5e:00:01:33", **VMAC)], ALONE, ["vmac_addr is '01:00:5e:00:01:33'"]),
    ("five octets", [instance(vmac_addr="02:00:5e:00:53", **VMAC)], ALONE, ["a MAC address of one host is needed"]),
    ("dashes", [instance(vmac_addr="02-00-5e-00-53-33", **VMAC)], ALONE, ["such as 00:00:5e:00:01:33"]),
    ("unicast", [instance(vmac_xmit_base=False, **VMAC)], ALONE, ["vmac_xmit_base is false with unicast true"]),
    ("second chance", [instance(**VMAC)], {}, ["use_vmac is set with the second chance", "to false"]),
    ("second chance, in lines", [instance(lines=["use_vmac"])], {}, ["use_vmac is set with the second chance"]),
    (
        "anycast",
        [instance(virtual_ipaddress=[], version=2, anycast=["198.51.100.80/32"], **VMAC)],
        {},
        ["use_vmac is set with anycast addresses"],
    ),
    (
        "one name twice",
        [instance(**VMAC), instance(vip("192.0.2.20/24"), name="b", virtual_router_id=52, vmac_name="vrrp.51", **VMAC)],
        ALONE,
        ["the vmac_name vrrp.51 is used 2 times"],
    ),
]


@pytest.mark.parametrize(("instances", "keys"), [(row[0], row[1]) for row in PRINTED])
def test_accepted(instances, keys):
    assert [problem for problem in found(instances, **keys) if "vmac" in problem] == []


@pytest.mark.parametrize(("instances", "keys", "parts"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_refused(instances, keys, parts):
    assert mistaken(found(instances, **keys), parts) == []
