"""What HAProxy can do can be said with the role's variables, and the haproxy of the host accepts it without a
warning."""

from __future__ import annotations

import pytest
from certificates import certificate
from conftest import LOAD_BALANCERS
from language import outcomes, rows

pytestmark = pytest.mark.long
ROWS = rows("haproxy")


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> list[dict]:
    """What came of every row; C(certificate) is a certificate with its key, C(authority) that without."""
    whole = certificate("www.example.com")
    variables = {"certificate": whole, "authority": whole[whole.index("-----BEGIN CERTIFICATE") :]}
    return outcomes("haproxy", ROWS, LOAD_BALANCERS, tmp_path_factory.mktemp("language"), variables, derived=False)


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row["story"] for row in ROWS])
def test_haproxy_accepts_it_without_a_warning(said, number):
    row = said[number]
    assert row["refusal"] == ""
    assert [finding for finding in row["findings"] if finding["severity"] != "notice"] == []
    text = row["files"]["haproxy.cfg"]
    assert [words for words in row["prints"] if words not in text] == [], text
    assert [words for words in row["hides"] if words in text] == [], text
