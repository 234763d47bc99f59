# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.finding import CheckerMissing
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import Host
from ansible_collections.evenkeel.ha_web.plugins.module_utils._keepalived.check import check, version
from recorded.replay import RECORDED_IN, RELEASES, RecordedHost, Replay, load, said

RECORDED = load("keepalived")

NOTHING_TO_DO = ("alert", "keepalived.conf", None, "declares no vrrp_instance and no virtual_server", None)
NO_SECURITY = ("warning", "keepalived.conf", None, "SECURITY VIOLATION - scripts are being executed", None)

DISABLED = "Disabling track script chk"
NOT_FOUND = (
    "alert",
    "keepalived.conf",
    6,
    (
        f"{DISABLED} since not found/accessible: /nonexistent/chk: No such file or directory (/nonexistent): "
        "keepalived runs without it; "
    ),
    'script "/nonexistent/chk"',
)
NOTIFIES = [
    "notify",
    "notify_master",
    "notify_backup",
    "notify_fault",
    "notify_stop",
    "notify_deleted",
    "notify_master_rx_lower_pri",
]


def conf(line, begin, source=None, severity="alert", file="keepalived.conf"):
    return severity, file, line, begin, source


def script(begin, source='script "/srv/case/chk"'):
    return conf(6, begin, source)


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
            conf(1, "(web) No VIP specified", "vrrp_instance web {", "notice"),
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
    ("no address", True, [conf(1, "(web) No VIP specified", "vrrp_instance web {", "notice")]),
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
    ("script with arguments", True, []),
    (
        "script not executable",
        False,
        [script("/srv/case/chk is not executable for root (mode 0644, owner root:root): keepalived runs")],
    ),
    ("script not executable for its user", False, [script("/srv/case/chk is not executable for nobody (mode 0700, ")]),
    (
        "script that all may write",
        False,
        [script(f"{DISABLED} due to insecure: /srv/case/chk can be changed by others than root (mode 0777, ")],
    ),
    (
        "script user not root, script that all may write",
        False,
        [
            script(
                "/srv/case/chk can be changed by others than nobody (mode 0777, owner root:root): they control "
                "what keepalived run"
            )
        ],
    ),
    (
        "script in a directory that a group may write",
        False,
        [
            script(
                f"{DISABLED} due to insecure: /srv/case/dir can be changed by others than root (mode 0775, ",
                'script "/srv/case/dir/chk"',
            )
        ],
    ),
    (
        "script in a directory that its user may not enter",
        False,
        [
            script(
                f"{DISABLED} since not found/accessible: /srv/case/dir/chk: nobody may not enter /srv/case/dir",
                'script "/srv/case/dir/chk"',
            )
        ],
    ),
    ("script in a directory with the sticky bit", True, []),
    ("script of another owner", False, [script(f"{DISABLED} due to insecure: /srv/case/chk does not belong to root")]),
    ("script user not root, script of its own", True, []),
    (
        "script is a directory",
        False,
        [script("/srv/case/chk is not a file: it would fail whenever keepalived runs it; name")],
    ),
    ("script through a link to a file", True, []),
    (
        "script through links in a circle",
        False,
        [script(f"{DISABLED} since not found/accessible: /srv/case/chk is a link that leads in a circle")],
    ),
    ("script without a path", True, []),
    (
        "script user not root, script without a path",
        False,
        [
            script(
                f"{DISABLED} since not found/accessible: true has no path, and keepalived looks for such a command "
                "only if root runs it: keepalived runs without it; write /usr/bin/true",
                'script "true"',
            )
        ],
    ),
    (
        "script without a path that is nowhere",
        False,
        [
            script(
                f"{DISABLED} since not found/accessible: nosuchprogram is in none of /usr/local/sbin, ",
                'script "nosuchprogram"',
            )
        ],
    ),
    (
        "script with a relative path",
        False,
        [script(f"{DISABLED} since not found/accessible: ./chk is not an absolute path", 'script "./chk"')],
    ),
    ("script that is opened and not run", True, []),
    (
        "script without its interpreter",
        False,
        [script("/srv/case/chk asks for an interpreter that is not there: /usr/bin/nosuch: ")],
    ),
    ("script with CR LF", False, [script("/srv/case/chk ends its lines with CR LF")]),
    (
        "unknown user of one script",
        False,
        [
            conf(7, "Unable to set uid/gid for script '/srv/case/chk'", "user nosuch"),
            conf(19, "(web) track script chk not found, ignoring...", "chk"),
            script("there is no user nosuch: keepalived runs without it; create that user or group before"),
        ],
    ),
    (
        "no script security, script that all may write",
        False,
        [NO_SECURITY, conf(5, "/srv/case/chk can be changed by others than root", 'script "/srv/case/chk"')],
    ),
    (
        "script missing in an included file",
        False,
        [
            conf(
                3,
                f"{DISABLED} since not found/accessible: /nonexistent/chk: No such file or directory (/nonexistent): ",
                "script /nonexistent/chk",
                file="scripts.conf",
            )
        ],
    ),
    ("notify scripts", True, []),
    (
        "notify scripts missing",
        False,
        [
            conf(20 + number, f"/nonexistent/{name}: No such file", f"{name} /nonexistent/{name}")
            for number, name in enumerate(NOTIFIES)
        ],
    ),
    (
        "notify script not executable",
        False,
        [
            conf(
                20, "/srv/case/notify is not executable for nobody (mode 0644, ", 'notify_master "/srv/case/notify now"'
            )
        ],
    ),
    (
        "notify script that all may write, run by root",
        False,
        [conf(20, "/srv/case/notify can be changed by others than root", "notify_master /srv/case/notify root")],
    ),
    (
        "notify script of an unknown user",
        False,
        [conf(20, "there is no user nosuch: keepalived runs without it", "notify_master /srv/case/chk nosuch")],
    ),
    (
        "notify script of a group, missing",
        False,
        [conf(35, "/nonexistent/fault: No such file", "notify_fault /nonexistent/fault")],
    ),
    (
        "router id of a unicast instance used for multicast too",
        False,
        [conf(17, "(api) virtual_router_id 51 is that of web too, on the same interface eth0", "virtual_router_id 51")],
    ),
    (
        "router id used with other peers too",
        False,
        [conf(17, "(api) virtual_router_id 51 is that of web too", "virtual_router_id 51")],
    ),
    (
        "router id used with the same peers too",
        False,
        [conf(1, "(web) duplicate VRID conflict with api VRID 51", "vrrp_instance web {")],
    ),
    ("router id used for both IP versions", True, []),
    (
        "router id used in an included file too",
        False,
        [conf(5, "(web) virtual_router_id 51 is that of api too", "virtual_router_id 51")],
    ),
    (
        "track file with its default weight and nopreempt",
        False,
        [conf(11, "(web) a weight (1) together with nopreempt keeps the address on the failed node", "state")],
    ),
]
IDS = [case[0] for case in CASES]
LINKED = ["script through a link that all may write", "notify script through a linked directory, run by root"]


