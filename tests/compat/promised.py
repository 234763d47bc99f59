"""Fails unless this environment has exactly the lowest versions that galaxy.yml and meta/runtime.yml promise."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import ansible_collections
import yaml

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = Path(next(iter(ansible_collections.__path__)))


def installed(collection: str) -> str:
    """The version of a collection that comes with the package "ansible"."""
    manifest = COLLECTIONS / collection.replace(".", "/") / "MANIFEST.json"
    return json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]


promised = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["dependencies"]
found = {name: f">={installed(name)}" for name in promised}
promised["ansible-core"] = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
found["ansible-core"] = f">={version('ansible-core')}"
if found != promised:
    sys.exit(f"promised is {promised}, and here is {found}")
