# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed.manifest import MANIFEST, SetError
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.config_set import ConfigSet
from samples.config_sets import NEW, OLD, OLDEST, file, install, sets, tree

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away and mount")


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
    config.stage(NEW, config.find_changes(NEW))
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
    with pytest.raises(SetError, match="there is no previous set to restore"):
        config.restore()
    assert tree(config.live) == old


def test_a_restore_that_fails_says_so(config, tmp_path):
    elsewhere = file(f"{tmp_path}/units/a.conf", "old")
    install(config, [*OLD, elsewhere])
    install(config, NEW)
    before = tree(config.live), tree(config.previous)
    (tmp_path / "units").rmdir()
    (tmp_path / "units").touch()
    with pytest.raises(SetError, match=r"cannot bring back .*\.haproxy\.previous: .*units"):
        config.restore()
    assert (tree(config.live), tree(config.previous)) == before


def test_recover_touches_nothing_where_a_live_directory_stands(config):
    install(config, OLD)
    install(config, NEW)
    before = tree(config.live), tree(config.previous)
    config.recover()
    assert (tree(config.live), tree(config.previous)) == before


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
    assert config.staged_path(f"{tmp_path}/haproxy/a.map") == staged
    assert config.staged_path(f"{tmp_path}/container/haproxy/a.map") == staged


def test_only_one_run_at_a_time(config):
    with config.lock():
        with (
            pytest.raises(
                SetError, match=rf"another run is changing {config.live} right now \(process {os.getpid()}\)"
            ),
            ConfigSet(str(config.live)).lock(),
        ):
            pass
        install(config, OLD)
    with config.lock():
        install(config, NEW)


def test_a_trial_touches_nothing_but_its_own(config):
    install(config, OLDEST)
    install(config, OLD)
    for leftover in (config.staged, config.outdated):
        leftover.mkdir()
    before = tree(config.live.parent)
    trial = ConfigSet(str(config.live), trial=True)
    trial.stage(NEW, trial.find_changes(NEW))
    assert (trial.staged / "maps/more/new.map").read_text() == "new"
    trial.discard()
    assert tree(config.live.parent) == before


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
    with pytest.raises(SetError, match=r"cannot commit .*No space left"):
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
    config.stage(NEW, config.find_changes(NEW))
    assert config.run_in_place(run, ["cat", f"{config.live}/maps/hosts.map"]) == (0, "new", "")
    assert config.run_in_place(run, ["sh", "-c", "echo no >&2; exit 7"]) == (7, "", "no\n")
    config.discard()
    assert (tree(config.live), sets(config)) == (old, names)


def test_a_checker_that_cannot_be_shown_the_staged_set_has_not_refused_it(config):
    config.stage(NEW, config.find_changes(NEW))
    with pytest.raises(SetError, match=r"unshare failed: Operation not permitted\. This needs the right to mount"):
        config.run_in_place(lambda argv: (1, "", "unshare: unshare failed: Operation not permitted\n"), ["true"])
    config.discard()
    assert sets(config) == []


def test_where_files_stand_before_they_are_in_place(config, tmp_path):
    elsewhere = f"{tmp_path}/units/a.conf"
    install(config, OLD)
    files = [*NEW, file(elsewhere, "new")]
    config.stage(files, config.find_changes(files))
    assert Path(config.staged_path(f"{config.live}/maps/hosts.map")).read_text() == "new"
    assert Path(config.staged_path(elsewhere)).read_text() == "new"
    assert config.staged_path(str(config.live)) == str(config.staged)
    for other in (str(tmp_path), f"{tmp_path}/units", f"{tmp_path}/units/b.conf", "/etc/passwd"):
        assert config.staged_path(other) == other
