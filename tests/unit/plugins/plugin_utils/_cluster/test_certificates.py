# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates a node gets from which other node."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._cluster.certificates import find_missing


def store(node, **ends):
    """What a node has; C(www='2027') is a certificate that ends then, C('') one that has ended."""
    certificates = [{"name": name, "expires": end or "2020", "valid": bool(end)} for name, end in ends.items()]
    return {"__node": node, "certificates": certificates}


GONE = {"__node": "lb3", "unreachable": True}


@pytest.mark.parametrize(
    ("stores", "fetched"),
    [
        ([store("lb1", www="2027", api="2027"), store("lb2")], {"lb1": ["api", "www"]}),
        ([store("lb1", www="2027"), store("lb2", www="2027")], {}),
        # Its own is never replaced while it is valid.
        ([store("lb1", www="2029"), store("lb2", www="2027")], {}),
        ([store("lb1", www="2027"), store("lb2", www="")], {"lb1": ["www"]}),
        ([store("lb1", www=""), store("lb2")], {}),
        ([store("lb1", www="2027"), store("lb3", www="2028", api="2027"), store("lb2")], {"lb3": ["api", "www"]}),
        ([store("lb1", www="2029"), store("lb3", api="2027"), store("lb2")], {"lb1": ["www"], "lb3": ["api"]}),
        ([GONE, store("lb1", www="2027"), store("lb2")], {"lb1": ["www"]}),
        ([GONE, store("lb2", www="2027")], {}),
        ([store("lb1"), store("lb2")], {}),
        ([], {}),
    ],
)
def test_a_node_gets_what_it_lacks_from_where_it_is_valid_for_longest(stores, fetched):
    assert {item["node"]: item["names"] for item in find_missing(stores, "lb2")} == fetched
