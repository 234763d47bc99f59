# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import grp
import io
import json
import os
import pwd
import shutil
from contextlib import redirect_stdout

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed import log, proven
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.config_set import ConfigSet
from ansible_collections.evenkeel.ha_web.plugins.modules import config_transaction
from module_arguments import module_arguments

MINE = {"owner": pwd.getpwuid(os.geteuid()).pw_name, "group": grp.getgrgid(os.getegid()).gr_name}
MAINS = {"haproxy": "haproxy.cfg", "keepalived": "keepalived.conf", "nginx": "nginx.conf"}
SYSTEM = os.pathsep.join([os.environ["PATH"], "/sbin", "/usr/sbin", "/usr/local/sbin"])


@pytest.fixture(params=sorted(MAINS))
def daemon(request):
    """A daemon that is not installed here; with one that is, the other tests are the ones to look at."""
    if shutil.which(request.param, path=SYSTEM):
        pytest.skip(f"{request.param} is installed")
    return request.param


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "daemon"
    path.mkdir()
    (path / "foreign.cfg").write_text("foreign")
    return path


@pytest.fixture
def ask(directory, capsys, monkeypatch):
    monkeypatch.setattr(proven, "MEMORY", directory.with_name("memory"))

    def ask_module(name="haproxy", check_mode=False, **params):
        args = {
            "daemon": name,
            "directory": str(directory),
            "main": MAINS[name],
            "_ansible_check_mode": check_mode,
            **params,
        }
        with module_arguments(args), pytest.raises(SystemExit):
            config_transaction.main()
        return json.loads(capsys.readouterr().out)

    return ask_module


def file(path, content="content\n", **keys):
    return {"path": path, "content": content, **MINE, **keys}


def names(directory):
    return sorted(str(path.relative_to(directory.parent)) for path in directory.parent.rglob("*"))


def test_check_mode_without_the_daemon_is_not_a_check(ask, daemon, directory):
    before = names(directory)
    result = ask(daemon, check_mode=True, files=[file(MAINS[daemon]), file("foreign.cfg", "mine")])
    assert not result.get("failed")
    assert (result["changed"], result["checked"], result["version"], result["findings"]) == (True, False, "", [])
    assert result["changes"] == [MAINS[daemon], "foreign.cfg"]
    assert (
        f"the configuration of {daemon} is not checked in this run, because the host does not have yet: {daemon}"
        in str(result["warnings"])
    )
    assert names(directory) == before
    assert (directory / "foreign.cfg").read_text() == "foreign"


def test_a_run_without_the_daemon_fails_and_changes_nothing(ask, daemon, directory):
    before = names(directory)
    result = ask(daemon, files=[file(MAINS[daemon])])
    assert result["failed"]
    assert result["msg"] == f"missing on the host: {daemon}; install that before the configuration"
    assert names(directory) == before


def masked(folder):
    """A systemctl for which every unit is masked."""
    program = folder / "systemctl"
    program.write_text("#!/bin/sh\necho LoadState=masked\n")
    program.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_masked_unit_is_found_before_anything_is_changed(
    ask, daemon, directory, tmp_path_factory, monkeypatch, check_mode
):
    monkeypatch.setenv("PATH", masked(tmp_path_factory.mktemp("bin")), prepend=os.pathsep)
    before = names(directory)
    result = ask(daemon, check_mode=check_mode, files=[file(MAINS[daemon])])
    assert result["msg"].startswith(f"Nothing was changed. {daemon} is masked, so that it cannot be started")
    assert names(directory) == before


