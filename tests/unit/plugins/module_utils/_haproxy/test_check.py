# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.finding import CheckerMissing, Finding, Verdict
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.check import (
    check,
    find_state_file,
    parse,
    version,
)
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import KERNEL, Host
from recorded.replay import RELEASES, Replay, load, said, write_files

RECORDED = load("haproxy")

# case, whether it is valid, and of every finding: severity, file, line, how the message begins, source
CASES = [
    ("ok", True, []),
    ("unknown keyword", False, [("alert", "haproxy.cfg", 9, "unknown keyword 'no_such_keyword'", "no_such_keyword 3")]),
    (
        "two errors at once",
        False,
        [
            ("alert", "haproxy.cfg", 10, "unknown keyword 'balanse' in 'backend' section; did", "balanse roundrobin"),
            ("alert", "haproxy.cfg", 11, "'server app/one' : unknown keyword 'chekc'", "server one 10.0.0.1:80 chekc"),
        ],
    ),
    (
        "missing backend",
        False,
        [("alert", "haproxy.cfg", 8, "Proxy 'web': unable to find required default_backend", "default_backend app")],
    ),
    (
        "missing use_backend",
        False,
        [("alert", "haproxy.cfg", 9, "Proxy 'web': unable to find", "use_backend api if { path /api }")],
    ),
    (
        "duplicate server",
        False,
        [("alert", "haproxy.cfg", 11, "backend 'app', another server named 'one'", "server one 10.0.0.2:80")],
    ),
    ("duplicate frontend", False, [("alert", "haproxy.cfg", 9, "frontend 'web' has the same name", "frontend web")]),
    (
        "missing certificate",
        False,
        [("alert", "haproxy.cfg", 9, "'bind :443' in section 'frontend' :", "bind :443 ssl crt /nonexistent/site.pem")],
    ),
    (
        "missing errorfile",
        False,
        [("alert", "haproxy.cfg", 6, "errorfile : error opening file", "errorfile 503 /nonexistent/503.http")],
    ),
    ("unknown user", False, [("alert", "haproxy.cfg", 2, "cannot find user id for 'nosuch'", "user nosuch")]),
    (
        "unresolvable server",
        False,
        [("alert", "haproxy.cfg", 10, "'server app/one' : could not resolve address", "server one app.invalid:80")],
    ),
    (
        "missing last newline",
        False,
        [("alert", "haproxy.cfg", 10, "Missing LF on last line", "server one 10.0.0.1:80 check")],
    ),
    (
        "missing timeouts",
        True,
        [
            ("warning", "haproxy.cfg", 3, "missing timeouts for frontend 'web'.\nWhile not properly", "frontend web"),
            ("warning", "haproxy.cfg", 6, "missing timeouts for backend 'app'.\nWhile not properly", "backend app"),
        ],
    ),
    ("no listener", False, [("alert", "haproxy.cfg", None, "nothing listens", None)]),
    ("empty file", False, [("alert", "haproxy.cfg", None, "nothing listens", None)]),
    ("bad bind port", False, [("alert", "haproxy.cfg", 7, "'bind' : invalid port '99999'", "bind :99999")]),
    (
        "unknown acl",
        False,
        [("alert", "haproxy.cfg", 9, "error detected while parsing", "http-request deny if nobody")],
    ),
    (
        "unmatched quote",
        False,
        [
            (
                "alert",
                "haproxy.cfg",
                9,
                'unmatched quote at position 33:\n  http-request set-header X-Y "abc\n',
                'http-request set-header X-Y "abc',
            )
        ],
    ),
    (
        "password on the offending line",
        False,
        [("alert", "haproxy.cfg", 7, "'user' only supports", "user root insecure-password ******** gruops x")],
    ),
    (
        "rules in another order",
        True,
        [("warning", "haproxy.cfg", 10, "a 'redirect' rule placed", "redirect location /")],
    ),
    (
        "keyword out of section",
        False,
        [("alert", "haproxy.cfg", 1, "unknown keyword 'bind' out of section", "bind :80")],
    ),
    ("missing file", False, [("alert", None, None, "Cannot open configuration file/directory", None)]),
    ("empty directory", False, [("alert", "conf.d", None, "no configuration file found", None)]),
    ("two files", False, [("alert", "web.cfg", 4, "unknown keyword 'bogus'", "bogus")]),
    ("directory", False, [("alert", "10.cfg", 3, "Proxy 'web': unable to find", "default_backend app")]),
    ("interface of a listener missing", True, []),
    ("interface of connections to servers missing", True, []),
    ("interface of connections to one server missing", True, []),
    ("address of a listener missing", True, []),
    ("address of connections to servers missing", True, []),
    ("chroot missing", True, []),
]

