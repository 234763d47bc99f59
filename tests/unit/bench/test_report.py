"""The report: what a reader is told of the records of a run."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from bench import report
from bench.chart import linear
from bench.measured_faults import FAULTS
from bench.plots import plots
from bench.records import Records
from bench.spread import Spread, doubts, spread
from bench.table import PARTS, fault_cell, markdown, short, short_cell

FAULT = {fault.title: fault for fault in FAULTS}
RECORD = {
    "outage_ms": 0.0,
    "lost": 8,
    "slowest_ms": 9.0,
    "two_owners_ms": 0.0,
    "healing_two_owners_ms": 0.0,
    "healing_lost": 0,
    "over": True,
    "noisy": False,
}
HEADER = {
    "cpu": "<cpu>",
    "cores": 2,
    "memory_gib": 4,
    "kernel": "6.1",
    "release": "bookworm",
    "packages": "haproxy 2",
    "ansible": "ansible 2",
}


def outages(*milliseconds: float, **more: object) -> list[dict]:
    return [{**RECORD, "outage_ms": value, **more} for value in milliseconds]


@pytest.mark.parametrize(
    ("fault", "records", "cell"),
    [
        ("host dead", outages(280, 270, 290), "280 [270\N{EN DASH}290] ms, 8 requests lost"),
        ("host dead", outages(280, noisy=True), "280 ms, 8 requests lost **(noisy 1/1)**"),
        ("host dead", [*outages(280), {"error": "not well"}], "280 ms, 8 requests lost **(failed 1/2)**"),
        ("host dead", [{"error": "not well"}], "\N{EN DASH} **(failed 1/1)**"),
        ("host dead", [], "\N{EN DASH}"),
        ("host dead", outages(280, healing_lost=3), "280 ms, 8 requests lost; 3 lost while healing"),
        ("haproxy hung (SIGSTOP)", outages(8000, over=False), "not over after 8 s (1/1), 8,000 ms, 8 requests lost"),
        (
            "keepalived killed (-9, all processes)",
            outages(300, two_owners_ms=1700.0),
            "two holders for 1,700 ms, 300 ms, 8 requests lost, slowest 9 ms",
        ),
        (
            "VRRP blocked, then healed",
            outages(20, healing_two_owners_ms=90.0),
            "two holders for 90 ms after the repair, 8 requests lost, slowest 9 ms",
        ),
        ("web server's host dead", outages(20, lost=0), "0 requests lost, slowest 9 ms"),
    ],
)
def test_a_cell_says_what_clients_saw(fault, records, cell):
    assert fault_cell(FAULT[fault], records) == cell


def test_what_failed_has_no_part_in_the_median():
    assert spread([{"x": 1}, {"error": "no"}, {"x": 3}], "x") == Spread(2, 1, 3)
    assert spread([{"error": "no"}], "x") is None


def test_doubts_are_never_dropped():
    assert doubts([{"noisy": True}, {"error": "no"}]) == " **(noisy 1/2, failed 1/2)**"
    assert doubts([{"noisy": False}]) == ""


@pytest.mark.parametrize("highest", [0.4, 1, 7, 95, 28000])
def test_marks_reach_nearly_to_the_highest_value(highest):
    marks = linear(highest, str).marks
    assert 3 <= len(marks) <= 7
    assert 0.6 * highest <= marks[-1] <= highest


@pytest.fixture
def records(tmp_path):
    """A run that has measured one fault and has failed at the rest."""
    found = Records(tmp_path / "results.jsonl", "a1b2c3d")
    found.begin(**HEADER)
    found.add("failover", {"round": 1, "side": "ours", "fault": "host dead"}, **outages(280)[0])
    found.add("failover", {"round": 1, "side": "guides", "fault": "host dead"}, error="no")
    moved = {"moves": 2, "no_holder_ms": 40.0, "answered": 79.0, "slowest_ms": 900.0}
    found.add("overload", {"round": 1, "side": "guides", "load": "6,000 idle connections"}, **moved)
    found.add("overload", {"round": 1, "side": "ours", "load": "6,000 idle connections"}, error="no")
    found.add("throughput", {"round": 1, "target": "ours", "mode": "HTTP/2"}, error="no")
    found.add("servers", {"round": 1, "servers": 100}, error="no")
    found.add("ansible", {"round": 1, "run": "first", "web_servers": 3}, error="no")
    found.add("anycast", {"round": 1, "side": "vip", "nodes": 3, "fault": "host dead"}, error="no")
    return found


def test_a_run_that_failed_nearly_everywhere_is_reported_all_the_same(records):
    text = markdown(records)
    assert "| host dead | \N{EN DASH} **(failed 1/1)** | 280 ms, 8 requests lost | \N{EN DASH} |" in text
    moved = "moved 2 times, 79.0 % answered, no holder for 40 ms, slowest 900 ms"
    assert f"| 6,000 idle connections | {moved} | \N{EN DASH} **(failed 1/1)** |" in text
    assert text.count("**(failed 1/1)**") == 6
    assert text.count("- Rounds: 1, of the collection at a1b2c3d\n") == 6


def test_plots_are_well_formed(records):
    drawn = plots(records)
    assert sorted(drawn) == ["ansible.svg", "failover.svg", "overload.svg", "throughput.svg"]
    for text in drawn.values():
        ElementTree.fromstring(text)
    assert "280 ms" in drawn["failover.svg"]


BEFORE = "".join(f"<!-- {part} -->\nold {part}\n<!-- end of {part} -->\n" for part in PARTS)


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """The two pages that show figures, with those of a run before."""
    found = {}
    for name, file in {"PAGE": "benchmark.md", "FIRST_PAGE": "README.md"}.items():
        found[name] = tmp_path / file
        found[name].write_text(f"Before\n\n{BEFORE}After\n")
        monkeypatch.setattr(report, name, found[name])
    return found


@pytest.mark.parametrize("name", ["PAGE", "FIRST_PAGE"])
def test_a_page_shows_the_run_in_place_of_the_one_before(records, pages, name):
    report.publish(records)
    text = pages[name].read_text()
    assert text.startswith("Before\n\n<!-- failover -->\n\n")
    assert text.endswith("\n<!-- end of anycast -->\nAfter\n")
    assert "old failover" not in text
    report.publish(records)
    assert pages[name].read_text() == text


def test_a_part_that_was_not_measured_keeps_its_figures(pages, tmp_path):
    one = Records(tmp_path / "one.jsonl", "d4e5f6a")
    one.begin(**HEADER)
    one.add("servers", {"round": 1, "servers": 100}, error="no")
    report.publish(one)
    text = pages["PAGE"].read_text()
    assert [part for part in PARTS if f"\nold {part}\n" not in text] == ["servers"]
    assert "collection at d4e5f6a" in text
    assert pages["FIRST_PAGE"].read_text() == f"Before\n\n{BEFORE}After\n"


def test_the_long_page_has_the_plots(records, pages, tmp_path):
    report.publish(records)
    assert "![failover.svg](benchmark/failover.svg)" in pages["PAGE"].read_text()
    assert (tmp_path / "benchmark/failover.svg").exists()


def test_the_first_page_has_one_figure_of_each_fault(records, pages):
    report.publish(records)
    assert "| host dead | \N{EN DASH} | 280 ms |" in pages["FIRST_PAGE"].read_text()


@pytest.mark.parametrize(
    ("page", "parts"), [("README.md", ["failover"]), ("docs/explanation/benchmark.md", list(PARTS))]
)
def test_the_pages_have_a_place_for_figures(page, parts):
    text = (report.ROOT / page).read_text(encoding="utf-8")
    assert [part for part in PARTS if len(report.place(part).findall(text)) == 1] == parts


@pytest.mark.parametrize(
    ("fault", "records", "cell"),
    [
        ("host dead", outages(280, 270, 1290), "280 ms"),
        ("host dead", [*outages(1234.5), {"error": "not well"}], "1,234 ms"),
        ("host dead", [{"error": "not well"}], "\N{EN DASH}"),
        ("haproxy hung (SIGSTOP)", outages(8000, over=False), "not over after 8 s"),
        ("web server's host dead", outages(20, lost=0), "0 requests lost"),
    ],
)
def test_a_short_cell_says_the_first_figure_alone(fault, records, cell):
    assert short_cell(FAULT[fault], records) == cell


def test_a_short_table_has_the_faults_that_were_measured():
    table = short([{**RECORD, "side": "ours", "fault": "host dead"}])
    assert len(table) == 3
    assert table[0] == "| what happens | guides' configuration | evenkeel.ha_web |"
