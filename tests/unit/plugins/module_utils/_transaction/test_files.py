# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed.manifest import (
    MANIFEST,
    SetError,
    list_companions,
)
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.files import MARK
from samples.config_sets import NEW, NEW_PLACES, OLD, OLD_PLACES, absent, file, install, placed, sets, tree

HIDDEN = "(content hidden)\n"
KEY = "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"
# what was there, what is declared now, and what the diff shows of both
DIFFS = [
    ("old", file("x", "new"), ("old", "new")),
    ("old", file("x", "new", sensitive=True), (HIDDEN, f"{HIDDEN}(what differs is secret)\n")),
    ("same", file("x", "same", mode=0o600), ("same", "same(owner, group or mode differ)\n")),
    ("same", file("x", "same", mode=0o600, sensitive=True), (HIDDEN, f"{HIDDEN}(owner, group or mode differ)\n")),
    (
        "auth_pass old\n",
        file("x", "auth_pass new\n"),
        ("auth_pass ********\n", "auth_pass ********\n(what differs is secret)\n"),
    ),
    ("auth_pass old\na", file("x", "auth_pass new\nb"), ("auth_pass ********\na", "auth_pass ********\nb")),
    (KEY.format("old"), file("x", "none\n"), (KEY.format("********"), "none\n")),
    ("\u00e4".encode("latin-1"), file("x", "new"), ("\ufffd", "new")),
]


@pytest.mark.parametrize(("before", "after", "shown"), DIFFS)
def test_a_diff_shows_no_secret_of_either_set(config, before, after, shown):
    config.live.mkdir()
    (config.live / "x").write_bytes(before if isinstance(before, bytes) else before.encode())
    (config.live / "x").chmod(0o644)
    (change,) = config.find_changes([after])
    diff = change.diff()
    assert (diff["before_header"], diff["after_header"]) == ("x", "x")
    assert (diff["before"], diff["after"]) == shown


def test_a_file_that_was_sensitive_is_hidden_when_it_is_not_any_more(config):
    install(config, [file("x", "secret", sensitive=True)])
    (change,) = config.find_changes([file("x", "open")])
    assert change.diff()["before"] == HIDDEN
    install(config, [file("x", "open")])
    (change,) = config.find_changes([file("x", "other")])
    assert change.diff()["before"] == "open"


def test_a_removed_file_is_hidden_in_its_diff(config):
    install(config, [file("haproxy.cfg"), file("key.pem", "secret", sensitive=True)])
    (change,) = config.find_changes([file("haproxy.cfg")])
    assert (change.path, change.diff()["before"], change.diff()["after"]) == ("key.pem", "(content hidden)\n", "")


# what cannot be, the file, what the error says
REFUSED = [
    ("owner", file("new.map", owner="no-such-user"), ["new.map", "no-such-user", "create that user or group first"]),
    ("group", file("new.map", group="no-such-group"), ["new.map", "no-such-group", "create that user or group first"]),
    ("a copy", file(".system/new.map"), ["'.system/new.map'", "a path relative to"]),
    ("a line break", file("maps/a\nb.map"), ["a path relative to"]),
    ("outside", file("../new.map"), ["'../new.map'", "a path relative to"]),
    ("outside by detour", file("maps/../../new.map"), ["'maps/../../new.map'", "a path relative to"]),
    ("the directory itself", file("."), ["'.'", "a path relative to"]),
    ("the manifest", file(MANIFEST), [MANIFEST, "a path relative to"]),
    ("below a file", file("haproxy.cfg/new.map"), ["haproxy.cfg"]),
    ("a directory", file("maps"), ["maps"]),
    ("an absent directory", absent("maps"), ["maps is to be absent and is a directory", "name the files in it"]),
    ("present and absent", absent("haproxy.cfg"), ["haproxy.cfg is declared 2 times"]),
    ("the mark of a new set", file(MARK), [MARK, "a path relative to"]),
    ("a file that is there already", file("./haproxy.cfg"), ["haproxy.cfg is declared 2 times"]),
    ("through a link", file("link/new.map"), ["link/new.map", "symbolic link"]),
]


