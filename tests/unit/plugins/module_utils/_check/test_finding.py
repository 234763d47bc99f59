# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords and private keys are recognised where they stand."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.finding import Finding
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.secrets import find_secrets, mask_secrets

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


# A line, and its secrets by their names.
LITERALS = [
    ('http-request set-header X-Api-Key "abc def"', {"X-Api-Key": "abc def"}),
    ("http-request set-header X-Api-Key abc;d if { ssl_fc }", {"X-Api-Key": "abc;d"}),
    ("http-request set-header Authorization Token\\ abc", {"Authorization": "abc"}),
    (
        "http-check send meth GET uri / hdr Authorization 'Basic YTpi' hdr X-Token b",
        {"Authorization": "YTpi", "X-Token": "b"},
    ),
    ("http-request add-header Proxy-Authorization Basic\\ %[var(txn.a)]", {}),
    ("http-request set-header X-Token %[req.hdr(X-Token)]", {}),
    ("set-param DB_PASSWORD abc", {"DB_PASSWORD": "abc"}),
    ("http-request set-var(txn.api_key) str(abc)", {"api_key": "abc"}),
    (
        "option httpchk GET / HTTP/1.1\\r\\nHost:\\ a\\r\\nAuthorization:\\ Basic\\ YTpi\\r\\nA:\\ b",
        {"Authorization": "YTpi"},
    ),
    ("tcp-check send AUTH\\ abc\\r\\n", {"AUTH": "abc"}),
    ('tcp-check send "AUTH a bc\\r\\n" comment "x"', {"AUTH": "a bc"}),
    ("tcp-check send PING\\r\\n", {}),
    ("tcp-check send-binary 41555448206162630d0a", {"password": "206162630d0a"}),
    ("tcp-check send-binary 50494e470d0a", {}),
    ("setenv REDIS_PASSWORD abc", {"REDIS_PASSWORD": "abc"}),
    ("setenv TOKEN_FILE /run/token", {}),
    ("setenv LOG 192.0.2.50", {}),
    ("acl key req.hdr(X-Api-Key) -m str abc def", {"X-Api-Key": "abc def"}),
    ("http-request deny unless { hdr(X-Token) abc } { src ::1 }", {"X-Token": "abc"}),
    ("use_backend a if { urlp(token),lower -m str abc } || { path /a }", {"token": "abc"}),
    ("acl key req.hdr(X-Token) -m found", {}),
    ("acl key req.hdr(X-Token) -f /etc/haproxy/keys", {}),
    ("acl basic req.hdr(Authorization) -m beg Basic", {}),
    ("http-request deny unless { http_auth_bearer -m str abc }", {"http_auth_bearer": "abc"}),
    ('proxy_set_header Authorization "Basic YTpi";', {"Authorization": "YTpi"}),
    ("proxy_set_header Authorization $http_authorization;", {}),
    ('proxy_set_header Authorization "Bearer $token";', {}),
    ('proxy_set_header Authorization "";', {}),
    ("fastcgi_param DB_PASSWORD abc;", {"DB_PASSWORD": "abc"}),
    ("fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;", {}),
    ('set $api_key "abc";', {"api_key": "abc"}),
    ("set $api_key $arg_key;", {}),
    ('if ($http_x_api_key != "abc") { return 403; }', {"http_x_api_key": "abc"}),
    ("if ($arg_token = abc) {", {"arg_token": "abc"}),
    ("if ($http_host = abc) {", {}),
    ('secure_link_md5 "$secure_link_expires$uri abc";', {"secure_link_md5": "$secure_link_expires$uri abc"}),
    ("env API_TOKEN=abc;", {"API_TOKEN": "abc"}),
    ('script "/usr/bin/curl -sf -u admin:abc http://127.0.0.1/"', {"password": "abc"}),
    ('script "/usr/bin/mysqladmin -u root -pabc ping"', {"password": "abc"}),
    ('script "redis-cli -a abc ping"', {"password": "abc"}),
    ('notify_master "/opt/notify --token=abc master"', {"token": "abc"}),
    ('script "/usr/bin/curl http://a:abc@192.0.2.1/"', {"password": "abc"}),
    ("auth_pass abc", {"auth_pass": "abc"}),
]


@pytest.mark.parametrize(("line", "secrets"), LITERALS)
def test_secrets_of_a_line(line, secrets):
    found = find_secrets(line)
    assert {secret.name: line[secret.start : secret.end] for secret in found} == secrets
    assert not any(secret in mask_secrets(line) for secret in secrets.values())


def test_a_finding_masks_the_line_and_what_the_checker_cites():
    finding = Finding(
        "alert", "Truncating auth_pass to 8 characters\nauth_pass unutterable", "/x", 1, "auth_pass unutterable"
    )
    assert (
        finding.describe()
        == "/x:1: Truncating auth_pass to 8 characters\n    auth_pass ********\n    > auth_pass ********"
    )