def test_a_host_without_systemd(ask, daemon, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not ask(daemon, check_mode=True, files=[file(MAINS[daemon])]).get("failed")


def test_the_diff_shows_every_file(ask, daemon):
    result = ask(daemon, check_mode=True, files=[file("new.cfg", "new\n"), file("foreign.cfg", "mine\n")])
    assert [(diff["after_header"], diff["before"], diff["after"]) for diff in result["diff"]] == [
        ("new.cfg", "", "new\n"),
        ("foreign.cfg", "foreign", "mine\n"),
    ]


def test_a_file_to_remove_is_hidden_in_the_diff_and_there_in_check_mode(ask, daemon, directory):
    gone = {"path": "foreign.cfg", "state": "absent"}
    result = ask(daemon, check_mode=True, files=[file("new.cfg"), gone, {**gone, "path": "never.cfg"}])
    assert result["changes"] == ["new.cfg", "foreign.cfg"]
    assert result["diff"][1]["before"] == "(content hidden)\n"
    assert (directory / "foreign.cfg").exists()


@pytest.mark.parametrize(("verbosity", "shown"), [(0, "(new file of 9 lines, which -v shows)\n"), (1, "line\n" * 9)])
def test_a_long_new_file_is_counted_unless_it_is_asked_for(ask, daemon, verbosity, shown):
    files = [file("new.cfg", "line\n" * 9), file("short.cfg", "line\n" * 5), file("foreign.cfg", "line\n" * 9)]
    result = ask(daemon, check_mode=True, files=files, _ansible_verbosity=verbosity)
    assert [diff["after"] for diff in result["diff"]] == [shown, "line\n" * 5, "line\n" * 9]


@pytest.mark.parametrize("hide", [{"sensitive": True}, {}], ids=["sensitive file", "secrets"])
def test_what_is_secret_is_not_returned(ask, daemon, hide):
    text = "stats auth admin:unutterable\n"
    secrets = [] if hide else ["unutterable"]
    result = ask(daemon, check_mode=True, files=[file("new.cfg", text, **hide)], secrets=secrets)
    assert result["changes"] == ["new.cfg"]
    assert "unutterable" not in json.dumps(result)


def test_a_password_that_nobody_has_named_is_not_returned_as_a_parameter_either(ask, daemon):
    result = ask(daemon, check_mode=True, files=[file("new.cfg", "stats auth admin:unutterable\n")])
    assert result["invocation"]["module_args"]["files"][0]["content"].startswith("stats auth admin:*")
    assert "unutterable" not in json.dumps(result)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("params", "parts"),
    [
        ({"files": [file("../x")]}, ["'../x'", "a path relative to"]),
        ({"files": [file("x", mode="rw-r--r--")]}, ["x: its mode is 'rw-r--r--'", "such as 0644"]),
        ({"files": [file("x", mode=0o640)]}, ["x: its mode is 416, to which YAML", 'quotation marks, such as "0644"']),
        (
            {"files": [], "content_directories": ["srv"]},
            ["content_directories has 'srv'", "an absolute path is needed"],
        ),
        (
            {"files": [], "content_directories": ["/etc/passwd"]},
            ["content_directories has '/etc/passwd'", "no directory"],
        ),
        ({"files": [{"path": "x"}]}, ["state is present but all of the following are missing: content"]),
        ({"daemon": "apache"}, ["daemon must be one of: bird, haproxy, keepalived, nginx, got: apache"]),
        ({"state": "gone"}, ["state must be one of: present, previous, absent, got: gone"]),
        ({"state": "previous"}, [".daemon.previous does not exist", "no previous set"]),
    ],
)
def test_refused(ask, directory, params, parts, check_mode):
    before = names(directory)
    result = ask(check_mode=check_mode, **params)
    assert result["failed"]
    assert [part for part in parts if part not in result["msg"]] == []
    assert names(directory) == before


@pytest.mark.parametrize(("check_mode", "text"), [(False, "replaced"), (True, "foreign")])
def test_the_previous_set_is_brought_back(ask, daemon, directory, check_mode, text):
    previous = directory.with_name(".daemon.previous")
    previous.mkdir()
    (previous / "foreign.cfg").write_text("replaced")
    result = ask(daemon, state="previous", check_mode=check_mode)
    assert (result["changed"], result["previous"], result["action"]) == (True, str(previous), "")
    assert (directory / "foreign.cfg").read_text() == text
    assert (previous / "foreign.cfg").exists()
    logged = log.read_all(directory.with_name("memory"))
    assert [(entry["daemon"], entry["state"]) for entry in logged] == ([] if check_mode else [(daemon, "previous")])