@pytest.mark.parametrize(("refused", "parts"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_file_that_cannot_be_changes_nothing(config, tmp_path, refused, parts):
    (tmp_path / "elsewhere").mkdir()
    config.live.mkdir()
    (config.live / "link").symlink_to(tmp_path / "elsewhere")
    install(config, OLD)
    before = tree(tmp_path)
    with pytest.raises(SetError) as error:
        install(config, [*NEW, refused])
    assert [part for part in parts if part not in str(error.value)] == []
    assert tree(tmp_path) == before


def test_a_directory_that_is_none_is_refused(config):
    config.live.write_text("")
    with pytest.raises(SetError, match="not a directory"):
        install(config, NEW)
    assert sets(config) == ["haproxy"]


def test_a_manifest_that_somebody_has_damaged(config):
    install(config, OLD)
    (config.live / MANIFEST).write_text("{")
    with pytest.raises(SetError, match=r"\.evenkeel\.json is damaged .*: remove it"):
        install(config, NEW)
    (config.live / MANIFEST).unlink()
    install(config, NEW)


def test_files_elsewhere_come_with_the_set_and_go_with_it(config, tmp_path, outside):
    old, new = outside(tmp_path)
    install(config, old)
    assert placed(tmp_path) == OLD_PLACES
    assert install(config, old) == []
    install(config, new)
    assert placed(tmp_path) == NEW_PLACES
    config.restore()
    assert placed(tmp_path) == OLD_PLACES


@pytest.mark.parametrize(
    "drift", [lambda path: path.unlink(), lambda path: path.write_text("x"), lambda path: path.chmod(0o666)]
)
def test_a_file_elsewhere_that_somebody_has_changed_is_a_change(config, tmp_path, outside, drift):
    old, _new = outside(tmp_path)
    install(config, old)
    drift(tmp_path / "units/a.conf")
    assert install(config, old) == [f"{tmp_path}/units/a.conf"]
    assert placed(tmp_path) == OLD_PLACES


def test_what_somebody_has_put_elsewhere_in_place_of_a_file_is_not_removed(config, tmp_path, outside):
    old, new = outside(tmp_path)
    install(config, old)
    (tmp_path / "units/gone.conf").write_text("theirs")
    assert f"{tmp_path}/units/gone.conf" not in install(config, new)
    assert placed(tmp_path) == {**NEW_PLACES, "units/gone.conf": ("theirs", 0o600)}
    assert not list(config.live.rglob("gone.conf"))
    assert install(config, new) == []


@pytest.mark.parametrize("theirs", ["theirs", "old"])
def test_what_stood_elsewhere_before_comes_back(config, tmp_path, outside, theirs):
    old, new = outside(tmp_path)
    gone = tmp_path / "units/gone.conf"
    gone.parent.mkdir()
    gone.write_text(theirs)
    gone.chmod(0o640)
    before = placed(tmp_path)
    install(config, OLD)
    install(config, old)
    assert placed(tmp_path) == OLD_PLACES
    config.restore()
    assert placed(tmp_path) == before
    install(config, old)
    install(config, new)
    assert placed(tmp_path) == {**NEW_PLACES, **before}
    assert not list(config.live.rglob("gone.conf"))


def test_the_units_beside_the_daemon_are_part_of_the_set(config):
    install(config, OLD)
    assert list_companions(config.live) == []
    config.companions = ["watch"]
    assert install(config, OLD) == [MANIFEST]
    assert list_companions(config.live) == ["watch"]
    assert install(config, OLD) == []
    config.restore()
    assert list_companions(config.live) == []


def test_a_place_that_cannot_be_written_changes_nothing(config, tmp_path, outside):
    old, new = outside(tmp_path)
    install(config, old)
    (tmp_path / "units/more").write_text("in the way")
    before = tree(config.live)
    with pytest.raises(SetError, match="cannot commit"):
        install(config, new)
    assert tree(config.live) == before
    assert placed(tmp_path) == {**OLD_PLACES, "units/more": ("in the way", 0o644)}


def test_an_absent_file_goes_with_the_change_and_comes_back_with_the_previous_set(config, tmp_path):
    theirs = tmp_path / "units/theirs.conf"
    config.live.mkdir()
    (config.live / "default.cfg").write_text("of the package")
    theirs.parent.mkdir()
    theirs.write_text("theirs")
    before = placed(tmp_path)
    install(config, [file("haproxy.cfg"), file("mine.cfg", "mine")])
    names = ["default.cfg", "mine.cfg", "never.cfg", str(theirs)]
    wanted = [file("haproxy.cfg"), *map(absent, names)]
    assert install(config, wanted) == ["default.cfg", "mine.cfg", str(theirs)]
    assert [path for path in names if (config.live / path).exists()] == []
    assert install(config, wanted) == []
    theirs.write_text("once more")
    (change,) = config.find_changes(wanted)
    assert (change.path, change.diff()["before"], change.diff()["after"]) == (str(theirs), HIDDEN, "")
    assert install(config, wanted) == [str(theirs)]
    assert not theirs.exists()
    install(config, [file("haproxy.cfg")])
    assert placed(tmp_path) == before
    install(config, wanted)
    config.restore()
    assert placed(tmp_path) == before
    config.restore()
    assert placed(tmp_path) == {}
    config.remove()
    assert placed(tmp_path) == before
    assert (config.live / "default.cfg").read_text() == "of the package"
    assert sets(config) == ["haproxy", "units"]


@pytest.mark.parametrize("target", ["default.cfg", "nowhere"])
def test_an_absent_link_goes_and_what_it_leads_to_stays(config, target):
    config.live.mkdir()
    (config.live / "default.cfg").write_text("of the package")
    (config.live / "link.cfg").symlink_to(target)
    assert "link.cfg" in install(config, [file("haproxy.cfg"), absent("link.cfg")])
    assert not (config.live / "link.cfg").is_symlink()
    assert (config.live / "default.cfg").read_text() == "of the package"