# case, and what is wrong with it on this host: line, how the message begins, source
ON_THIS_HOST = [
    ("ok", []),
    (
        "interface of a listener missing",
        [(7, "this host has no interface nosuch0: name one", "bind :8080 interface nosuch0")],
    ),
    (
        "interface of connections to servers missing",
        [(10, "this host has no interface nosuch0", "source 0.0.0.0 interface nosuch0")],
    ),
    (
        "interface of connections to one server missing",
        [(10, "this host has no interface nosuch0", "server one 10.0.0.1:80 check source 0.0.0.0 interface nosuch0")],
    ),
    (
        "address of a listener missing",
        [(7, "this host cannot bind to 192.0.2.9 (Cannot assign requested address)", "bind 192.0.2.9:8080")],
    ),
    ("address of connections to servers missing", [(10, "this host cannot bind to 192.0.2.9", "source 192.0.2.9")]),
    ("chroot missing", [(2, "the directory /nonexistent does not exist: create it", "chroot /nonexistent")]),
]


def check_case(case, release, tmp_path, **kwargs):
    recorded = RECORDED["cases"][case]
    write_files(recorded, tmp_path)
    names = recorded.get("paths") or list(recorded["files"])[:1]
    return check(Replay(RECORDED, case, release, tmp_path), [str(tmp_path / name) for name in names], **kwargs)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("case", "valid", "findings"), CASES, ids=[case[0] for case in CASES])
def test_check(case, valid, findings, release, tmp_path):
    verdict = check_case(case, release, tmp_path)
    assert verdict.valid is valid
    assert said(verdict, findings, tmp_path) == findings


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("case", "findings"), ON_THIS_HOST, ids=[case[0] for case in ON_THIS_HOST])
def test_what_this_host_does_not_have(case, findings, release, tmp_path):
    if KERNEL.joinpath("net/ipv4/ip_nonlocal_bind").read_text().strip() == "1" and "address" in case:
        pytest.skip("this host lets anybody bind to every address")
    verdict = check_case(case, release, tmp_path, host=Host())
    assert verdict.valid is not bool(findings)
    assert [
        (f.line, f.message[: len(begin)], f.source) for f, (_line, begin, _source) in zip(verdict.findings, findings)
    ] == findings
    assert [f.file for f in verdict.findings] == [f"{tmp_path}/haproxy.cfg"] * len(findings)


def test_every_recorded_case_is_expected():
    assert [case[0] for case in CASES] == list(RECORDED["cases"])


@pytest.mark.parametrize("case", ["missing timeouts", "rules in another order"])
def test_warnings_can_be_fatal(case, tmp_path):
    verdict = check_case(case, "debian13", tmp_path, fatal_warnings=True)
    assert (verdict.valid, verdict.rc) == (False, 0)


@pytest.mark.parametrize(("release", "expected"), [("debian12", "2.6.12-1+deb12u4"), ("debian13", "3.0.11-1+deb13u5")])
def test_version(release, expected, tmp_path):
    assert version(Replay(RECORDED, "ok", release, tmp_path)) == expected
    assert check_case("ok", release, tmp_path).version == expected