def test_a_directory_of_others_is_not_removed(ask, daemon, directory):
    result = ask(daemon, state="absent")
    assert (result["changed"], result["changes"], result["action"]) == (False, [], "")
    assert (directory / "foreign.cfg").read_text() == "foreign"


@pytest.mark.parametrize(("there", "changes"), [(True, []), (False, ["site"])])
def test_a_directory_with_content_is_made_where_it_is_missing(ask, daemon, tmp_path, there, changes):
    site = tmp_path / "site"
    if there:
        site.mkdir()
    result = ask(daemon, check_mode=True, files=[], content_directories=[str(site)])
    assert [change for change in result["changes"] if change.endswith("site")] == [
        f"{tmp_path}/{name}" for name in changes
    ]
    assert site.exists() is there


def test_what_an_ended_run_has_left_is_removed(ask, daemon, directory):
    directory.with_name(".daemon.staged").mkdir()
    ask(daemon, files=[file(MAINS[daemon])])
    assert names(directory) == ["daemon", "daemon/foreign.cfg"]


def test_check_mode_leaves_alone_what_an_ended_run_has_left(ask, daemon, directory):
    directory.with_name(".daemon.staged").mkdir()
    before = names(directory)
    assert ask(daemon, check_mode=True, files=[file(MAINS[daemon])])["changed"]
    assert names(directory) == before


@pytest.mark.parametrize("check_mode", [False, True])
def test_two_runs_at_the_same_time(ask, directory, check_mode):
    before = names(directory)
    with ConfigSet(str(directory)).lock():
        result = ask(check_mode=check_mode, files=[file("x")])
    assert result["msg"] == (
        f"another run is changing {directory} right now (process {os.getpid()}): run this one again when that has ended"
    )
    assert names(directory) == before


class Reader(io.StringIO):
    """Reads what a module prints only when the next run has had the directory."""

    def __init__(self, directory):
        super().__init__()
        self.directory = directory

    def write(self, text):
        with ConfigSet(str(self.directory)).lock():
            return super().write(text)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_run_whose_result_nobody_reads_keeps_no_other_away(ask, directory, capsys, check_mode):
    """As where the controller is stopped, or gone, and a result is larger than a pipe takes."""
    reader = Reader(directory)
    with redirect_stdout(reader), pytest.raises(json.JSONDecodeError):
        ask(check_mode=check_mode, files=[file("x")])
    assert "changed" in json.loads(reader.getvalue())


def test_a_password_is_masked_in_the_old_file_too(ask, daemon, directory):
    (directory / "foreign.cfg").write_text("stats auth admin:unutterable\n")
    result = ask(daemon, check_mode=True, files=[file("foreign.cfg", "stats auth admin:unspeakable\nmaxconn 1\n")])
    assert "unutterable" not in json.dumps(result)
    assert "unspeakable" not in json.dumps({**result, "invocation": None})
    assert result["diff"][0]["after"] == "stats auth admin:********\nmaxconn 1\n"


@pytest.mark.parametrize("mode", ["0999", "64", "-644", "0o644", ""])
def test_a_mode_that_is_none(ask, mode):
    result = ask(files=[file("x", mode=mode)])
    assert result["msg"] == f"x: its mode is '{mode}': an octal number is needed, such as 0644"


def test_a_set_that_was_lost_half_way_is_put_in_place_again(ask, daemon, directory):
    directory.rename(directory.with_name(".daemon.previous"))
    ask(daemon, files=[file(MAINS[daemon])])
    assert names(directory) == ["daemon", "daemon/foreign.cfg"]
