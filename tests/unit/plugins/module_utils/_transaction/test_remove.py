# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A removed set leaves what stood there before the first one."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed.manifest import SetError
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host import disk
from samples.config_sets import NEW, OLD, OLDEST, install, placed, sets, tree


def test_a_directory_that_only_the_sets_made_is_gone(config):
    for files in (OLDEST, OLD, NEW):
        install(config, files)
    config.remove()
    assert sets(config) == []


def test_the_files_of_the_package_are_back(config):
    (config.live / "maps").mkdir(parents=True)
    (config.live / "haproxy.cfg").write_text("of the package")
    (config.live / "haproxy.cfg").chmod(0o640)
    (config.live / "maps/hosts.map").write_text("of somebody")
    (config.live / "errors").mkdir()
    before = tree(config.live)
    for files in (OLDEST, OLD, OLDEST, NEW):
        install(config, files)
    config.remove()
    assert tree(config.live) == before
    assert sets(config) == ["haproxy"]


def test_the_files_elsewhere_are_as_they_were(config, outside, tmp_path):
    (tmp_path / "units").mkdir()
    (tmp_path / "units/a.conf").write_text("found")
    before = placed(tmp_path)
    for files in outside(tmp_path):
        install(config, files)
    config.remove()
    assert placed(tmp_path) == before


def test_a_file_elsewhere_that_somebody_has_replaced_stays(config, outside, tmp_path):
    install(config, outside(tmp_path)[0])
    (tmp_path / "units/a.conf").write_text("by hand")
    config.remove()
    assert placed(tmp_path) == {"units/a.conf": ("by hand", 0o644)}


def test_a_removal_that_failed_is_finished_by_the_next(config, outside, tmp_path, monkeypatch):
    config.live.mkdir()
    (config.live / "haproxy.cfg").write_text("of the package")
    before = tree(config.live)
    install(config, outside(tmp_path)[1])

    def full(path):
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(disk, "sync_directory", full)
        patch.setattr(disk, "copy", lambda source, target: full(target))
        with pytest.raises(SetError, match="which finishes it"):
            config.remove()
    config.remove()
    assert tree(config.live) == before
    assert placed(tmp_path) == {}


def test_there_is_nothing_to_remove(config):
    config.live.mkdir()
    (config.live / "haproxy.cfg").write_text("foreign")
    before = tree(config.live)
    config.remove()
    assert tree(config.live) == before
