# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils import _disk
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction import (
    MANIFEST,
    MARK,
    ConfigSet,
    File,
    TransactionError,
    companions,
)

ME, MY_GROUP = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
KILLED = 9

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away and mount")


def file(path, text="", **keys):
    return File(path, text.encode(), **{"owner": ME, "group": MY_GROUP, **keys})


OLDEST = [file("haproxy.cfg", "oldest")]
OLD = [file("haproxy.cfg", "old"), file("maps/hosts.map", "old"), file("gone.map", "old")]
NEW = [file("haproxy.cfg", "new", mode=0o600), file("maps/hosts.map", "new"), file("maps/more/new.map", "new")]


@pytest.fixture(params=[True, False], ids=["exchange", "renames"])
def exchange(request, tmp_path, monkeypatch):
    """Whether the filesystem can exchange two names."""
    if not request.param:
        monkeypatch.setattr(_disk, "exchange", lambda one, other: False)
    return request.param


@pytest.fixture
def config(exchange, tmp_path):
    """A directory that does not exist yet."""
    return ConfigSet(str(tmp_path / "haproxy"))


def install(config, files):
    """What the module does; returns the paths that change."""
    config.recover()
    try:
        changes = config.changes(files)
        if changes:
            config.stage(files, changes)
            config.commit()
        return [change.path for change in changes]
    finally:
        config.discard()


def tree(directory):
    """Everything below the directory; None where there is none."""
    if not directory.exists():
        return None
    return {str(path.relative_to(directory)): _facts(path) for path in [directory, *directory.rglob("*")]}


def _facts(path):
    status = path.lstat()
    return status.st_mode, status.st_uid, status.st_gid, path.read_bytes() if path.is_file() else None


def sets(config):
    """The names beside the live directory."""
    return sorted(path.name for path in config.live.parent.iterdir())


def test_first_install_makes_the_directory(config):
    assert install(config, NEW) == ["haproxy.cfg", "maps/hosts.map", "maps/more/new.map"]
    assert (config.live / "maps/more/new.map").read_text() == "new"
    assert sets(config) == ["haproxy"]


def test_a_set_that_stands_does_not_change(config):
    install(config, NEW)
    before = tree(config.live), config.live.stat().st_ino
    assert install(config, NEW) == []
    assert (tree(config.live), config.live.stat().st_ino) == before


def test_only_what_differs_is_a_change(config):
    install(config, OLD)
    assert install(config, [*OLD[:2], file("gone.map", "new")]) == ["gone.map"]
    assert [(config.live / item.path).read_text() for item in OLD] == ["old", "old", "new"]


def test_files_of_others_are_kept(config):
    config.live.mkdir(mode=0o750)
    (config.live / "errors").mkdir()
    (config.live / "errors/503.http").write_text("sorry")
    (config.live / "errors/503.http").chmod(0o666)
    if os.geteuid() == 0:
        shutil.chown(config.live / "errors/503.http", "daemon", "daemon")
    (config.live / "link").symlink_to("errors/503.http")
    foreign = tree(config.live)
    install(config, NEW)
    assert foreign.items() <= tree(config.live).items()
    assert (config.live / "link").readlink() == Path("errors/503.http")


def test_a_file_that_is_no_longer_declared_is_removed(config):
    install(config, OLD)
    assert "gone.map" in install(config, NEW)
    assert not (config.live / "gone.map").exists()


def test_a_file_that_somebody_else_removed_is_forgotten(config):
    install(config, OLD)
    (config.live / "gone.map").unlink()
    assert install(config, OLD[:2]) == [MANIFEST]
    assert install(config, OLD[:2]) == []


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_file_has_its_mode_whatever_the_umask(config, mode):
    umask = os.umask(0o077)
    try:
        install(config, [file("haproxy.cfg", mode=mode)])
    finally:
        os.umask(umask)
    assert stat.S_IMODE((config.live / "haproxy.cfg").stat().st_mode) == mode


def test_a_directory_can_be_entered_whatever_the_umask(config):
    umask = os.umask(0o077)
    try:
        install(config, NEW)
    finally:
        os.umask(umask)
    assert {stat.S_IMODE(path.stat().st_mode) for path in [config.live, *config.live.rglob("more")]} == {0o755}


