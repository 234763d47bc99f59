# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.finding import Verdict
from ansible_collections.evenkeel.ha_web.plugins.modules import haproxy_validate
from module_arguments import module_arguments

# Behaves like haproxy 3.0 does with these configurations.
HAPROXY = """#!/bin/sh
case "$1" in -v) echo "HAProxy version 3.0.11-1+deb13u5 2026/11/18 - https://haproxy.org/"; exit 0;; esac
echo "$3" >> "${0%/*}/checked"
say() { echo "[$1]    (958) : config : $2" >&2; }
say NOTICE "haproxy version is 3.0.11-1+deb13u5"
if grep -q bogus "$3"; then
    say ALERT "parsing [$3:2] : unknown keyword 'bogus' in 'global' section"
    say ALERT "Error(s) found in configuration file : $3"
    exit 1
fi
if grep -q slow "$3"; then say WARNING "parsing [$3:1] : this is slow."; fi
echo "Configuration file is valid"
"""
GOOD, SLOW, BAD = "global\n", "global # slow\n", "global\n    bogus 1\n"


@pytest.fixture
def haproxy(tmp_path):
    path = tmp_path / "haproxy"
    path.write_text(HAPROXY)
    path.chmod(0o755)
    return path


@pytest.fixture
def ask(haproxy, capsys):
    def ask_module(check_mode=False, **params):
        args = {"executable": str(haproxy), "_ansible_check_mode": check_mode, **params}
        with module_arguments(args), pytest.raises(SystemExit):
            haproxy_validate.main()
        return json.loads(capsys.readouterr().out)

    return ask_module


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("text", "params", "valid", "severities"),
    [
        (GOOD, {}, True, []),
        (SLOW, {}, True, ["warning"]),
        (SLOW, {"fatal_warnings": True}, False, ["warning"]),
        (BAD, {}, False, ["alert"]),
    ],
)
@pytest.mark.parametrize("fail_on_invalid", [True, False])
def test_path(ask, tmp_path, text, params, valid, severities, fail_on_invalid, check_mode):
    path = tmp_path / "haproxy.cfg"
    path.write_text(text)
    result = ask(check_mode, path=[str(path)], fail_on_invalid=fail_on_invalid, **params)
    assert result.get("failed", False) is (fail_on_invalid and not valid)
    assert result.get("changed", False) is False
    assert result["valid"] is valid
    assert result["version"] == "3.0.11-1+deb13u5"
    assert [finding["severity"] for finding in result["findings"]] == severities
    assert path.read_text() == text


def test_failure_names_the_offending_line(ask, tmp_path):
    path = tmp_path / "haproxy.cfg"
    path.write_text(BAD)
    result = ask(path=str(path))
    assert result["msg"] == (
        f"HAProxy 3.0.11-1+deb13u5 refuses the configuration:\n{path}:2: unknown keyword 'bogus' in 'global' "
        "section\n    > bogus 1"
    )
    assert result["findings"] == [
        {
            "severity": "alert",
            "message": "unknown keyword 'bogus' in 'global' section",
            "file": str(path),
            "line": 2,
            "source": "bogus 1",
        }
    ]
    assert result["rc"] == 1
    assert "Error(s) found" in result["output"]


def test_content(ask, tmp_path):
    result = ask(content=BAD)
    assert "content:2: unknown keyword 'bogus' in 'global' section\n    > bogus 1" in result["msg"]
    assert result["findings"][0]["file"] == "content"
    checked = (tmp_path / "checked").read_text().strip()
    assert checked not in json.dumps(result)
    with pytest.raises(FileNotFoundError):
        Path(checked).stat()


def test_content_is_private(monkeypatch, tmp_path):
    modes = []

    def check(run, paths, *options):
        modes.append(Path(paths[0]).stat().st_mode & 0o777)
        return Verdict(True, "3.0")

    monkeypatch.setattr(haproxy_validate, "check", check)
    haproxy_validate.check_content(None, GOOD, "haproxy", False, str(tmp_path))
    assert modes == [0o600]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "one of the following is required: path, content"),
        ({"path": ["/x"], "content": GOOD}, "parameters are mutually exclusive: path|content"),
        ({"path": []}, "path is an empty list"),
        ({"content": GOOD, "executable": "/nonexistent/haproxy"}, "cannot run /nonexistent/haproxy"),
    ],
)
def test_refused(ask, params, message):
    result = ask(**params)
    assert result["failed"]
    assert message in result["msg"]
