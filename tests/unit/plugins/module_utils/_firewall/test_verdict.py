# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which peers' adverts a host keeps out."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._firewall.verdict import find_refusals


def host(argv):
    """A host that drops everything that is IPv4."""
    return (0, "-P INPUT DROP\n", "") if argv[0] == "iptables" else (0, "", "")


INSTANCE = {"source": "192.0.2.11", "interface": "eth0", "peers": [], "addresses": []}


@pytest.mark.parametrize(
    ("instance", "peers"),
    [
        ({"peers": ["192.0.2.12", "192.0.2.13"]}, ["192.0.2.12", "192.0.2.13"]),
        ({}, ["any"]),
        ({"source": "2001:db8::11", "peers": ["2001:db8::12"]}, []),
        ({"source": "2001:db8::11"}, []),
        ({"source": "", "addresses": [{"address": "2001:db8::10"}]}, []),
    ],
)
def test_every_peer_is_asked_for_and_multicast_once(instance, peers):
    assert list(find_refusals(host, {**INSTANCE, **instance})) == peers


def test_a_host_without_firewall_programs_keeps_nothing_out():
    def missing(argv):
        raise FileNotFoundError(argv[0])

    assert find_refusals(missing, INSTANCE) == {}
