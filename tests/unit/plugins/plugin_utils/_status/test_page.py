# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a cluster: all of it is there, and nothing of it comes from elsewhere or can run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.page import build_page
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._status.report import build_report
from samples.cluster import cluster, haproxy, instance, keepalived, server, web_server
from samples.drill import EVIL


class Page(HTMLParser):
    """The tags of a page, and the texts of its boxes by their names."""

    def __init__(self, source):
        super().__init__()
        self.tags = []
        self.boxes = {}
        self.kind = self.name = None
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        kind = dict(attrs).get("class") or ""
        if tag == "li":
            self.kind, self.name = (kind, "") if kind.startswith("box") else (None, None)

    def handle_data(self, data):
        if self.kind is not None and not self.name:
            self.name = data
            self.boxes[data] = (self.kind.removeprefix("box").strip(), "")
        elif self.kind is not None:
            self.boxes[self.name] = (self.boxes[self.name][0], self.boxes[self.name][1] + data)

    def handle_endtag(self, tag):
        if tag == "li":
            self.kind = None


def page(**hosts):
    return build_page(build_report({**cluster(), **hosts}), "Staging", 1.8e9, "/playbooks", ["/inventory"])


def test_the_picture_of_a_cluster_that_is_well():
    boxes = Page(page()).boxes
    assert boxes["192.0.2.10"] == ("holder", "web, held by lb1")
    assert boxes["lb1"] == ("holder", "holds web")
    assert boxes["lb2"] == ("standby", "standby")
    assert boxes["web1"] == ("up", "in rotation")
    assert "No problems found" in page()


@pytest.mark.parametrize(
    ("changed", "name", "kind", "text"),
    [
        ({"haproxy": haproxy(running=False)}, "lb2", "down", "haproxy is stopped"),
        (
            {"keepalived": keepalived("lb2", instances=[instance(state="FAULT", priority=244)])},
            "lb2",
            "down",
            "web is in FAULT",
        ),
        ({"keepalived": {"unreachable": True, "msg": "no route"}}, "lb2", "down", "unreachable"),
        (
            {"haproxy": haproxy(servers=[server("web1", state="drain"), server("web2")])},
            "web1",
            "out",
            "taken out of rotation on lb2",
        ),
        (
            {"haproxy": haproxy(servers=[server("web1", in_rotation=False), server("web2")])},
            "web1",
            "down",
            "down on lb2",
        ),
    ],
)
def test_the_picture_of_one_that_is_not(changed, name, kind, text):
    node = {"keepalived": keepalived("lb2"), "haproxy": haproxy(), **changed}
    assert Page(page(lb2=node)).boxes[name] == (kind, text)


def test_findings_have_remedies_and_commands():
    source = page(lb2={"keepalived": keepalived("lb2"), "haproxy": haproxy(running=False)})
    assert "lb2: haproxy does not run" in source
    assert "systemctl start haproxy; journalctl --unit haproxy" in source
    assert "ansible lb2 -i /inventory --become --args 'systemctl start haproxy'" in source


def test_the_time_line_has_every_change_of_a_holder():
    def moved(state, *moments):
        entered = [{"state": "MASTER", "seconds_ago": moment} for moment in moments]
        return [instance(state=state, priority=254, entered=entered)]

    source = page(
        lb1={"keepalived": keepalived("lb1", instances=moved("MASTER", 3000, 60)), "haproxy": haproxy()},
        lb2={"keepalived": keepalived("lb2", instances=moved("BACKUP", 600)), "haproxy": haproxy()},
    )
    assert re.findall(r"<title>(lb\d, from .*?)</title>", source) == [
        "lb1, from 50 min ago",
        "lb2, from 10 min ago",
        "lb1, from 60 s ago",
    ]


def test_a_page_needs_nothing_but_itself():
    addresses = [
        value for _tag, attributes in Page(page()).tags for key, value in attributes.items() if key in ("href", "src")
    ]
    assert addresses == ["data:,"]
    assert "default-src 'none'" in page()
    assert not re.search(r"url\(|@import|<script", page())


def test_no_text_becomes_markup_wherever_it_comes_from():
    evil = {"lb2": {"keepalived": keepalived("lb2", version=EVIL), "haproxy": haproxy(servers=[server(EVIL)])}}
    source = build_page(build_report({**cluster(), **evil, EVIL: web_server(running=False)}), EVIL)
    assert {name for name, _attributes in Page(source).tags} & {"script", "iframe"} == set()
    assert source.count("&lt;script") > 3
