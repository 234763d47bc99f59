# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory of certificates that ACME clients fill, and the transfer of certificates between two nodes.

Private keys leave a node encrypted for a key that the other node has just created and that it deletes afterwards.
Whoever passes them on, the controller included, can read none of them."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._host import disk
from .._host.certificates import format_end

STORE = "/var/lib/haproxy-certificates"
KEYS = "/run/haproxy-certificate-transfer"
"""Directory of the key that a transfer is encrypted for; in memory, and only for the time of the transfer."""

SUFFIX = ".pem"
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
CIPHER = "-aes-256-gcm"


class StoreError(Exception):
    """The certificates cannot be read, encrypted or installed; the text says why, and what to do."""


def list_certificates(store: Path) -> list[dict[str, Any]]:
    """Return name, checksum and remaining validity of every certificate of the store."""
    return [_describe(file) for file in sorted(store.glob(f"[!.]*{SUFFIX}")) if file.is_file()]


def _describe(file: Path) -> dict[str, Any]:
    text = file.read_bytes()
    try:
        ends = _run_openssl(["x509", "-noout", "-enddate"], text, "it has no certificate").decode()
        seconds = ssl.cert_time_to_seconds(ends.strip().partition("=")[2])
    except StoreError:
        seconds = 0
    return {
        "name": file.name[: -len(SUFFIX)],
        "digest": hashlib.sha256(text).hexdigest(),
        "expires": format_end(seconds),
        "valid": seconds > time.time(),
    }


def create_request(keys: Path) -> str:
    """Create a key for one transfer, and return the certificate that others encrypt for."""
    shutil.rmtree(keys, ignore_errors=True)
    keys.mkdir(mode=0o700, parents=True)
    argv = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    return _run_openssl(
        [*argv, "-subj", "/CN=transfer", "-keyout", str(keys / "key")], b"", "no key was created"
    ).decode()


def encrypt(store: Path, names: list[str], recipient: str) -> str:
    """Return the files of these names, encrypted for the recipient, in base64. Raises StoreError."""
    bundle = b""
    for name in names:
        text = _get_path(store, name).read_bytes()
        bundle += f"{name} {len(text)}\n".encode() + text
    read, write = os.pipe()
    try:
        # Shorter than a pipe's buffer, so nothing has to read it meanwhile.
        os.write(write, recipient.encode())
        os.close(write)
        argv = ["cms", "-encrypt", "-binary", CIPHER, "-outform", "DER", f"/dev/fd/{read}"]
        return base64.b64encode(_run_openssl(argv, bundle, "the certificates are not encrypted", read)).decode()
    finally:
        os.close(read)


def decrypt(keys: Path, text: str) -> dict[str, bytes]:
    """Return the files by their names that were encrypted for this node, whose key is deleted. Raises StoreError."""
    try:
        argv = ["cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", str(keys / "key")]
        bundle = _run_openssl(argv, base64.b64decode(text), "the certificates cannot be decrypted")
    finally:
        shutil.rmtree(keys, ignore_errors=True)
    found = {}
    while bundle:
        head, _newline, bundle = bundle.partition(b"\n")
        name, _blank, size = head.decode().partition(" ")
        found[name], bundle = bundle[: int(size)], bundle[int(size) :]
    return found


def install(store: Path, files: Mapping[str, bytes]) -> None:
    """Put the files into the store and have a running haproxy load them. If it refuses, the store is as it was, and
    StoreError is raised."""
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = {name: path.read_bytes() if (path := _get_path(store, name)).exists() else None for name in files}
    for name, text in files.items():
        disk.replace(_get_path(store, name), text)
    if not _succeeds(["systemctl", "--quiet", "is-active", "haproxy"]):
        return
    if not _succeeds(["systemctl", "reload", "haproxy"]):
        for name, old in before.items():
            if old is None:
                _get_path(store, name).unlink()
            else:
                disk.replace(_get_path(store, name), old)
        raise StoreError(
            f"haproxy does not accept {', '.join(files)} and runs without: journalctl --unit haproxy says why"
        )


def _get_path(store: Path, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise StoreError(f"'{name}' is no name of a certificate: letters, digits, dots, dashes and underscores are")
    return store / f"{name}{SUFFIX}"


def _succeeds(argv: list[str]) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def _run_openssl(argv: list[str], given: bytes, problem: str, *inherited: int) -> bytes:
    done = subprocess.run(["openssl", *argv], input=given, capture_output=True, check=False, pass_fds=inherited)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise StoreError(f"{problem}: {said[0] if said else f'openssl ended with {done.returncode}'}")
    return done.stdout
