# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host import disk


def test_two_names_change_places_in_one_call(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not disk.exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this filesystem cannot")
    assert (tmp_path / "one/other").exists()
    assert (tmp_path / "other/one").exists()


def test_an_exchange_that_the_kernel_refuses(tmp_path):
    inside = tmp_path / "directory/inside"
    inside.mkdir(parents=True)
    assert disk.exchange(inside.parent, inside) is False
    with pytest.raises(OSError, match=r"cannot exchange .*missing.*: No such file"):
        disk.exchange(tmp_path / "missing", inside)


@pytest.fixture
def place(tmp_path):
    """A directory of somebody else's, a file elsewhere that has to stay as it is, and what that looks like."""
    outside = tmp_path / "outside"
    outside.write_text("theirs")
    outside.chmod(0o600)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    theirs.chmod(0o777)
    before = (outside.read_text(), outside.stat().st_mode, outside.stat().st_nlink)
    yield theirs, outside
    assert (outside.read_text(), outside.stat().st_mode, outside.stat().st_nlink) == before


PLANTED = {
    "a link": lambda path, outside: path.symlink_to(outside),
    "a link to nothing": lambda path, outside: path.symlink_to(outside.with_name("nothing")),
    "a pipe": lambda path, _outside: os.mkfifo(path),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("name", ["file", ".file.staged"])
def test_what_somebody_has_planted_is_replaced_and_not_followed(place, plant, name):
    theirs, outside = place
    plant(theirs / name, outside)
    source = outside.with_name("source")
    source.write_text("ours")
    disk.copy(source, theirs / "file")
    assert (theirs / "file").read_text() == "ours"
    assert not (theirs / "file").is_symlink()
    assert [path.name for path in theirs.iterdir()] == ["file"]
    assert not outside.with_name("nothing").exists()


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_what_somebody_has_planted_is_not_read_and_does_not_keep_the_reader_waiting(place, plant):
    theirs, outside = place
    plant(theirs / "file", outside)
    assert disk.read(theirs / "file") is None
    assert disk.facts(theirs / "file") is None


def test_a_directory_that_somebody_has_led_elsewhere_is_not_entered(place):
    theirs, outside = place
    (theirs / "maps").symlink_to(outside.parent)
    for work in (lambda path: disk.write(path, b"ours"), lambda path: disk.copy(outside, path)):
        with pytest.raises(OSError, match="maps"):
            work(theirs / "maps/outside")
    with pytest.raises(OSError, match="maps"):
        disk.make_directory(theirs / "maps/new")
    disk.remove(theirs / "maps/outside")
    assert not outside.with_name("new").exists()


def test_a_directory_that_changes_into_a_link_while_it_is_written_to(place, monkeypatch):
    """The mode and the owner go to the file that was made, whatever has its name by then."""
    theirs, outside = place
    opened = os.open

    def exchanged(path, flags, *arguments, **options):
        handle = opened(path, flags, *arguments, **options)
        if flags & os.O_EXCL:
            os.unlink(theirs / "file")
            os.symlink(outside, theirs / "file")
        return handle

    monkeypatch.setattr(os, "open", exchanged)
    disk.write(theirs / "file", b"ours", 0o666, (os.getuid(), os.getgid()))


def test_links_of_root_are_followed():
    """As /bin, /lib or /var/run are."""
    assert disk.read(Path("/proc/self/../../etc/passwd")) == Path("/etc/passwd").read_bytes()
    assert Path("/var/run").is_symlink()
    os.close(disk.open_directory(Path("/var/run/lock")))


def test_descriptors_are_closed(place):
    theirs, outside = place
    before = len(os.listdir("/proc/self/fd"))
    disk.write(theirs / "new/file", b"ours")
    disk.copy(outside, theirs / "new/copy")
    disk.read(theirs / "missing/file")
    disk.remove(theirs / "new/file")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_temporary_file_is_there_while_it_is_needed_and_leaves_others_alone(tmp_path):
    path = tmp_path / "state"
    with disk.temporary_file(str(path), b"1\n"):
        assert path.read_bytes() == b"1\n"
    assert not path.exists()
    path.write_text("own")
    with disk.temporary_file(str(path), b"1\n"):
        assert path.read_text() == "own"
    assert path.read_text() == "own"
    with disk.temporary_file("", b"1\n"), disk.temporary_file(str(tmp_path / "no/state"), b"1\n"):
        assert list(tmp_path.iterdir()) == [path]
