"""A signed repository of Debian packages that a story makes: a package of the distribution with other versions."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import subprocess
from email.utils import formatdate
from pathlib import Path

SUITE = "stories"


def run(*argv: str | Path, **options) -> str:
    return subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


class Key:
    """A key that signs repositories."""

    def __init__(self, home: Path, name: str) -> None:
        home.mkdir(mode=0o700, parents=True)
        self.gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback"]
        run(*self.gpg, "--passphrase", "", "--quick-generate-key", f"{name} <{name}@example.com>", "ed25519", "sign")
        self.public = run(*self.gpg, "--armor", "--export")
        listed = run(*self.gpg, "--with-colons", "--list-keys")
        self.fingerprint = re.search("^fpr:+([0-9A-F]{40}):", listed, re.MULTILINE)[1]

    def sign(self, release: Path) -> None:
        """Write InRelease beside a Release."""
        run(*self.gpg, "--yes", "--clearsign", "--output", release.with_name("InRelease"), release)


def repackage(package: Path, version: str, folder: Path, depends: str = "") -> None:
    """Build a package again with another version, and one more dependency."""
    tree = folder / f"{package.stem}.tree"
    run("dpkg-deb", "--raw-extract", package, tree)
    control = tree / "DEBIAN/control"
    text = re.sub("^Version: .*$", f"Version: {version}", control.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if depends:
        text = re.sub("^Depends: ", f"Depends: {depends}, ", text, flags=re.MULTILINE)
    control.write_text(text, encoding="utf-8")
    name = package.name.split("_")[0]
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, folder / f"{name}_{version}.deb")
    shutil.rmtree(tree)


def write_index(root: Path, key: Key) -> None:
    """Write and sign the index of the packages in C(pool)."""
    entries = []
    for package in sorted((root / "pool").glob("*.deb")):
        fields = run("dpkg-deb", "--field", package).strip()
        content = package.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        entries.append(f"{fields}\nFilename: pool/{package.name}\nSize: {len(content)}\nSHA256: {digest}\n")
    index = "\n".join(entries).encode()
    folder = root / "dists" / SUITE
    files = {"main/binary-amd64/Packages": index, "main/binary-amd64/Packages.gz": gzip.compress(index, mtime=0)}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    sums = "".join(f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}\n" for name, content in files.items())
    release = folder / "Release"
    release.write_text(
        f"Origin: Stories\nLabel: Stories\nSuite: {SUITE}\nCodename: {SUITE}\nDate: {formatdate(usegmt=True)}\n"
        f"Architectures: amd64\nComponents: main\nSHA256:\n{sums}",
        encoding="utf-8",
    )
    key.sign(release)