def check_case(case, release):
    recorded = RECORDED["cases"][case]
    name = (recorded.get("paths") or list(recorded["files"]))[0]
    run = Replay(RECORDED, case, release, RECORDED_IN)
    return check(run, f"{RECORDED_IN}/{name}".rstrip("/"), host=RecordedHost(recorded)), run


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("case", "valid", "findings"), CASES, ids=IDS)
def test_check(case, valid, findings, release):
    verdict, _run = check_case(case, release)
    assert verdict.valid is valid
    assert said(verdict, findings, RECORDED_IN) == findings


def test_every_recorded_case_is_expected():
    assert sorted([*IDS, *LINKED, "unterminated quote"]) == sorted(RECORDED["cases"])


@pytest.mark.parametrize("case", LINKED)
@pytest.mark.parametrize(("release", "valid"), [("debian12", True), ("debian13", False)])
def test_only_newer_versions_look_at_links_in_the_path_of_what_root_runs(case, release, valid):
    verdict, _run = check_case(case, release)
    assert verdict.valid is valid
    reason = "/bin/true: /bin is a link to usr/bin: keepalived runs without it; write the path without the link"
    assert [f.message.removeprefix(f"{DISABLED} due to insecure: ") for f in verdict.findings] == (
        [] if valid else [reason]
    )


