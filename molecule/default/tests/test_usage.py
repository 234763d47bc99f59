"""The checkout at any path and the installed artefact are the same: neither would change what the other has
deployed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from artefact import built, installed, run
from controller import ROOT, ansible, good

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Path:
    """The project as git would hand it out, at a path with a space."""
    target = tmp_path_factory.mktemp("a checkout")
    files = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    run(
        "cp",
        "--parents",
        "--no-dereference",
        "-t",
        target,
        *[name for name in files if (ROOT / name).is_symlink() or (ROOT / name).is_file()],
        cwd=ROOT,
    )
    return target


def changed(recap: str) -> list[int]:
    """The number of changes of every host."""
    return [int(number) for number in re.findall(r"changed=(\d+)", recap)]


def test_the_checkout_works_at_any_path_from_any_folder(sources, tmp_path):
    output = good(
        ansible("ansible-playbook", sources / "site.yml", "--check", cwd=tmp_path, ANSIBLE_COLLECTIONS_PATH="")
    )
    assert set(changed(output)) == {0}


@pytest.mark.long
def test_the_installed_artefact_works_by_its_name(sources, tmp_path):
    artefact = built(sources, tmp_path)
    names = run("tar", "--list", "--file", artefact, cwd=tmp_path)
    assert not re.search(
        r"^(tests|molecule|inventories/lab|collections|\.|Makefile|ansible\.cfg|site\.yml)",
        names.replace("./", ""),
        re.MULTILINE,
    )
    assert "monitoring/prometheus/rules.yml" in names
    output = good(
        ansible("ansible-playbook", "evenkeel.ha_web.site", "--check", cwd=tmp_path, **installed(artefact, tmp_path))
    )
    assert set(changed(output)) == {0}
