# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates leave a node only encrypted for another, and arrive there whole."""

from __future__ import annotations

import base64
import subprocess

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.store import (
    StoreError,
    create_request,
    decrypt,
    encrypt,
    install,
    list_certificates,
)

OPENSSL = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=www.example.com"


def certificate(days=30) -> bytes:
    argv = [*OPENSSL.split(), "-days", str(days), "-keyout", "/dev/stdout"]
    return subprocess.run(argv, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def pem() -> bytes:
    return certificate()


@pytest.fixture
def store(tmp_path, pem):
    directory = tmp_path / "store"
    directory.mkdir()
    (directory / "www.pem").write_bytes(pem)
    return directory


def test_a_store_lists_its_certificates_and_what_is_none(store):
    (store / "broken.pem").write_text("nothing")
    (store / ".hidden.pem").write_text("half of one")
    (store / "note.txt").write_text("a note")
    broken, www = list_certificates(store)
    assert (broken["name"], broken["expires"], broken["valid"]) == ("broken", "", False)
    assert (www["name"], www["valid"], len(www["digest"])) == ("www", True, 64)


def test_a_store_that_does_not_exist_has_nothing(tmp_path):
    assert list_certificates(tmp_path / "nowhere") == []


def test_certificates_arrive_as_they_were(store, tmp_path, pem):
    (store / "a.b-c.pem").write_bytes(pem * 2)
    keys = tmp_path / "keys"
    text = encrypt(store, ["www", "a.b-c"], create_request(keys))
    assert decrypt(keys, text) == {"www": pem, "a.b-c": pem * 2}


def test_what_is_passed_on_has_no_private_key_and_the_transfers_own_is_deleted(store, tmp_path, pem):
    keys = tmp_path / "keys"
    recipient = create_request(keys)
    assert (keys / "key").stat().st_mode & 0o077 == 0
    text = encrypt(store, ["www"], recipient)
    assert "PRIVATE" not in recipient
    assert b"PRIVATE" not in base64.b64decode(text)
    assert pem.splitlines()[1] not in base64.b64decode(text)
    decrypt(keys, text)
    assert not keys.exists()


def test_another_key_does_not_decrypt_them(store, tmp_path):
    text = encrypt(store, ["www"], create_request(tmp_path / "keys"))
    create_request(tmp_path / "others")
    with pytest.raises(StoreError, match="cannot be decrypted"):
        decrypt(tmp_path / "others", text)
    assert not (tmp_path / "others").exists()


@pytest.mark.parametrize("name", ["../../etc/shadow", "", ".hidden", "a/b", "a b"])
def test_names_do_not_lead_out_of_the_store(store, tmp_path, name):
    with pytest.raises(StoreError, match="no name of a certificate"):
        encrypt(store, [name], create_request(tmp_path / "keys"))
    with pytest.raises(StoreError, match="no name of a certificate"):
        install(store, {name: b""})


def test_a_new_store_can_be_read_by_root_alone(tmp_path, pem):
    install(tmp_path / "new", {"www": pem})
    assert (tmp_path / "new/www.pem").read_bytes() == pem
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("new", "new/www.pem")] == [0o700, 0o600]