@pytest.mark.parametrize("release", RELEASES)
def test_a_crash_after_the_message(release):
    verdict, _run = check_case("unterminated quote", release)
    assert (verdict.valid, verdict.rc) == (False, -11)
    assert {(f.line, f.source) for f in verdict.findings} == {(6, 'script "/srv/case/chk')}


@pytest.mark.parametrize(("release", "calls"), [("debian12", 2), ("debian13", 1)])
def test_a_test_that_ended_itself_is_repeated_without_a_parent(release, calls):
    _verdict, run = check_case("script user not root", release)
    tests = [argv for argv in run.argvs if "-t" in argv]
    assert len(tests) == calls
    assert tests[1:] == [["unshare", "--pid", "--fork", *tests[0]]] * (calls - 1)


class Text(Host):
    """A host with one text in every file, or with none that can be read."""

    def __init__(self, text):
        super().__init__()
        self.text = text

    def read(self, path):
        if isinstance(self.text, OSError):
            raise self.text
        return self.text


WEB = Text("vrrp_instance web {\n}\n")


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

    verdict = check(run, "/x", host=WEB)
    assert verdict.valid
    assert [(f.severity, f.message[:30]) for f in verdict.findings] == [("warning", "keepalived ended its test at a")]


def test_what_was_said_before_the_test_ended_itself_counts():
    def run(argv):
        return nothing_installed(argv) if argv[0] == "unshare" else (-15, "", "(/x: Line 1) Unknown keyword 'x'\n")

    verdict = check(run, "/x", host=Text("x\nvrrp_instance web {\n}\n"))
    assert not verdict.valid
    assert [f.describe() for f in verdict.findings] == ["/x:1: Unknown keyword 'x'\n    > x"]


@pytest.mark.parametrize(("rc", "ended"), [(3, "exit code 3"), (5, "exit code 5"), (-11, "was ended by signal 11")])
def test_a_refusal_always_has_a_message(rc, ended):
    verdict = check(lambda argv: (rc, "", ""), "/x", host=WEB)
    assert not verdict.valid
    assert [f.message for f in verdict.findings] == [f"keepalived refused the configuration ({ended}) and said nothing"]


def test_unreadable_file():
    verdict = check(lambda argv: (0, "", ""), "/x", host=Text(PermissionError(13, "Permission denied")))
    assert [f.describe() for f in verdict.findings] == ["/x: cannot be read: Permission denied"]


def test_missing_program():
    with pytest.raises(CheckerMissing, match="cannot run keepalived "):
        check(nothing_installed, "/x")


@pytest.mark.parametrize(("release", "expected"), [("debian12", "2.2.7"), ("debian13", "2.3.3")])
def test_version(release, expected):
    assert version(Replay(RECORDED, "ok", release, RECORDED_IN)) == expected


REMARKS = """
(Line 2) iptables not supported, using nftables instead. Please replace 'vrrp_iptables and 'vrrp_ipsets' with 'nftables'
(Line 3) number '0' outside range [0.000001, 4294.967295]
(Line 3) vrrp_garp_interval '0' is invalid
({path}: Line 7) Warning - cannot track route 198.51.100.0/24 with no interface specified, not tracking
Sync group g has only 1 virtual router(s) - this probably isn't what you want
"""
REMARKED = "global_defs {\n vrrp_iptables\n vrrp_garp_interval 0\n}\nvrrp_instance a {\n virtual_router_id 51\n}\n"


def test_remarks_on_what_keepalived_runs_are_warnings(tmp_path):
    path = tmp_path / "keepalived.conf"
    path.write_text(REMARKED)

    def run(argv):
        return (0, "Keepalived v2.2.7", "") if "-v" in argv else (5, "", REMARKS.format(path=path))

    verdict = check(run, str(path))
    assert verdict.valid
    assert [finding.severity for finding in verdict.findings] == ["warning"] * 5


def test_another_number_out_of_range_is_an_alert(tmp_path):
    path = tmp_path / "keepalived.conf"
    path.write_text(REMARKED.replace("interval 0", "interval 9999"))

    def run(argv):
        said = "(Line 3) number '9999' outside range [0.000001, 4294.967295]"
        return (0, "Keepalived v2.2.7", "") if "-v" in argv else (5, "", said)

    assert not check(run, str(path)).valid
