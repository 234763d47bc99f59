"""The page of the cluster's state, in a browser: on light and dark screens and on a phone, and it asks nobody."""

from __future__ import annotations

import subprocess

import pytest
from browser import browser
from cluster import holders
from conftest import LOAD_BALANCERS, WEB_SERVERS
from controller import ROOT, good, playbook

pytestmark = pytest.mark.once
BOXES = (
    "return Object.fromEntries([...document.querySelectorAll('.box')].map(box => [box.querySelector('b').innerText, "
)
FITS = "return document.documentElement.scrollWidth <= window.innerWidth"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of the cluster as it is."""
    file = tmp_path_factory.mktemp("page") / "cluster.html"
    good(playbook("check_cluster", check_cluster_html=file, check_cluster_title="The lab"))
    return file


@pytest.fixture(scope="module")
def window(page):
    """A browser that shows it."""
    subprocess.run([ROOT / "tests/lab/browser"], check=True, capture_output=True)
    with browser() as found:
        found.open(page)
        yield found


def test_the_picture_shows_who_holds_the_vip_and_who_serves(window, vip):
    (holder,) = holders(LOAD_BALANCERS, vip)
    (standby,) = set(LOAD_BALANCERS) - {holder}
    boxes = window.run(f"{BOXES}box.className]))")
    assert boxes[vip] == "box holder"
    assert (boxes[holder], boxes[standby]) == ("box holder", "box standby")
    assert [boxes[name] for name in WEB_SERVERS] == ["box up"] * 3
    assert window.run("return document.querySelector('h1').innerText") == "The lab"
    assert "No problems found" in window.run("return document.querySelector('.verdict').innerText")
    assert window.run("return document.querySelectorAll('svg.chart rect').length") >= 1


@pytest.mark.parametrize("width", [1100, 390])
def test_it_fits_the_screen(window, width):
    window.command(
        "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
    )
    assert window.run(FITS)
    assert window.run(
        "return [...document.querySelectorAll('.box')].every(box => box.getBoundingClientRect().right <= innerWidth)"
    )


def test_it_is_light_or_dark_and_asks_nobody(window, page):
    colours = []
    for scheme in ("light", "dark"):
        window.prefer(scheme)
        colours.append(window.run("return getComputedStyle(document.body).backgroundColor"))
    assert len(set(colours)) == 2
    assert [address for address in window.requested() if address not in (page.as_uri(), "data:,")] == []
    assert window.complaints() == []
