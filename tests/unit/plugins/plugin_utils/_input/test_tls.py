# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input import tls

NEWER = ["X25519MLKEM768"]
OLD = ("CBC", "DHE-RSA", "RC4", "3DES", "SHA1", "NULL", "MD5")


@pytest.mark.parametrize(("profile", "oldest"), [("intermediate", "TLSv1.2"), ("modern", "TLSv1.3")])
def test_the_profiles_differ_in_the_oldest_version(profile, oldest):
    assert (
        tls.haproxy(profile, [])[0]
        == f"ssl-default-bind-options ssl-min-ver {oldest} no-tls-tickets prefer-client-ciphers"
    )
    assert tls.nginx(profile, [])["ssl_protocols"].split()[0] == oldest


def test_a_curve_that_openssl_does_not_know_is_not_named():
    assert "ssl-default-bind-curves X25519:prime256v1:secp384r1" in tls.haproxy("modern", [])
    assert "ssl-default-bind-curves X25519MLKEM768:X25519:prime256v1:secp384r1" in tls.haproxy("modern", NEWER)
    assert tls.nginx("modern", [])["ssl_ecdh_curve"] == "X25519:prime256v1:secp384r1"
    assert tls.nginx("modern", NEWER)["ssl_ecdh_curve"] == "X25519MLKEM768:X25519:prime256v1:secp384r1"


def test_every_cipher_has_forward_secrecy_and_ecdsa_stands_before_rsa():
    ciphers = tls.CIPHERS.split(":")
    assert len(ciphers) == 6
    assert all(cipher.startswith("ECDHE-") for cipher in ciphers)
    assert [cipher.split("-")[1] for cipher in ciphers] == ["ECDSA", "RSA"] * 3
    assert [word for word in OLD if any(cipher.startswith(word) or f"-{word}" in cipher for cipher in ciphers)] == []


@pytest.mark.parametrize(("releases", "curves"), [({}, []), ({"openssl": "3.0.16"}, []), ({"openssl": "3.5.1"}, NEWER)])
def test_a_newer_curve_is_one_of_the_releases_openssl(releases, curves):
    assert tls.newer_curves(releases) == curves
