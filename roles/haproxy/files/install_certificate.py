"""Have haproxy serve a certificate, from the next connection on and without losing one.

usage: install_certificate.py STORE SOCKET IMAGE NAME [FILE...]

IMAGE is that of the container in which haproxy runs, or empty. The files, or standard input without any, are a
certificate with those between it and the authority, and its key, in PEM. What haproxy cannot use is refused and changes
nothing; else it is STORE/NAME.pem afterwards, haproxy is reloaded, and it has to say that it serves it. What is there
already is left alone, so it may be called again at any time. An ACME client calls it after every renewal."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n(.*?)-----END \1-----", re.DOTALL)
TRIAL = "frontend trial\n    mode tcp\n    timeout client 1s\n    bind 127.0.0.1:443 ssl crt {}\n"
LONGEST = 1 << 20
"""Bytes of an answer about one certificate, at the most."""
SECONDS = 15
"""Within which a new worker has to serve the certificate."""


class Refused(Exception):
    """The certificate is not served; the text has the reason."""


def parse_pem(text: str) -> str:
    """Extract the certificates and the key from PEM text. Raises Refused if it is not one key and at least one
    certificate."""
    blocks = list(BLOCK.finditer(text.replace("\r\n", "\n")))
    keys = [block for block in blocks if block.group(1).endswith("PRIVATE KEY")]
    certificates = [block for block in blocks if block.group(1) == "CERTIFICATE"]
    if len(keys) != 1 or not certificates:
        raise Refused(f"one private key and its certificates are needed, there are {len(keys)} and {len(certificates)}")
    return "".join(f"{block.group(0)}\n" for block in certificates + keys)


def fingerprint(text: str) -> str:
    """The SHA-1 of the first certificate, as haproxy shows it."""
    block = next(block for block in BLOCK.finditer(text) if block.group(1) == "CERTIFICATE")
    return hashlib.sha1(base64.b64decode(block.group(2)), usedforsecurity=False).hexdigest().upper()


def program(image: str, folder: str) -> list[str]:
    """Return the command that runs haproxy with access to the folder."""
    if not image:
        return ["haproxy"]
    mount = f"--mount=type=bind,src={folder},dst={folder},readonly"
    return [
        "docker",
        "run",
        "--rm",
        "--pull=never",
        "--network=none",
        "--read-only",
        "--cap-drop=ALL",
        mount,
        image,
        "haproxy",
    ]


def check_certificate(text: str, image: str) -> None:
    """Raise Refused, with haproxy's reason, if haproxy cannot use the certificate with this key."""
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        pem, config = Path(folder, "trial.pem"), Path(folder, "trial.cfg")
        pem.write_text(text, encoding="ascii")
        config.write_text(TRIAL.format(pem), encoding="ascii")
        done = subprocess.run(
            [*program(image, folder), "-c", "-f", str(config)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise Refused(f"haproxy cannot use it: {reason(done.stderr)}")


def reason(stderr: str) -> str:
    """The first complaint in what haproxy has printed, without the place in a file that is gone."""
    complaints = re.findall(r"^\[ALERT\].* : (.*)", stderr, re.MULTILINE)
    return complaints[0] if complaints else stderr.strip()


def replace(path: Path, text: str) -> None:
    """Put the text into the place of the file. Only its owner may read it, and nobody ever sees half of it: of a
    directory, haproxy ignores names that begin with a dot."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    new.rename(path)


def read_served_fingerprint(admin: str, path: Path) -> str:
    """Return the fingerprint of the certificate that haproxy serves from the file; empty if there is none, or if
    haproxy does not answer."""
    answer = b""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(admin)
            connection.sendall(f"show ssl cert {path}\n".encode())
            while len(answer) < LONGEST and (piece := connection.recv(65536)):
                answer += piece
    except OSError:
        return ""
    found = re.search(rb"^SHA1 FingerPrint: ([0-9A-F]+)", answer, re.MULTILINE)
    return found.group(1).decode() if found else ""


def is_active() -> bool:
    """Return whether haproxy runs. If not, it reads the certificate at its next start."""
    return subprocess.run(["systemctl", "--quiet", "is-active", "haproxy"], check=False).returncode == 0


def make_live(admin: str, path: Path, wanted: str) -> None:
    """Reload haproxy and wait until the new worker answers. Raises Refused if it does not serve the certificate."""
    if subprocess.run(["systemctl", "reload", "haproxy"], check=False).returncode:
        raise Refused(f"{path} is in place, but haproxy was not reloaded; 'journalctl --unit haproxy' says why")
    end = time.monotonic() + SECONDS
    while read_served_fingerprint(admin, path) != wanted:
        if time.monotonic() > end:
            raise Refused(
                f"{path} is in place, but haproxy does not serve it; does a bind of haproxy_frontends name "
                f"{path.parent}?"
            )
        time.sleep(0.1)


def main(store: str, admin: str, image: str, name: str, *files: str) -> None:
    if not NAME.fullmatch(name):
        raise Refused(
            f"the name is '{name}': letters, digits, dots, dashes and underscores are needed, such as www.example.com"
        )
    text = parse_pem("\n".join(Path(file).read_text(encoding="ascii") for file in files) if files else sys.stdin.read())
    path = Path(store, f"{name}.pem")
    with open(store + "/.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists() or path.read_text(encoding="ascii") != text:
            check_certificate(text, image)
            replace(path, text)
        if is_active() and read_served_fingerprint(admin, path) != fingerprint(text):
            make_live(admin, path, fingerprint(text))


if __name__ == "__main__":
    if len(sys.argv) < 5 or sys.argv[4].startswith("-"):
        sys.exit(
            "usage: haproxy-certificate NAME [FILE...]\n\nFILE, or else standard input, is a certificate and its "
            "key in PEM."
        )
    try:
        main(*sys.argv[1:])
    except (Refused, OSError, UnicodeDecodeError) as problem:
        sys.exit(f"haproxy-certificate: {sys.argv[4]}: {problem}")
