# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who can run a program and who can replace it, asked of files of this machine. test_keepalived has more of it."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.program import (
    Unsafe,
    Unusable,
    User,
    check_program,
    find,
)
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import Host

ROOT, OTHER = User("root", 0, 0), User("other", 12345, 12345)


def status(mode, uid=0, gid=0, kind=stat.S_IFREG):
    return os.stat_result((kind | mode, 0, 0, 1, uid, gid, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("user", "attributes", "expected"),
    [
        (ROOT, status(0o644), False),
        (ROOT, status(0o001), True),
        (ROOT, status(0o100, 5, 5), True),
        (ROOT, status(0o000, kind=stat.S_IFDIR), True),
        (OTHER, status(0o755), True),
        (OTHER, status(0o750), False),
        (OTHER, status(0o700, 12345), True),
        (OTHER, status(0o077, 12345, 12345), False),
        (OTHER, status(0o070, 0, 12345), True),
        (OTHER, status(0o707, 0, 12345), False),
        (OTHER, status(0o700, kind=stat.S_IFDIR), False),
    ],
)
def test_may_pass(user, attributes, expected):
    assert user.may_pass(attributes) is expected


class Tmp(Host):
    """This host, on which everything belongs to root and only directories that a test changes can be changed by
    others."""

    def lstat(self, path):
        real = super().lstat(path)
        mode = real.st_mode if not stat.S_ISDIR(real.st_mode) or real.st_mode & stat.S_IWGRP else stat.S_IFDIR | 0o755
        return status(stat.S_IMODE(mode), 0, 7, stat.S_IFMT(mode))


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "bin/program"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_program_that_everybody_can_run(program):
    check_program(str(program), OTHER, Tmp())
    check_program(f"/{program}", OTHER, Tmp())
    check_program(f"{program.parent}/./../bin//program", ROOT, Tmp())


def test_links_are_followed_wherever_they_lead(program, tmp_path):
    (tmp_path / "absolute").symlink_to(program)
    (tmp_path / "relative").symlink_to("bin")
    (tmp_path / "bin/up").symlink_to("../relative/program")
    for path in ("absolute", "relative/program", "relative/up"):
        check_program(f"{tmp_path}/{path}", OTHER, Tmp())
    with pytest.raises(Unusable, match="relative is a link to bin"):
        check_program(f"{tmp_path}/relative/program", ROOT, Tmp(), through_links=False)


def test_a_set_that_is_staged_counts_and_not_what_is_in_place(program, tmp_path):
    (tmp_path / "staged").mkdir()
    staged = tmp_path / "staged/program"
    staged.write_text("")
    host = Tmp(lambda path: path.replace("/bin", "/staged") if path.startswith(str(tmp_path)) else path)
    with pytest.raises(Unusable, match=r"bin/program is not executable for other \(mode 0644") as error:
        check_program(str(program), OTHER, host)
    assert error.value.advice == "give it mode 0755"
    staged.chmod(0o755)
    check_program(str(program), OTHER, host)


@pytest.mark.parametrize("changed", ["bin", "bin/program"])
@pytest.mark.parametrize(
    ("user", "mode", "safe"), [(ROOT, 0o775, False), (ROOT, 0o777, False), (OTHER, 0o775, True), (OTHER, 0o777, False)]
)
def test_what_others_can_change(program, tmp_path, changed, user, mode, safe):
    """A group is trusted with what a user runs, as by keepalived, but not with what root runs."""
    (tmp_path / changed).chmod(mode)
    if safe:
        check_program(str(program), user, Tmp())
        return
    with pytest.raises(Unsafe, match=f"{changed} can be changed by others than {user.name}") as error:
        check_program(str(program), user, Tmp())
    assert error.value.advice == f"chmod go-w {tmp_path}/{changed}"


def test_find_a_command(tmp_path):
    assert find("sh", Host()).endswith("/bin/sh")
    assert find("no-such-command", Host()) == ""
