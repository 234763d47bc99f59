"""What keepalived can do can be said with the role's variables, and the keepalived of the host accepts it."""

from __future__ import annotations

import pytest
from cluster import lab_host
from conftest import LOAD_BALANCERS
from language import fits, outcomes, rows

pytestmark = pytest.mark.long
ROWS = rows("keepalived")
ADDRESSES = {"lb1": "2001:db8::11/64", "lb2": "2001:db8::12/64"}


@pytest.fixture(scope="module")
def ipv6() -> None:
    """The hosts have IPv6 addresses for the time of this module, as the rows expect."""
    for name, address in ADDRESSES.items():
        lab_host(name).check_output("sysctl --quiet --write net.ipv6.conf.eth0.disable_ipv6=0")
        lab_host(name).check_output("ip address add %s dev eth0 nodad", address)
    yield
    for name, address in ADDRESSES.items():
        lab_host(name).check_output("ip address delete %s dev eth0", address)


@pytest.fixture(scope="module")
def said(ipv6, tmp_path_factory) -> list[dict]:
    """What came of every row."""
    return outcomes("keepalived", ROWS, LOAD_BALANCERS, tmp_path_factory.mktemp("language"), {})


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row["story"] for row in ROWS])
def test_keepalived_accepts_it(said, number):
    fits(said[number])
