# Copyright (c) 2026, The evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._finding import CheckerMissing
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived import check, version
from data.replay import RELEASES, Replay, load, write_files

RECORDED = load("keepalived")

NOTHING_TO_DO = ("alert", "keepalived.conf", None, "declares no vrrp_instance and no virtual_server", None)
NO_SECURITY = ("warning", "keepalived.conf", None, "SECURITY VIOLATION - scripts are being executed", None)
NOT_FOUND = ("alert", "keepalived.conf", 5, "Disabling track script chk since not found/accessible", "vrrp_script chk {")


def conf(line, begin, source=None, severity="alert", file="keepalived.conf"):
    return severity, file, line, begin, source


# case, whether it is valid, and of every finding: severity, file, line, how the message begins, source
CASES = [
    ("ok", True, []),
    ("unknown keyword", False, [conf(5, "Unknown keyword 'priorty'", "priorty 100")]),
    ("empty", False, [NOTHING_TO_DO]),
    ("only comments", False, [NOTHING_TO_DO]),
    ("only global_defs", False, [NOTHING_TO_DO]),
    ("missing", False, [conf(None, "Config files missing")]),
    ("directory", False, [conf(None, "Configuration file", file="conf.d")]),
    ("auth_pass too long", False, [conf(11, "Truncating auth_pass to 8 characters", "auth_pass ********")]),
    ("script ok", True, []),
    ("script missing", False, [NOT_FOUND]),
    ("script user not root", True, []),
    ("script user not root, script through a link", True, []),
    ("script user not root, script missing", False, [NOT_FOUND]),
    (
        "script user not root, unknown keyword after it",
        False,
        [
            conf(22, "Unknown keyword 'bogus'", "bogus 1"),
            conf(21, "(api) the virtual router id must be set", "vrrp_instance api {"),
        ],
    ),
    (
        "script user not root, router id used twice",
        False,
        [conf(21, "web and api both use VRID 51 with IPv4 on interface eth0", "vrrp_instance api {")],
    ),
    (
        "script user not root, unknown group member",
        False,
        [
            conf(None, "Virtual router api specified in sync group all doesn't exist"),
            conf(21, "Sync group all, no matching virtual router found", "vrrp_sync_group all {"),
        ],
    ),
    ("user of one script not root", True, []),
    ("user of a notify script not root", True, []),
    ("user not root in an included file", True, []),
    (
        "unknown script user",
        False,
        [
            conf(3, "Error setting global script uid/gid", "script_user nosuch"),
            conf(8, "Unable to set default user for vrrp script chk - removing", "}"),
            conf(18, "(web) track script chk not found, ignoring...", "chk"),
        ],
    ),
    ("no script security", True, [NO_SECURITY]),
    ("no script security, user not root", True, [NO_SECURITY]),
    (
        "no script user",
        False,
        [
            conf(7, "Unable to set default user keepalived_script for script", "}"),
            conf(7, "Unable to set default user for vrrp script chk - removing", "}"),
            conf(17, "(web) track script chk not found, ignoring...", "chk"),
        ],
    ),
    ("brace missing", False, [conf(None, "There are 1 missing '}'s or extra '{'s")]),
    ("brace too many", False, [conf(10, "Extra '}' found", "}"), conf(10, "Unknown keyword '}'", "}")]),
    ("unknown track script", False, [conf(10, "(web) track script chk not found, ignoring...", "chk")]),
    (
        "unknown interface",
        False,
        [
            conf(3, "WARNING - interface nosuch0 for vrrp_instance web doesn't exist", "interface nosuch0"),
            conf(None, "Non-existent interface specified in configuration"),
        ],
    ),
    (
        "bad address",
        False,
        [
            conf(7, "VRRP parsed invalid IP 300.99.0.10/24. skipping IP...", "300.99.0.10/24"),
            conf(1, "(web) No VIP specified", "vrrp_instance web {", "warning"),
        ],
    ),
    (
        "bad priority",
        False,
        [
            conf(5, "number '999' outside range [1, 255]", "priority 999"),
            conf(5, "(web) Priority not valid! must be between 1 & 255.", "priority 999"),
        ],
    ),
    ("router id used twice", False, [conf(10, "web and api both use VRID 51", "vrrp_instance api {")]),
    ("no address", True, [conf(1, "(web) No VIP specified", "vrrp_instance web {", "warning")]),
    (
        "only a virtual server",
        True,
        [conf(None, "Virtual server [10.0.0.1]:tcp:80: no forwarding method set", severity="warning")],
    ),
    (
        "defaults of a virtual server",
        True,
        [
            conf(None, "Virtual server [10.0.0.1]:none:80: no protocol set", severity="warning"),
            conf(None, "Virtual server [10.0.0.1]:udp:80: no scheduler set", severity="warning"),
            conf(None, "Virtual server [10.0.0.1]:udp:80: no forwarding method set", severity="warning"),
        ],
    ),
    ("only an included file", True, []),
    ("error in an included file", False, [conf(5, "Unknown keyword 'priorty'", "priorty 100", file="web.conf")]),
    ("included file missing", False, [conf(1, "Config files missing 'web.conf'", "include web.conf")]),
    ("no file included", True, [conf(1, "Config files missing", "include conf.d/*.conf", "warning")]),
    (
        "no file included, nothing else",
        False,
        [conf(1, "Config files missing", "include conf.d/*.conf", "warning"), NOTHING_TO_DO],
    ),
]
IDS = [case[0] for case in CASES]
DIFFERENT = ["script through a link that all may write", "unterminated quote"]


