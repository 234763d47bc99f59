# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenPGP keys of package sources: their fingerprints, without a program that the host may lack."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

ARMOR = re.compile(
    r"-----BEGIN PGP PUBLIC KEY BLOCK-----\s*?\n(?:[!-9;-~]+:[^\n]*\n)*\s*?\n(.*?)-----END PGP PUBLIC KEY BLOCK-----",
    re.DOTALL,
)
CHECKSUM = re.compile(r"^=[A-Za-z0-9+/]{4}\s*$", re.MULTILINE)
PUBLIC_KEY, SECRET_KEYS = 6, (5, 7)
"""Tags of packets, of RFC 9580."""


class KeyRefused(ValueError):
    """What is read is no public key, or not the one that was asked for."""


def decode_key(content: bytes) -> bytes:
    """Return the packets of a key in armor, or of one that needs none. Raises KeyRefused."""
    if not content.lstrip().startswith(b"-----"):
        return content
    blocks = ARMOR.findall(content.decode("ascii", errors="replace").replace("\r\n", "\n"))
    if not blocks:
        raise KeyRefused("it has no complete block PGP PUBLIC KEY BLOCK")
    try:
        return b"".join(base64.b64decode(CHECKSUM.sub("", block)) for block in blocks)
    except binascii.Error as error:
        raise KeyRefused(f"its text is damaged: {error}") from error


def encode_key(packets: bytes) -> str:
    """Return the key in armor."""
    text = base64.b64encode(packets).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PGP PUBLIC KEY BLOCK-----", "", *lines, "-----END PGP PUBLIC KEY BLOCK-----"])


def list_fingerprints(packets: bytes) -> list[str]:
    """Return the fingerprints of all primary keys, in capitals. Raises KeyRefused."""
    found = []
    for tag, body in _split_packets(packets):
        if tag in SECRET_KEYS:
            raise KeyRefused("it has a private key; use the public key alone")
        if tag == PUBLIC_KEY:
            found.append(_compute_fingerprint(body))
    if not found:
        raise KeyRefused("it has no public key")
    return found


def check_fingerprints(packets: bytes, wanted: list[str]) -> None:
    """Raise KeyRefused unless every primary key has one of these fingerprints; an empty list accepts all."""
    accepted = {re.sub(r"\s", "", fingerprint).upper() for fingerprint in wanted}
    found = list_fingerprints(packets)
    if accepted and not accepted.issuperset(found):
        raise KeyRefused(f"its fingerprint is {', '.join(found)}, but {', '.join(sorted(accepted))} was declared")


def _split_packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags of the packets, with their bodies."""
    position = 0
    while position < len(content):
        first = content[position]
        if not first & 0x80:
            raise KeyRefused("it is no OpenPGP key")
        try:
            tag, start, length = (_read_new if first & 0x40 else _read_old)(content, position)
        except IndexError:
            raise KeyRefused("it ends within a packet") from None
        position = start + length
        if position > len(content):
            raise KeyRefused("it ends within a packet")
        yield tag, content[start:position]


def _read_new(content: bytes, position: int) -> tuple[int, int, int]:
    """The tag, the start of the body and its length, of a header in the present format."""
    tag, first = content[position] & 0x3F, content[position + 1]
    if first < 192:
        return tag, position + 2, first
    if first < 224:
        return tag, position + 3, ((first - 192) << 8) + content[position + 2] + 192
    if first == 255:
        return tag, position + 6, int.from_bytes(content[position + 2 : position + 6], "big")
    raise KeyRefused("it has packets in parts, as no key has")


def _read_old(content: bytes, position: int) -> tuple[int, int, int]:
    """The same of a header in the format of RFC 1991."""
    tag, kind = (content[position] >> 2) & 0x0F, content[position] & 3
    if kind == 3:
        raise KeyRefused("it has a packet without a length, as no key has")
    size = 1 << kind
    return tag, position + 1 + size, int.from_bytes(content[position + 1 : position + 1 + size], "big")


def _compute_fingerprint(body: bytes) -> str:
    if body[:1] == b"\x04":
        # Prescribed by RFC 9580; nothing else identifies a key of version 4.
        return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()
    if body[:1] == b"\x06":
        return hashlib.sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).hexdigest().upper()
    raise KeyRefused(f"it is a key of version {body[0] if body else 'none'}; 4 and 6 are accepted")