def test_a_mode_that_differs_is_a_change(config):
    install(config, OLD)
    (config.live / "gone.map").chmod(0o666)
    assert install(config, OLD) == ["gone.map"]
    assert stat.S_IMODE((config.live / "gone.map").stat().st_mode) == 0o644


@needs_root
def test_an_owner_that_differs_is_a_change(config):
    install(config, OLD)
    theirs = [*OLD[:2], file("gone.map", "old", owner="daemon", group="daemon")]
    assert install(config, theirs) == ["gone.map"]
    assert ((config.live / "gone.map").owner(), (config.live / "gone.map").group()) == ("daemon", "daemon")
    assert install(config, theirs) == []


def test_a_link_in_place_of_a_file_is_replaced_and_not_followed(config, tmp_path):
    (tmp_path / "elsewhere").write_text("new")
    config.live.mkdir()
    (config.live / "haproxy.cfg").symlink_to(tmp_path / "elsewhere")
    assert install(config, [file("haproxy.cfg", "new")]) == ["haproxy.cfg"]
    assert install(config, [file("haproxy.cfg", "newer")]) == ["haproxy.cfg"]
    assert (tmp_path / "elsewhere").read_text() == "new"


@pytest.mark.parametrize("before", [[], OLD])
def test_a_discarded_change_leaves_no_trace(config, before):
    install(config, before)
    old, names = tree(config.live), sets(config)
    config.stage(NEW, config.changes(NEW))
    assert sets(config) != names
    config.discard()
    assert (tree(config.live), sets(config)) == (old, names)


def test_a_change_starts_from_the_live_directory_whatever_an_ended_run_has_left(config):
    install(config, OLD)
    config.staged.mkdir()
    (config.staged / "rubbish").write_text("half a file")
    install(config, NEW)
    assert not (config.live / "rubbish").exists()


def test_the_replaced_set_is_kept(config):
    install(config, OLDEST)
    install(config, OLD)
    old = tree(config.live)
    install(config, NEW)
    assert tree(config.previous) == old
    assert sets(config) == [".haproxy.previous", "haproxy"]


def test_restore_swaps_the_live_and_the_previous_set(config):
    install(config, OLD)
    old = tree(config.live)
    install(config, NEW)
    new = tree(config.live)
    config.restore()
    assert (tree(config.live), tree(config.previous)) == (old, new)
    config.restore()
    assert (tree(config.live), tree(config.previous)) == (new, old)
    assert sets(config) == [".haproxy.previous", "haproxy"]


def test_restore_brings_back_a_live_directory_that_is_missing(config):
    install(config, OLD)
    old = tree(config.live)
    config.live.rename(config.previous)
    config.restore()
    assert (tree(config.live), tree(config.previous)) == (old, None)


def test_restore_without_previous_set(config):
    install(config, OLD)
    old = tree(config.live)
    with pytest.raises(TransactionError, match="there is no previous set to restore"):
        config.restore()
    assert tree(config.live) == old


def test_a_restore_that_fails_says_so(config, tmp_path):
    elsewhere = file(f"{tmp_path}/units/a.conf", "old")
    install(config, [*OLD, elsewhere])
    install(config, NEW)
    before = tree(config.live), tree(config.previous)
    (tmp_path / "units").rmdir()
    (tmp_path / "units").touch()
    with pytest.raises(TransactionError, match=r"cannot bring back .*\.haproxy\.previous: .*units"):
        config.restore()
    assert (tree(config.live), tree(config.previous)) == before


def test_recover_touches_nothing_where_a_live_directory_stands(config):
    install(config, OLD)
    install(config, NEW)
    before = tree(config.live), tree(config.previous)
    config.recover()
    assert (tree(config.live), tree(config.previous)) == before


HIDDEN = "(content hidden)\n"
KEY = "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"

