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
from ansible_collections.evenkeel.ha_web.plugins.module_utils import _transaction
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction import MANIFEST, ConfigSet, File, TransactionError

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
        monkeypatch.setattr(_transaction, "_exchange", lambda one, other: False)
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


def test_recover_touches_nothing_where_a_live_directory_stands(config):
    install(config, OLD)
    install(config, NEW)
    before = tree(config.live), tree(config.previous)
    config.recover()
    assert (tree(config.live), tree(config.previous)) == before


@pytest.mark.parametrize("sensitive", [False, True])
def test_a_sensitive_file_is_hidden_in_its_diff(config, sensitive):
    install(config, [file("key.pem", "old secret")])
    (change,) = config.changes([file("key.pem", "new secret", sensitive=sensitive)])
    hidden = "(content hidden)\n"
    assert change.diff() == {
        "before_header": "key.pem",
        "after_header": "key.pem",
        "before": hidden if sensitive else "old secret",
        "after": hidden if sensitive else "new secret",
    }


def test_a_removed_file_is_hidden_in_its_diff(config):
    install(config, [file("haproxy.cfg"), file("key.pem", "secret", sensitive=True)])
    (change,) = config.changes([file("haproxy.cfg")])
    assert (change.path, change.diff()["before"], change.diff()["after"]) == ("key.pem", "(content hidden)\n", "")


# what cannot be, the file, what the error says
REFUSED = [
    ("owner", file("new.map", owner="no-such-user"), ["new.map", "no-such-user", "create that user or group first"]),
    ("group", file("new.map", group="no-such-group"), ["new.map", "no-such-group", "create that user or group first"]),
    ("absolute", file("/new.map"), ["'/new.map'", "a path inside"]),
    ("outside", file("../new.map"), ["'../new.map'", "a path inside"]),
    ("outside by detour", file("maps/../../new.map"), ["'maps/../../new.map'", "a path inside"]),
    ("the directory itself", file("."), ["'.'", "a path inside"]),
    ("the manifest", file(MANIFEST), [MANIFEST, "a path inside"]),
    ("below a file", file("haproxy.cfg/new.map"), ["haproxy.cfg"]),
    ("a directory", file("maps"), ["maps"]),
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


@pytest.mark.parametrize("make", [lambda live: live.symlink_to("/"), lambda live: live.write_text("")], ids=["link", "file"])
def test_a_directory_that_is_none_is_refused(config, make):
    make(config.live)
    with pytest.raises(TransactionError, match="not a directory"):
        install(config, NEW)
    assert sets(config) == ["haproxy"]


def test_two_names_change_places_in_one_call(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not _transaction._exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this filesystem cannot")
    assert (tmp_path / "one/other").exists()
    assert (tmp_path / "other/one").exists()


def test_an_exchange_that_the_kernel_refuses(tmp_path):
    inside = tmp_path / "directory/inside"
    inside.mkdir(parents=True)
    assert _transaction._exchange(inside.parent, inside) is False
    with pytest.raises(TransactionError, match=r"cannot exchange .*missing.*: No such file"):
        _transaction._exchange(tmp_path / "missing", inside)


@pytest.mark.parametrize("before", [[], OLD])
def test_a_checker_reads_the_staged_set_under_its_final_name(config, before):
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount")
    install(config, before)
    old, names = tree(config.live), sets(config)
    config.stage(NEW, config.changes(NEW))

    def run(argv):
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    assert config.in_place(run, ["cat", f"{config.live}/maps/hosts.map"]) == (0, "new", "")
    assert config.in_place(run, ["sh", "-c", "exit 7"])[0] == 7
    config.discard()
    assert (tree(config.live), sets(config)) == (old, names)


def test_the_source_of_a_finding_is_the_staged_one(config, tmp_path):
    (tmp_path / "elsewhere").write_text("elsewhere")
    install(config, OLD)
    config.stage(NEW, config.changes(NEW))
    assert config.read_staged(f"{config.live}/maps/hosts.map") == "new"
    assert config.read_staged(f"{tmp_path}/elsewhere") == "elsewhere"


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


def test_a_change_that_is_ended_at_any_instant(exchange, tmp_path):
    oldest, old, new = (expected(tmp_path, each) for each in (OLDEST, OLD, NEW))

    def work_on(config):
        install(config, OLDEST)
        install(config, OLD)
        return lambda: install(config, NEW)

    for config in instants(tmp_path, work_on):
        if not exchange:
            config.recover()
        assert tree(config.live) in (old, new)
        assert tree(config.previous) in (None, oldest, old)
        install(config, NEW)
        assert tree(config.live) == new
        assert set(sets(config)) <= {"haproxy", ".haproxy.previous"}


def test_a_first_install_that_is_ended_at_any_instant(exchange, tmp_path):
    new = expected(tmp_path, NEW)
    for config in instants(tmp_path, lambda config: lambda: install(config, NEW)):
        assert tree(config.live) in (None, new)
        install(config, NEW)
        assert tree(config.live) == new
        assert sets(config) == ["haproxy"]


def test_a_restore_that_is_ended_at_any_instant(exchange, tmp_path):
    old, new = expected(tmp_path, OLD), expected(tmp_path, NEW)

    def work_on(config):
        install(config, OLD)
        install(config, NEW)
        return config.restore

    for config in instants(tmp_path, work_on):
        if not exchange:
            config.recover()
        assert tree(config.live) in (old, new)
        if tree(config.live) == new:
            config.restore()
        config.discard()
        assert tree(config.live) == old
        assert set(sets(config)) <= {"haproxy", ".haproxy.previous"}
