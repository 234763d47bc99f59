# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a host as a text, in which nothing is secret."""

from __future__ import annotations

import json

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed import diagnostics
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed.manifest import MANIFEST


@pytest.fixture
def top(tmp_path):
    directory = tmp_path / "haproxy"
    directory.mkdir()
    files = {
        "haproxy.cfg": "frontend web\n  stats auth admin:Ruderalflora\n",
        "web.pem": "-----BEGIN PRIVATE KEY-----\nRuderalflora\n-----END PRIVATE KEY-----\n",
        "token.txt": "Ruderalflora\n",
    }
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    (directory / "foreign.txt").write_text("Ruderalflora", encoding="utf-8")
    declared = {"files": [*files, "gone.cfg"], "sensitive": ["token.txt"]}
    (directory / MANIFEST).write_text(json.dumps(declared), encoding="utf-8")
    return tmp_path


def test_files_are_there_without_their_secrets(top):
    text = diagnostics.describe_host(lambda argv: (0, "", ""), top)
    assert "frontend web\n  stats auth admin:********" in text
    assert f"=== {top}/haproxy/token.txt\n(sensitive, left out)" in text
    assert "foreign" not in text
    assert "Ruderalflora" not in text


def test_output_of_commands_is_masked_and_their_failure_is_said(tmp_path):
    text = diagnostics.describe_host(lambda argv: (1, "password Ruderalflora\n", "no\n"), tmp_path)
    assert "=== uptime\npassword ********\nno\n(exit code 1)\n" in text


def test_a_program_that_is_missing_is_left_out(tmp_path):
    def run(argv):
        return (127, "", "no such file") if argv[2] == "haproxy" else (0, "said", "")

    text = diagnostics.describe_host(run, tmp_path)
    assert "=== haproxy -vv" not in text
    assert "=== ip address\nsaid" in text


def test_a_long_section_is_cut_in_its_middle(tmp_path, monkeypatch):
    monkeypatch.setattr(diagnostics, "MOST", 10)
    text = diagnostics.describe_host(lambda argv: (0, f"begin{'x' * 50}enden", ""), tmp_path)
    assert "begin\n(50 characters left out)\nenden" in text
