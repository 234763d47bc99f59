# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived.conf says of its instances."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import Host
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.conf import parse
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.setup import (
    list_watched_files,
    longest_silence,
    scripts,
    setup,
)

TEXT = """
track_file haproxy {
    file /run/keepalived-track/haproxy
    weight 0
}
vrrp_script slow {
    script "/usr/bin/true"
    weight -20
    interval 2
    fall 3
}
vrrp_script patient {
    script "/usr/bin/true"
    timeout 5
}
vrrp_sync_group all {
    group {
        web6
    }
}
vrrp_instance web {
    interface eth0
    virtual_router_id 51
    version 3
    priority 254
    nopreempt
    advert_int 0.05
    down_timer_adverts 6
    unicast_src_ip 192.0.2.11
    unicast_peer {
        192.0.2.12
        192.0.2.13
    }
    virtual_ipaddress {
        192.0.2.10/24 dev eth1
    }
    virtual_ipaddress_excluded {
        2001:DB8:0::9/128
    }
    track_script {
        slow
    }
}
vrrp_instance web6 {
    interface eth0
    virtual_router_id 51
    track_script {
        slow
    }
}
"""


@pytest.fixture
def whole(tmp_path):
    (tmp_path / "keepalived.conf").write_text(TEXT)
    return parse(str(tmp_path / "keepalived.conf"), Host())


def test_an_instance_that_says_everything(whole):
    assert setup(whole)[0] == {
        "name": "web",
        "interface": "eth0",
        "virtual_router_id": 51,
        "vrrp_version": 3,
        "priority": 254,
        "preempt": False,
        "advert_int": 0.05,
        "down_timer_adverts": 6,
        "source": "192.0.2.11",
        "peers": ["192.0.2.12", "192.0.2.13"],
        "addresses": [{"address": "192.0.2.10", "interface": "eth1"}, {"address": "2001:db8::9", "interface": "eth0"}],
        "weights": [-20],
        "sync_group": "",
    }


def test_an_instance_that_leaves_out_what_it_can(whole):
    """Its weights do not count, because it is in a group."""
    assert setup(whole)[1] == {
        "name": "web6",
        "interface": "eth0",
        "virtual_router_id": 51,
        "vrrp_version": 2,
        "priority": 100,
        "preempt": True,
        "advert_int": 1.0,
        "down_timer_adverts": 3,
        "source": "",
        "peers": [],
        "addresses": [],
        "weights": [],
        "sync_group": "all",
    }


def test_how_long_a_backup_waits(whole):
    assert [round(longest_silence(instance), 2) for instance in setup(whole)] == [0.35, 4.0]


def test_the_files_that_are_watched(whole):
    assert list_watched_files(whole) == ["/run/keepalived-track/haproxy"]


def test_the_check_scripts(whole):
    assert scripts(whole) == [
        {"name": "slow", "interval": 2.0, "timeout": 2.0, "fall": 3},
        {"name": "patient", "interval": 1.0, "timeout": 5.0, "fall": 1},
    ]
