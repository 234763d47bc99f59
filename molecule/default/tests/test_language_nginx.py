"""What nginx can do can be said with the role's variables, and the nginx of the host accepts it."""

from __future__ import annotations

import pytest
from certificates import certificate
from conftest import WEB_SERVERS
from language import fits, outcomes, rows

pytestmark = pytest.mark.long
ROWS = rows("nginx")


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> list[dict]:
    """What came of every row; C(certificate) is a certificate with its key."""
    folder = tmp_path_factory.mktemp("language")
    return outcomes("nginx", ROWS, WEB_SERVERS[:2], folder, {"certificate": certificate("www.example.com")})


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row["story"] for row in ROWS])
def test_nginx_accepts_it(said, number):
    fits(said[number])


def test_the_distributions_site_is_on_disk_and_not_in_the_configuration(web_server):
    assert web_server.file("/etc/nginx/sites-enabled/default").exists
    assert "sites-enabled" not in web_server.check_output("nginx -T")