# what was there, what is declared now, and what the diff shows of both
DIFFS = [
    ("old", file("x", "new"), ("old", "new")),
    ("old", file("x", "new", sensitive=True), (HIDDEN, f"{HIDDEN}(what differs is secret)\n")),
    ("same", file("x", "same", mode=0o600), ("same", "same(owner, group or mode differ)\n")),
    ("same", file("x", "same", mode=0o600, sensitive=True), (HIDDEN, f"{HIDDEN}(owner, group or mode differ)\n")),
    ("auth_pass old\n", file("x", "auth_pass new\n"), ("auth_pass ********\n", "auth_pass ********\n(what differs is secret)\n")),
    ("auth_pass old\na", file("x", "auth_pass new\nb"), ("auth_pass ********\na", "auth_pass ********\nb")),
    (KEY.format("old"), file("x", "none\n"), (KEY.format("********"), "none\n")),
    ("\u00e4".encode("latin-1"), file("x", "new"), ("\ufffd", "new")),
]


@pytest.mark.parametrize(("before", "after", "shown"), DIFFS)
def test_a_diff_shows_no_secret_of_either_set(config, before, after, shown):
    config.live.mkdir()
    (config.live / "x").write_bytes(before if isinstance(before, bytes) else before.encode())
    (config.live / "x").chmod(0o644)
    (change,) = config.changes([after])
    diff = change.diff()
    assert (diff["before_header"], diff["after_header"]) == ("x", "x")
    assert (diff["before"], diff["after"]) == shown


def test_a_file_that_was_sensitive_is_hidden_when_it_is_not_any_more(config):
    install(config, [file("x", "secret", sensitive=True)])
    (change,) = config.changes([file("x", "open")])
    assert change.diff()["before"] == HIDDEN
    install(config, [file("x", "open")])
    (change,) = config.changes([file("x", "other")])
    assert change.diff()["before"] == "open"


def test_a_removed_file_is_hidden_in_its_diff(config):
    install(config, [file("haproxy.cfg"), file("key.pem", "secret", sensitive=True)])
    (change,) = config.changes([file("haproxy.cfg")])
    assert (change.path, change.diff()["before"], change.diff()["after"]) == ("key.pem", "(content hidden)\n", "")


