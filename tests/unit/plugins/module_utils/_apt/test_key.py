# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._apt.key import (
    KeyRefused,
    check_fingerprints,
    decode_key,
    encode_key,
    list_fingerprints,
)

# Made by gpg for these tests.
ARMORED = """-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEaw2dhxYJKwYBBAHaRw8BAQdAy3F6TDGWfDKFY7kOmaebKOXhSTAR9Xum9/kZ
SRWG8Tu0HXN0b3JpZXMgPHN0b3JpZXNAZXhhbXBsZS5jb20+iJYEExYIAD4WIQRV
vzP7bGrQXhGj4usSPYuACWjYowUCaw2dhwIbAwUJA8JnAAULCQgHAgYVCgkICwIE
FgIDAQIeAQIXgAAKCRASPYuACWjYo9+GAPwI6XAes9OHyCNwKoRSDTEvUXcWsNNH
IzCAzulHCyVbMgD/ewvoIGMOml7LNdO2Z1znKYaOCmSw3eBfM6UVLndOIwI=
=RENa
-----END PGP PUBLIC KEY BLOCK-----
"""
FINGERPRINT = "55BF33FB6C6AD05E11A3E2EB123D8B800968D8A3"
PACKETS = decode_key(ARMORED.encode())
FIRST = PACKETS[: 2 + PACKETS[1]]
"""The packet with the key itself, in the old format."""


def test_a_key_has_the_fingerprint_that_gpg_prints():
    assert list_fingerprints(PACKETS) == [FINGERPRINT]


@pytest.mark.parametrize(
    "text",
    [
        ARMORED,
        ARMORED.replace("\n", "\r\n"),
        ARMORED.replace("BLOCK-----\n\n", "BLOCK-----\nComment: of the stories\n\n"),
        f"a note\n{ARMORED}",
    ],
)
def test_armor_is_read_as_its_writers_write_it(text):
    assert decode_key(text[text.index("-----") :].encode()) == PACKETS


def test_several_blocks_are_one_ring():
    assert list_fingerprints(decode_key(ARMORED.encode() * 2)) == [FINGERPRINT, FINGERPRINT]


def test_a_key_without_armor_is_read():
    assert decode_key(PACKETS) == PACKETS


def test_what_is_written_is_read_again():
    assert decode_key(encode_key(PACKETS).encode()) == PACKETS


def test_the_length_of_a_packet_has_several_forms():
    body = FIRST[2:]
    packets = [
        bytes([0xC6, len(body)]) + body,
        bytes([0xC6, 255]) + len(body).to_bytes(4, "big") + body,
        bytes([0x99]) + len(body).to_bytes(2, "big") + body,
        bytes([0x9A]) + len(body).to_bytes(4, "big") + body,
    ]
    assert {fingerprint for packet in packets for fingerprint in list_fingerprints(packet)} == {FINGERPRINT}
    long = body + bytes(300)
    two = bytes([0xC6, 192 + ((len(long) - 192) >> 8), (len(long) - 192) & 0xFF]) + long
    assert list_fingerprints(two) == list_fingerprints(bytes([0x9A]) + len(long).to_bytes(4, "big") + long)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no public key"),
        (b"<html>", "no OpenPGP key"),
        (FIRST[:-1], "within a packet"),
        (FIRST[:1], "within a packet"),
        (bytes([0x94]) + FIRST[1:], "private key"),
        (bytes([0x9B, 1]), "without a length"),
        (bytes([0xC6, 225, 0]), "in parts"),
        (bytes([0xC6, 2, 3, 0]), "of version 3"),
        (bytes([0xCD, 1, 0]), "no public key"),
    ],
)
def test_what_is_no_public_key_is_refused(content, reason):
    with pytest.raises(KeyRefused, match=reason):
        list_fingerprints(content)


@pytest.mark.parametrize("text", ["-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc", "-----BEGIN CERTIFICATE-----\n"])
def test_armor_without_its_end_is_refused(text):
    with pytest.raises(KeyRefused, match="no complete block"):
        decode_key(text.encode())


def test_damaged_armor_is_refused():
    with pytest.raises(KeyRefused, match="damaged"):
        decode_key(ARMORED.replace("mDME", "mDM").encode())


@pytest.mark.parametrize(
    "wanted",
    [[], [FINGERPRINT], [FINGERPRINT.lower()], [" ".join(FINGERPRINT[n : n + 4] for n in range(0, 40, 4))]],
)
def test_a_declared_fingerprint_is_accepted_in_every_spelling(wanted):
    check_fingerprints(PACKETS, wanted)


def test_a_second_key_needs_its_fingerprint_too():
    other = bytes([0xC6, 2, 4, 0])
    with pytest.raises(KeyRefused, match=f"{FINGERPRINT}, [0-9A-F]{{40}}, but {FINGERPRINT} was declared"):
        check_fingerprints(PACKETS + other, [FINGERPRINT])


def test_a_checksum_is_no_part_of_the_key():
    assert b"=" not in base64.b64encode(PACKETS)[:-2]
    text = ARMORED.replace("-----END", "=abcd\n-----END")
    assert decode_key(text.encode()) == PACKETS