def test_paths_are_given_in_their_order(tmp_path):
    run = Replay(RECORDED, "two files", "debian13", tmp_path)
    check(run, ["/b.cfg", "/a.cfg"], binary="/opt/haproxy")
    assert run.argvs[0] == ["/opt/haproxy", "-c", "-f", "/b.cfg", "-f", "/a.cfg"]


@pytest.mark.parametrize(
    ("rc", "stderr", "message"),
    [
        (1, "", "haproxy refused the configuration (exit code 1) and said nothing"),
        (-11, "", "haproxy refused the configuration (was ended by signal 11) and said nothing"),
        (124, "", "haproxy refused the configuration (its check did not come to an end in time) and said nothing"),
        (1, "Out of cheese\n", "haproxy refused the configuration (exit code 1) and said only:\nOut of cheese"),
    ],
)
def test_a_refusal_always_has_a_message(rc, stderr, message):
    verdict = check(lambda argv: (rc, "", stderr), ["/x.cfg"])
    assert (verdict.valid, verdict.findings) == (False, [Finding("alert", message)])


@pytest.mark.parametrize(("text", "mode"), [("global\n", []), ("global\n program log\n  command a\n", ["-W"])])
def test_only_a_master_process_knows_programs(text, mode, tmp_path):
    (tmp_path / "a.cfg").write_text(text)
    asked = []

    def run(argv):
        asked.append(argv)
        return 0, "", ""

    check(run, [str(tmp_path)])
    assert asked[0] == ["haproxy", *mode, "-c", "-f", str(tmp_path)]


def test_missing_program():
    def run(argv):
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(CheckerMissing, match=r"cannot run haproxy .*: No such file or directory\. Is it installed"):
        check(run, ["/x.cfg"])


def test_a_secret_that_is_cited_is_masked():
    stderr = (
        "[ALERT] (1) : config : parsing [/x.cfg:2] : unmatched quote at position 12:\n  stats auth "
        '"admin:unutterable\n             ^\n'
    )
    verdict = check(lambda argv: (1, "", stderr), ["/x.cfg"])
    assert (
        verdict.findings[0].message == 'unmatched quote at position 12:\n  stats auth "admin:********\n             ^'
    )
    assert "unutterable" not in str(verdict.to_dict())


def test_a_server_that_is_drained_is_no_finding():
    said = (
        "[WARNING]  (17) : Server web/web1 remains in forced drain mode.\n[WARNING]  (17) : config : something else\n"
    )
    assert list(parse(said)) == [Finding("warning", "something else")]


def test_parse_of_the_form_before_2_4():
    stderr = "[ALERT] 325/061505 (12) : parsing [/x.cfg:2] : unknown keyword 'x' in 'global' section\n"
    assert list(parse(stderr)) == [Finding("alert", "unknown keyword 'x' in 'global' section", "/x.cfg", 2)]


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (Finding("alert", "no", "/x.cfg", 2, "bad line"), "/x.cfg:2: no\n    > bad line"),
        (Finding("alert", "no", "/x.cfg"), "/x.cfg: no"),
        (Finding("alert", "no"), "no"),
        (Finding("alert", "no\nreally", "/x.cfg", 2), "/x.cfg:2: no\n    really"),
    ],
)
def test_describe(finding, text):
    assert finding.describe() == text


def test_renamed():
    verdict = Verdict(False, "3.0", [Finding("alert", "no /tmp/x", "/tmp/x", 1, "a")], "said /tmp/x", 1)
    assert verdict.rename_file("/tmp/x", "content").to_dict() == {
        "valid": False,
        "version": "3.0",
        "findings": [{"severity": "alert", "message": "no content", "file": "content", "line": 1, "source": "a"}],
        "output": "said content",
        "rc": 1,
    }


@pytest.mark.parametrize(
    ("text", "path"),
    [("global\n  server-state-file /run/a/state\n", "/run/a/state"), ("global\n  server-state-file\n", ""), (None, "")],
)
def test_the_file_with_the_state_of_servers(text, path, tmp_path):
    file = tmp_path / "haproxy.cfg"
    if text:
        file.write_text(text)
    assert find_state_file(str(file), Host()) == path
