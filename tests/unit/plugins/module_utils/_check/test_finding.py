# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords and private keys are recognised where they stand."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.finding import Finding
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.secrets import mask_secrets

KEY = "-----BEGIN {0}PRIVATE KEY-----\nProc-Type: 4\nunutter-able\n-----END {0}PRIVATE KEY-----\n"

SECRETS = [
    ("stats auth admin:unutterable", "stats auth admin:********"),
    ("    stats auth admin:unutter able # mine", "    stats auth admin:********"),
    ('stats auth "admin:unutter able"', 'stats auth "admin:********'),
    ("user tiger password $6$unutterable groups g", "user tiger password ******** groups g"),
    ("user tiger insecure-password unutterable", "user tiger insecure-password ********"),
    ('user tiger insecure-password "unutter able" groups g', "user tiger insecure-password ******** groups g"),
    ('user tiger insecure-password unutter\\ a"b l"e groups g', "user tiger insecure-password ******** groups g"),
    ('user tiger insecure-password "unutter able', "user tiger insecure-password ********"),
    ("auth_pass unutterable", "auth_pass ********"),
    ('auth_pass "unutter able"', "auth_pass ********"),
    ("authentication { auth_type PASS auth_pass unutterable }", "authentication { auth_type PASS auth_pass ******** }"),
    ("dynamic-cookie-key unutterable", "dynamic-cookie-key ********"),
    (
        'http-request set-header Authorization "Basic unutterable="',
        'http-request set-header Authorization "Basic ********',
    ),
    ("proxy_set_header Authorization 'Bearer unutterable';", "proxy_set_header Authorization 'Bearer ********"),
    (KEY.format(""), "-----BEGIN PRIVATE KEY-----\n********\n-----END PRIVATE KEY-----\n"),
    (KEY.format("RSA ") + "more", "-----BEGIN RSA PRIVATE KEY-----\n********\n-----END RSA PRIVATE KEY-----\nmore"),
    ("-----BEGIN EC PRIVATE KEY-----\nunutterable", "-----BEGIN EC PRIVATE KEY-----\n********"),
]

OPEN = [
    "stats auth admin",
    "stats enable",
    "auth_type PASS",
    "a password\nof the next line",
    "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n",
]


@pytest.mark.parametrize(("text", "shown"), SECRETS)
def test_what_is_secret_is_masked(text, shown):
    assert mask_secrets(text) == shown
    assert mask_secrets(f"before\n{KEY.format('')}{text}") == f"before\n{mask_secrets(KEY.format(''))}{shown}"


@pytest.mark.parametrize("text", OPEN)
def test_everything_else_is_shown(text):
    assert mask_secrets(text) == text


def test_a_finding_masks_the_line_and_what_the_checker_cites():
    finding = Finding(
        "alert", "Truncating auth_pass to 8 characters\nauth_pass unutterable", "/x", 1, "auth_pass unutterable"
    )
    assert (
        finding.describe()
        == "/x:1: Truncating auth_pass to 8 characters\n    auth_pass ********\n    > auth_pass ********"
    )
