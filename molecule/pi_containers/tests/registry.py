"""A registry at port 5000 of a host, which has one image under all names: the host's own image "served", as it is when
somebody asks."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KIND = "application/vnd.docker.distribution.manifest.v2+json"
BLOBS: dict[str, bytes] = {}


def blob(content: bytes) -> str:
    """Keep what will be asked for; returns its name."""
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    BLOBS[digest] = content
    return digest


def manifest() -> bytes:
    """What the image consists of now."""
    saved = subprocess.run(["docker", "save", "served"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as tar:
        (said,) = json.load(tar.extractfile("manifest.json"))
        parts = [tar.extractfile(name).read() for name in (said["Config"], *said["Layers"])]
    kinds = [
        "application/vnd.docker.container.image.v1+json",
        *["application/vnd.docker.image.rootfs.diff.tar"] * len(said["Layers"]),
    ]
    config, *layers = [{"mediaType": kind, "size": len(part), "digest": blob(part)} for kind, part in zip(kinds, parts)]
    return json.dumps({"schemaVersion": 2, "mediaType": KIND, "config": config, "layers": layers}).encode()


class Registry(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.answer(False)

    def do_GET(self) -> None:
        self.answer(True)

    def answer(self, whole: bool) -> None:
        name = self.path.rpartition("/")[2]
        if "/manifests/" in self.path and name not in BLOBS:
            name = blob(manifest())
        content = BLOBS.get(name, b"{}")
        self.send_response(200)
        self.send_header("Content-Type", KIND if "/manifests/" in self.path else "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Docker-Content-Digest", name)
        self.end_headers()
        if whole:
            self.wfile.write(content)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 5000), Registry).serve_forever()
