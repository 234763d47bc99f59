# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets of files for the tests, and what stands on disk."""

from __future__ import annotations

import grp
import os
import pwd
import stat

from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.files import File

ME, MY_GROUP = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name


def file(path, text="", **keys):
    return File(path, text.encode(), **{"owner": ME, "group": MY_GROUP, **keys})


OLDEST = [file("haproxy.cfg", "oldest")]
OLD = [file("haproxy.cfg", "old"), file("maps/hosts.map", "old"), file("gone.map", "old")]
NEW = [file("haproxy.cfg", "new", mode=0o600), file("maps/hosts.map", "new"), file("maps/more/new.map", "new")]


def install(config, files):
    """What the module does; returns the paths that change."""
    config.recover()
    try:
        changes = config.find_changes(files)
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


# What the sets of the fixture "outside" have there, with the mode.
OLD_PLACES = {"units/a.conf": ("old", 0o644), "units/gone.conf": ("old", 0o600)}
NEW_PLACES = {"units/a.conf": ("new", 0o600), "units/more/b.conf": ("new", 0o644)}


def placed(parent):
    """Every file outside the set: its text and its mode."""
    paths = [path for path in (parent / "units").rglob("*") if path.is_file()]
    return {str(path.relative_to(parent)): (path.read_text(), stat.S_IMODE(path.stat().st_mode)) for path in paths}


def absent(path):
    """The declaration that no file is at the path."""
    return File(path, b"", absent=True)