# what cannot be, the file, what the error says
REFUSED = [
    ("owner", file("new.map", owner="no-such-user"), ["new.map", "no-such-user", "create that user or group first"]),
    ("group", file("new.map", group="no-such-group"), ["new.map", "no-such-group", "create that user or group first"]),
    ("a copy", file(".system/new.map"), ["'.system/new.map'", "a path relative to"]),
    ("outside", file("../new.map"), ["'../new.map'", "a path relative to"]),
    ("outside by detour", file("maps/../../new.map"), ["'maps/../../new.map'", "a path relative to"]),
    ("the directory itself", file("."), ["'.'", "a path relative to"]),
    ("the manifest", file(MANIFEST), [MANIFEST, "a path relative to"]),
    ("below a file", file("haproxy.cfg/new.map"), ["haproxy.cfg"]),
    ("a directory", file("maps"), ["maps"]),
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
    with pytest.raises(TransactionError) as error:
        install(config, [*NEW, refused])
    assert [part for part in parts if part not in str(error.value)] == []
    assert tree(tmp_path) == before


def test_a_link_to_the_directory_is_followed(tmp_path):
    real = tmp_path / "container/haproxy"
    real.mkdir(parents=True)
    link = tmp_path / "haproxy"
    link.symlink_to("container/haproxy")
    before = real.stat().st_ino
    config = ConfigSet(str(link))
    install(config, NEW)
    assert link.readlink() == Path("container/haproxy")
    assert (real / "haproxy.cfg").read_bytes() == (link / "haproxy.cfg").read_bytes()
    assert (real.parent / ".haproxy.previous").stat().st_ino == before


def test_a_staged_file_is_found_by_the_name_with_a_link_and_without(tmp_path):
    (tmp_path / "container/haproxy").mkdir(parents=True)
    (tmp_path / "haproxy").symlink_to("container/haproxy")
    config = ConfigSet(str(tmp_path / "haproxy"))
    staged = str(tmp_path / "container/.haproxy.staged/a.map")
    assert config.where(f"{tmp_path}/haproxy/a.map") == staged
    assert config.where(f"{tmp_path}/container/haproxy/a.map") == staged


def test_a_directory_that_is_none_is_refused(config):
    config.live.write_text("")
    with pytest.raises(TransactionError, match="not a directory"):
        install(config, NEW)
    assert sets(config) == ["haproxy"]


def test_a_manifest_that_somebody_has_damaged(config):
    install(config, OLD)
    (config.live / MANIFEST).write_text("{")
    with pytest.raises(TransactionError, match=r"\.evenkeel\.json is damaged .*: remove it"):
        install(config, NEW)
    (config.live / MANIFEST).unlink()
    install(config, NEW)


def test_only_one_run_at_a_time(config):
    with config.alone():
        with pytest.raises(TransactionError, match=f"another run is changing {config.live} right now"), ConfigSet(str(config.live)).alone():
            pass
        install(config, OLD)
    with config.alone():
        install(config, NEW)


def test_a_trial_touches_nothing_but_its_own(config):
    install(config, OLDEST)
    install(config, OLD)
    for leftover in (config.staged, config.outdated):
        leftover.mkdir()
    before = tree(config.live.parent)
    trial = ConfigSet(str(config.live), trial=True)
    trial.stage(NEW, trial.changes(NEW))
    assert (trial.staged / "maps/more/new.map").read_text() == "new"
    trial.discard()
    assert tree(config.live.parent) == before


def test_two_names_change_places_in_one_call(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not _disk.exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this filesystem cannot")
    assert (tmp_path / "one/other").exists()
    assert (tmp_path / "other/one").exists()


def test_an_exchange_that_the_kernel_refuses(tmp_path):
    inside = tmp_path / "directory/inside"
    inside.mkdir(parents=True)
    assert _disk.exchange(inside.parent, inside) is False
    with pytest.raises(OSError, match=r"cannot exchange .*missing.*: No such file"):
        _disk.exchange(tmp_path / "missing", inside)


def test_a_commit_that_fails_leaves_the_old_set(config, monkeypatch):
    install(config, OLDEST)
    install(config, OLD)
    before = tree(config.live), tree(config.previous)
    real = Path.rename

    def fail(path, target):
        if path == config.staged:
            raise OSError(28, "No space left on device")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(TransactionError, match=r"cannot commit .*No space left"):
        install(config, NEW)
    assert (tree(config.live), tree(config.previous)) == before
    assert sets(config) == [".haproxy.previous", "haproxy"]


def run(argv):
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("before", [[], OLD])
def test_a_checker_reads_the_staged_set_under_its_final_name(config, before):
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount")
    install(config, before)
    old, names = tree(config.live), sets(config)
    config.stage(NEW, config.changes(NEW))
    assert config.in_place(run, ["cat", f"{config.live}/maps/hosts.map"]) == (0, "new", "")
    assert config.in_place(run, ["sh", "-c", "echo no >&2; exit 7"]) == (7, "", "no\n")
    config.discard()
    assert (tree(config.live), sets(config)) == (old, names)


def test_a_checker_that_cannot_be_shown_the_staged_set_has_not_refused_it(config):
    config.stage(NEW, config.changes(NEW))
    with pytest.raises(TransactionError, match=r"unshare failed: Operation not permitted\. This needs the right to mount"):
        config.in_place(lambda argv: (1, "", "unshare: unshare failed: Operation not permitted\n"), ["true"])
    config.discard()
    assert sets(config) == []


def test_where_files_stand_before_they_are_in_place(config, tmp_path):
    elsewhere = f"{tmp_path}/units/a.conf"
    install(config, OLD)
    files = [*NEW, file(elsewhere, "new")]
    config.stage(files, config.changes(files))
    assert Path(config.where(f"{config.live}/maps/hosts.map")).read_text() == "new"
    assert Path(config.where(elsewhere)).read_text() == "new"
    assert config.where(str(config.live)) == str(config.staged)
    for other in (str(tmp_path), f"{tmp_path}/units", f"{tmp_path}/units/b.conf", "/etc/passwd"):
        assert config.where(other) == other


@pytest.fixture
def unsynced(monkeypatch):
    """Do not wait for the disk: what is killed loses nothing that it has written, only a power failure would."""
    monkeypatch.setattr(_disk, "sync_file", lambda path, flags: None)


def ended(work, instant):
    """Do the work in a process that is killed before its nth operation; False where it does not take that many."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _kill_myself_at(instant)
            work()
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED


def _kill_myself_at(instant):
    """Python announces every call that opens, renames, removes ... before it makes it."""
    left = instant

    def count(event, _arguments):
        nonlocal left
        left -= event.startswith(("os.", "open", "subprocess.", "ctypes."))
        if left == 0:
            os._exit(KILLED)

    sys.addaudithook(count)


def instants(tmp_path, work_on):
    """A fresh directory for every instant at which the work can be ended, up to the run that is not."""
    instant = 1
    while True:
        config = ConfigSet(str(tmp_path / str(instant) / "haproxy"))
        config.live.parent.mkdir()
        work = work_on(config)
        was_ended = ended(work, instant)
        yield config
        if not was_ended:
            assert instant > len(NEW)
            return
        instant += 1


def expected(tmp_path, *files):
    """What the live directory is after these installs."""
    config = ConfigSet(str(tmp_path / "expected/haproxy"))
    config.live.parent.mkdir(exist_ok=True)
    for each in files:
        install(config, each)
    return tree(config.live)


def unmarked(directory):
    """Everything below the directory but the mark of a set of which the change is not ended."""
    found = tree(directory)
    return found and {name: facts for name, facts in found.items() if name != MARK}


def test_a_change_that_is_ended_at_any_instant(exchange, unsynced, tmp_path):
    oldest, old, new = (expected(tmp_path, each) for each in (OLDEST, OLD, NEW))

    def work_on(config):
        install(config, OLDEST)
        install(config, OLD)
        return lambda: install(config, NEW)

    for config in instants(tmp_path, work_on):
        if exchange:
            assert unmarked(config.live) in (old, new)
        config.recover()
        assert (tree(config.live), tree(config.previous)) in ((old, oldest), (new, old))
        install(config, NEW)
        assert (tree(config.live), tree(config.previous)) == (new, old)
        assert sets(config) == [".haproxy.previous", "haproxy"]


def test_what_an_ended_change_has_replaced_comes_back(exchange, unsynced, tmp_path):
    oldest, old = expected(tmp_path, OLDEST), expected(tmp_path, OLD)

    def work_on(config):
        install(config, OLDEST)
        install(config, OLD)
        return lambda: install(config, NEW)

    for config in instants(tmp_path, work_on):
        was = unmarked(config.live)
        config.restore()
        assert tree(config.live) == (oldest if was == old else old)


def test_a_recovery_that_is_ended_at_any_instant(exchange, unsynced, tmp_path):
    """A change is ended everywhere, the run after it too, and the third finds all that it needs."""
    old, new = expected(tmp_path, OLD), expected(tmp_path, NEW)

    def prepare(config):
        config.live.parent.mkdir(parents=True, exist_ok=True)
        install(config, OLDEST)
        install(config, OLD)
        return lambda: install(config, NEW)

    def leaves_a_mark(instant):
        config = ConfigSet(str(tmp_path / f"first/{instant}/haproxy"))
        return ended(prepare(config), instant) and (config.live / MARK).exists()

    marked = next(filter(leaves_a_mark, range(1, 1000)))

    def work_on(config):
        work = prepare(config)
        assert ended(work, marked)
        return work

    for config in instants(tmp_path, work_on):
        install(config, NEW)
        assert (tree(config.live), tree(config.previous)) == (new, old)
        assert sets(config) == [".haproxy.previous", "haproxy"]


@pytest.fixture
def outside(tmp_path):
    """Sets with files in places of their own: the old one, and the new one without one of them."""

    def sets_at(parent):
        old = [*OLD, file(f"{parent}/units/a.conf", "old"), file(f"{parent}/units/gone.conf", "old", mode=0o600)]
        return old, [*NEW, file(f"{parent}/units/a.conf", "new", mode=0o600), file(f"{parent}/units/more/b.conf", "new")]

    return sets_at


def placed(parent):
    """Every file outside the set: its text and its mode."""
    paths = [path for path in (parent / "units").rglob("*") if path.is_file()]
    return {str(path.relative_to(parent)): (path.read_text(), stat.S_IMODE(path.stat().st_mode)) for path in paths}


OLD_PLACES = {"units/a.conf": ("old", 0o644), "units/gone.conf": ("old", 0o600)}
NEW_PLACES = {"units/a.conf": ("new", 0o600), "units/more/b.conf": ("new", 0o644)}


def test_files_elsewhere_come_with_the_set_and_go_with_it(config, tmp_path, outside):
    old, new = outside(tmp_path)
    install(config, old)
    assert placed(tmp_path) == OLD_PLACES
    assert install(config, old) == []
    install(config, new)
    assert placed(tmp_path) == NEW_PLACES
    config.restore()
    assert placed(tmp_path) == OLD_PLACES


@pytest.mark.parametrize("drift", [lambda path: path.unlink(), lambda path: path.write_text("x"), lambda path: path.chmod(0o666)])
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


def test_what_stood_elsewhere_is_there_after_a_run_that_was_ended(exchange, unsynced, tmp_path, outside):
    before = {"units/gone.conf": ("old", 0o600)}

    def work_on(config):
        _disk.write(config.live.parent / "units/gone.conf", b"old")
        install(config, OLD)
        return lambda: install(config, outside(config.live.parent)[0])

    for config in instants(tmp_path, work_on):
        install(config, OLD)
        assert placed(config.live.parent) == before


def test_files_elsewhere_of_a_run_that_was_ended_are_not_left_behind(exchange, unsynced, tmp_path, outside):
    def work_on(config):
        install(config, OLD)
        return lambda: install(config, outside(config.live.parent)[0])

    for config in instants(tmp_path, work_on):
        install(config, OLD)
        assert placed(config.live.parent) == {}


def test_the_units_beside_the_daemon_are_part_of_the_set(config):
    install(config, OLD)
    assert companions(config.live) == []
    config.companions = ["watch"]
    assert install(config, OLD) == [MANIFEST]
    assert companions(config.live) == ["watch"]
    assert install(config, OLD) == []
    config.restore()
    assert companions(config.live) == []


def test_a_place_that_cannot_be_written_changes_nothing(config, tmp_path, outside):
    old, new = outside(tmp_path)
    install(config, old)
    (tmp_path / "units/more").write_text("in the way")
    before = tree(config.live)
    with pytest.raises(TransactionError, match="cannot commit"):
        install(config, new)
    assert tree(config.live) == before
    assert placed(tmp_path) == {**OLD_PLACES, "units/more": ("in the way", 0o644)}


def test_files_elsewhere_are_right_after_the_next_run_whenever_a_run_is_ended(exchange, unsynced, tmp_path, outside):
    def work_on(config):
        old, new = outside(config.live.parent)
        install(config, old)
        return lambda: install(config, new)

    for config in instants(tmp_path, work_on):
        install(config, outside(config.live.parent)[1])
        assert placed(config.live.parent) == NEW_PLACES


def test_a_first_install_that_is_ended_at_any_instant(exchange, unsynced, tmp_path):
    new = expected(tmp_path, NEW)
    for config in instants(tmp_path, lambda config: lambda: install(config, NEW)):
        assert unmarked(config.live) in (None, new)
        install(config, NEW)
        assert tree(config.live) == new
        assert sets(config) == ["haproxy"]


def test_a_restore_that_is_ended_at_any_instant(exchange, unsynced, tmp_path):
    old, new = expected(tmp_path, OLD), expected(tmp_path, NEW)

    def work_on(config):
        install(config, OLD)
        install(config, NEW)
        return config.restore

    for config in instants(tmp_path, work_on):
        if exchange:
            assert tree(config.live) in (old, new)
        config.recover()
        assert (tree(config.live), tree(config.previous)) in ((new, old), (old, new))
        if tree(config.live) == new:
            config.restore()
        config.discard()
        assert (tree(config.live), tree(config.previous)) == (old, new)
        assert sets(config) == [".haproxy.previous", "haproxy"]
