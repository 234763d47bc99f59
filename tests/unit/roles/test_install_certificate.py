"""The program that has haproxy serve a certificate; what it does on a host is a story of the scenario security."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest
from samples.endless import endless

PROGRAM = Path(__file__).parents[3] / "roles/haproxy/files/install_certificate.py"
specification = importlib.util.spec_from_file_location("install_certificate", PROGRAM)
program = importlib.util.module_from_spec(specification)
specification.loader.exec_module(program)


def pem(kind, content="QUJD"):
    return f"-----BEGIN {kind}-----\n{content}\n-----END {kind}-----\n"


def openssl(arguments, given=""):
    return subprocess.run(
        ["openssl", *arguments.split()], input=given, check=True, capture_output=True, text=True
    ).stdout


KEY, CERTIFICATE, ISSUER = pem("PRIVATE KEY"), pem("CERTIFICATE"), pem("CERTIFICATE", "REVG")


@pytest.mark.parametrize(
    ("text", "installed"),
    [
        (CERTIFICATE + KEY, CERTIFICATE + KEY),
        (KEY + CERTIFICATE + ISSUER, CERTIFICATE + ISSUER + KEY),
        (f"subject=CN = a\n{CERTIFICATE}\n\nissuer\n{pem('EC PRIVATE KEY')}", CERTIFICATE + pem("EC PRIVATE KEY")),
        (pem("EC PARAMETERS") + pem("RSA PRIVATE KEY") + CERTIFICATE, CERTIFICATE + pem("RSA PRIVATE KEY")),
        ((CERTIFICATE + KEY).replace("\n", "\r\n"), CERTIFICATE + KEY),
    ],
)
def test_certificates_stand_before_the_key_and_nothing_around_them(text, installed):
    assert program.parse_pem(text) == installed


@pytest.mark.parametrize(
    ("text", "counts"),
    [("", "0 and 0"), (KEY, "1 and 0"), (CERTIFICATE, "0 and 1"), (KEY + KEY + CERTIFICATE, "2 and 1")],
)
def test_one_key_and_a_certificate_are_needed(text, counts):
    with pytest.raises(program.Refused, match=f"there are {counts}"):
        program.parse_pem(text)


def test_the_fingerprint_is_that_of_openssl():
    made = openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=a -keyout /dev/stdout")
    shown = openssl("x509 -noout -sha1 -fingerprint", made)
    assert program.fingerprint(made) == shown.strip().partition("=")[2].replace(":", "")


MISMATCH = """\
[NOTICE]   (2687) : haproxy version is 3.0.11-1+deb13u5
[ALERT]    (2687) : config : parsing [trial.cfg:4] : 'bind 127.0.0.1:443' in section 'a' : \
inconsistencies between key and certificate
[ALERT]    (2687) : config : Error(s) found in configuration file : trial.cfg
"""


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [(MISMATCH, "inconsistencies between key and certificate"), ("haproxy: not found\n", "haproxy: not found")],
)
def test_the_reason_is_haproxys_first_complaint(stderr, reason):
    assert program.reason(stderr) == reason


def test_a_certificate_is_tried_by_the_haproxy_that_serves_it():
    assert program.program("", "/run/a") == ["haproxy"]
    docker, *options, image, haproxy = program.program("evenkeel/haproxy:1", "/run/a")
    assert (docker, image, haproxy) == ("docker", "evenkeel/haproxy:1", "haproxy")
    assert {"run", "--rm", "--pull=never", "--mount=type=bind,src=/run/a,dst=/run/a,readonly"} <= set(options)


@pytest.mark.parametrize("name", ["../a", ".a", "a/b", "", "a b", "*"])
def test_a_name_stays_in_the_directory(tmp_path, name):
    with pytest.raises(program.Refused, match="letters, digits"):
        program.main(str(tmp_path), "/nowhere", "", name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_as_a_whole_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "a.pem"
    path.write_text("old")
    program.replace(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_haproxy_that_does_not_answer_serves_nothing(tmp_path):
    assert program.read_served_fingerprint(str(tmp_path / "none.sock"), tmp_path / "a.pem") == ""


def test_an_answer_without_an_end_names_no_certificate(tmp_path):
    with endless(tmp_path / "admin.sock"):
        assert program.read_served_fingerprint(str(tmp_path / "admin.sock"), tmp_path / "www.pem") == ""
