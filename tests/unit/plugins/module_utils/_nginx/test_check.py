# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.finding import CheckerMissing, Finding
from ansible_collections.evenkeel.ha_web.plugins.module_utils._nginx.check import check, parse, version
from recorded.replay import RELEASES, Replay, load, said, write_files

RECORDED = load("nginx")
OLD_HTTP2 = ("warning", "nginx.conf", 4, 'the "listen ... http2" directive is deprecated', "listen 8080 http2;")

# case, whether it is valid, and of every finding: severity, file, line, how the message begins, source
CASES = [
    ("ok", True, []),
    ("unknown directive", False, [("alert", "nginx.conf", 5, 'unknown directive "bogus"', "bogus on;")]),
    (
        "missing semicolon",
        False,
        [("alert", "nginx.conf", 5, 'invalid parameter "server_name"', "server_name example.com;")],
    ),
    ("missing brace", False, [("alert", "nginx.conf", 6, 'unexpected end of file, expecting "}"', None)]),
    (
        "missing include",
        False,
        [("alert", "nginx.conf", 5, 'open() "/nonexistent/site.conf" failed', "include /nonexistent/site.conf;")],
    ),
    (
        "missing certificate",
        False,
        [
            (
                "alert",
                "nginx.conf",
                5,
                'cannot load certificate "/nonexistent/site.pem"',
                "ssl_certificate /nonexistent/site.pem;",
            )
        ],
    ),
    (
        "unresolvable upstream",
        False,
        [("alert", "nginx.conf", 5, "host not found in upstream", "location / { proxy_pass http://app.invalid; }")],
    ),
    ("unknown user", False, [("alert", "nginx.conf", 1, 'getpwnam("nosuch") failed', "user nosuch;")]),
    ("server name used twice", True, [("warning", None, None, 'conflicting server name "a"', None)]),
    ("old http2", True, {"debian12": [], "debian13": [OLD_HTTP2]}),
    ("empty", False, [("alert", None, None, 'no "events" section in configuration', None)]),
    ("missing", False, [("alert", None, None, "open() ", None)]),
]


def check_case(case, release, tmp_path):
    write_files(RECORDED["cases"][case], tmp_path)
    return check(Replay(RECORDED, case, release, tmp_path), str(tmp_path / "nginx.conf"))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("case", "valid", "findings"), CASES, ids=[case[0] for case in CASES])
def test_check(case, valid, findings, release, tmp_path):
    findings = findings[release] if isinstance(findings, dict) else findings
    verdict = check_case(case, release, tmp_path)
    assert verdict.valid is valid
    assert said(verdict, findings, tmp_path) == findings


def test_every_recorded_case_is_expected():
    assert [case[0] for case in CASES] == list(RECORDED["cases"])


def test_both_forms_of_a_message_are_one_finding():
    stderr = (
        'nginx: [emerg] unknown directive "x" in /x.conf:1\n'
        '2026/11/21 06:15:07 [emerg] 1194#1194: unknown directive "x" in /x.conf:1\n'
        "nginx: configuration file /x.conf test failed\n"
    )
    verdict = check(lambda argv: (1, "", stderr), "/x.conf")
    assert verdict.findings == [Finding("alert", 'unknown directive "x"', "/x.conf", 1)]


# what nginx says without a place, and the line that is meant
CITED = [
    ('cannot load certificate "{0}/shop.pem": BIO_new_file() failed', ("sites/a.conf", 2, "ssl_certificate shop.pem;")),
    (
        'cannot load certificate key "{0}/keys/shop.key": BIO_new_file() failed',
        ("sites/a.conf", 3, "ssl_certificate_key keys/shop.key;"),
    ),
    (
        'open() "/nonexistent/shop.log" failed (2: No such file or directory)',
        ("nginx.conf", 3, "access_log /nonexistent/shop.log;"),
    ),
    ('unknown "colour" variable', ("sites/b.conf", 1, "return 200 $colour;")),
    ('zero size shared memory zone "shop"', ("nginx.conf", 2, "limit_req zone=shop;")),
    ('no "events" section in configuration', (None, None, None)),
    ("out of cheese", (None, None, None)),
]


@pytest.mark.parametrize(("said", "place"), CITED)
def test_what_is_said_without_a_place_gets_one(said, place, tmp_path):
    (tmp_path / "sites").mkdir()
    (tmp_path / "nginx.conf").write_text(
        "# colour, shop\nlimit_req zone=shop;\naccess_log /nonexistent/shop.log;\ninclude sites/*.conf;\ninclude "
        "missing.conf;\n"
    )
    (tmp_path / "sites/a.conf").write_text(
        "\nssl_certificate shop.pem;\nssl_certificate_key keys/shop.key;\ninclude sites/a.conf;\n"
    )
    (tmp_path / "sites/b.conf").write_text("return 200 $colour;\n")
    (finding,) = check(
        lambda argv: (1, "", f"nginx: [emerg] {said.format(tmp_path)}\n"), f"{tmp_path}/nginx.conf"
    ).findings
    assert (finding.file and finding.file.removeprefix(f"{tmp_path}/"), finding.line, finding.source) == place


@pytest.mark.parametrize(
    ("level", "severity"),
    [("emerg", "alert"), ("alert", "alert"), ("error", "alert"), ("warn", "warning"), ("notice", "notice")],
)
def test_severity(level, severity):
    assert list(parse(f"nginx: [{level}] text")) == [Finding(severity, "text")]


def test_without_path_it_is_the_configuration_of_the_service():
    argvs = []
    check(lambda argv: argvs.append(argv) or (0, "", ""), binary="/opt/nginx")
    assert argvs[0] == ["/opt/nginx", "-t"]


def test_a_refusal_always_has_a_message():
    verdict = check(lambda argv: (1, "", "Out of cheese"), "/x.conf")
    message = "nginx refused the configuration (exit code 1) and said only:\nOut of cheese"
    assert (verdict.valid, verdict.findings) == (False, [Finding("alert", message)])


def test_missing_program():
    def run(argv):
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(CheckerMissing, match="cannot run nginx "):
        check(run)


@pytest.mark.parametrize(("release", "expected"), [("debian12", "1.22.1"), ("debian13", "1.26.3")])
def test_version(release, expected, tmp_path):
    assert version(Replay(RECORDED, "ok", release, tmp_path)) == expected