def check_case(case, release, tmp_path):
    recorded = RECORDED["cases"][case]
    write_files(recorded, tmp_path)
    name = (recorded.get("paths") or list(recorded["files"]))[0]
    run = Replay(RECORDED, case, release, tmp_path)
    return check(run, f"{tmp_path}/{name}".rstrip("/")), run


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("case", "valid", "findings"), CASES, ids=IDS)
def test_check(case, valid, findings, release, tmp_path):
    verdict, _run = check_case(case, release, tmp_path)
    assert verdict.valid is valid
    assert [
        (f.severity, f.file and f.file.replace(f"{tmp_path}/", ""), f.line, f.message[: len(begin)], f.source)
        for f, (_severity, _file, _line, begin, _source) in zip(verdict.findings, findings)
    ] == findings
    assert len(verdict.findings) == len(findings)


def test_every_recorded_case_is_expected():
    assert sorted(IDS + DIFFERENT) == sorted(RECORDED["cases"])


@pytest.mark.parametrize(("release", "valid"), [("debian12", True), ("debian13", False)])
def test_only_newer_versions_look_at_links(release, valid, tmp_path):
    verdict, _run = check_case("script through a link that all may write", release, tmp_path)
    assert verdict.valid is valid
    assert [f.message for f in verdict.findings] == ([] if valid else ["Disabling track script chk due to insecure"])


@pytest.mark.parametrize("release", RELEASES)
def test_a_crash_after_the_message(release, tmp_path):
    verdict, _run = check_case("unterminated quote", release, tmp_path)
    assert (verdict.valid, verdict.rc) == (False, -11)
    assert {(f.line, f.source) for f in verdict.findings} == {(6, 'script "/srv/case/chk')}


@pytest.mark.parametrize(("release", "calls"), [("debian12", 2), ("debian13", 1)])
def test_a_test_that_ended_itself_is_repeated_without_a_parent(release, calls, tmp_path):
    _verdict, run = check_case("script user not root", release, tmp_path)
    tests = [argv for argv in run.argvs if "-t" in argv]
    assert len(tests) == calls
    assert tests[1:] == [["unshare", "--pid", "--fork", *tests[0]]] * (calls - 1)


def nothing_installed(argv):
    raise FileNotFoundError(2, "No such file or directory")


@pytest.mark.parametrize("rc", [-15, 143])
@pytest.mark.parametrize(
    "unshare",
    [
        nothing_installed,
        lambda argv: (1, "", "unshare: unshare failed: Operation not permitted\n"),
        lambda argv: (143, "", ""),
    ],
    ids=["missing", "forbidden", "in vain"],
)
def test_a_test_that_cannot_be_repeated(rc, unshare):
    def run(argv):
        return unshare(argv) if argv[0] == "unshare" else (rc, "", "Terminated\n")

    verdict = check(run, "/x", read=lambda path: "vrrp_instance web {\n}\n")
    assert verdict.valid
    assert [(f.severity, f.message[:30]) for f in verdict.findings] == [("warning", "keepalived ended its test at a")]


def test_what_was_said_before_the_test_ended_itself_counts():
    def run(argv):
        return nothing_installed(argv) if argv[0] == "unshare" else (-15, "", "(/x: Line 1) Unknown keyword 'x'\n")

    verdict = check(run, "/x", read=lambda path: "x\nvrrp_instance web {\n}\n")
    assert not verdict.valid
    assert [f.describe() for f in verdict.findings] == ["/x:1: Unknown keyword 'x'\n    > x"]


@pytest.mark.parametrize(("rc", "ended"), [(3, "exit code 3"), (5, "exit code 5"), (-11, "was ended by signal 11")])
def test_a_refusal_always_has_a_message(rc, ended):
    verdict = check(lambda argv: (rc, "", ""), "/x", read=lambda path: "vrrp_instance web {\n}\n")
    assert not verdict.valid
    assert [f.message for f in verdict.findings] == [f"keepalived refused the configuration ({ended}) and said nothing"]


def test_unreadable_file():
    def read(path):
        raise PermissionError(13, "Permission denied")

    verdict = check(lambda argv: (0, "", ""), "/x", read=read)
    assert [f.describe() for f in verdict.findings] == ["/x: cannot be read: Permission denied"]


def test_missing_program():
    with pytest.raises(CheckerMissing, match="cannot run keepalived "):
        check(nothing_installed, "/x")


@pytest.mark.parametrize(("release", "expected"), [("debian12", "2.2.7"), ("debian13", "2.3.3")])
def test_version(release, expected, tmp_path):
    assert version(Replay(RECORDED, "ok", release, tmp_path)) == expected
