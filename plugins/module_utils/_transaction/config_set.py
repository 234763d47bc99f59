# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace a daemon's configuration directory as a whole, or not at all.

The life of a change to C(/etc/haproxy), each name a directory in C(/etc)::

    haproxy  --copy-->  .haproxy.staged   the declared files are written here, what is no longer declared is removed
                        .haproxy.staged   the daemon's own checker reads it under its final name (private mount)
    haproxy <-exchange-> .haproxy.staged  one system call: the single point of no return
                        .haproxy.previous the set that was replaced, kept for restore()
                        .haproxy.outdated what was C(.haproxy.previous) until then, removed at once

Files that belong elsewhere (files.py) are written from the set's copies just before the exchange, so that the previous
set brings its own ones back.

Whatever ends the run, C(haproxy) is either the old set or the new one. A new set bears a mark until everything is in
its place, so that the next run knows which of the two it finds, and finishes the rest.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .._deployed.manifest import MANIFEST, SetError, list_absent, list_declared, manifest, resolve_directory
from .._host import disk
from .._host.run import Run
from .files import (
    MARK,
    Change,
    File,
    copy_path,
    description,
    install_outside,
    is_as_declared,
    is_own,
    owner_ids,
    refuse_paths,
    remove_declared,
    replaced_path,
    restore_outside,
)

MOUNTED = "evenkeel: the staged set is in place"


class ConfigSet:
    """The configuration directory of one daemon and the sets beside it."""

    def __init__(self, directory: str, trial: bool = False, companions: Sequence[str] = ()) -> None:
        """C(directory) is absolute, such as C(/etc/haproxy). What a trial stages is never committed, and a trial
        touches nothing else.

        A link is followed: the set lies where it leads, and so do the sets beside it. C(companions) are the units that
        serve beside the daemon when what is declared is live."""
        self.name = Path(directory)
        self.live = resolve_directory(directory)
        self.trial = trial
        self.companions = list(companions)
        self.staged = self._path_beside("trial" if trial else "staged")
        self.previous = self._path_beside("previous")
        self.outdated = self._path_beside("outdated")
        self.keeps_previous = False

    def _path_beside(self, kind: str) -> Path:
        return self.live.with_name(f".{self.live.name}.{kind}")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs away from the directory. Raises SetError if one is at work there."""
        above = [parent for parent in self.live.parents if parent.is_dir()]
        handle = os.open(above[0], os.O_RDONLY | os.O_DIRECTORY)
        try:
            _lock(handle, self.live)
            yield
        finally:
            os.close(handle)

    def recover(self) -> None:
        """Finish what a run has left that was ended while it exchanged sets."""
        if not self.live.exists() and self.previous.exists():
            self.previous.rename(self.live)
        if (self.live / MARK).exists():
            self._finish()
            return
        if self.outdated.exists() and not self.previous.exists():
            self.outdated.rename(self.previous)
        if (self.staged / MANIFEST).exists():
            with suppress(SetError):
                restore_outside(self.staged, self.live)

    def find_changes(self, files: list[File]) -> list[Change]:
        """List the changes that bring the declared files to their declared state.

        Raises SetError for a directory or a path that cannot be."""
        refuse_paths(files, self.live, self.name)
        found = []
        were = manifest(self.live)
        for file in files:
            places = {self.live / file.path, self.live / copy_path(file.path)}
            if not all(is_as_declared(place, file) for place in places):
                sensitive = file.sensitive or file.path in were["sensitive"]
                found.append(_make_change(file, disk.read(self.live / file.path), sensitive))
        wanted = {file.path for file in files}
        for path in sorted(set(were["files"]) - wanted):
            if os.path.lexists(self.live / path) and is_own(self.live, path):
                found.append(Change(path, disk.read(self.live / path) or b"", None, sensitive=True))
        if not found and were != description(files, self.companions):
            found.append(Change(MANIFEST, None, None))
        return found

    def stage(self, files: list[File], changes: list[Change]) -> None:
        """Build the whole future directory beside the live one.

        Raises SetError for an owner, a group or a path that cannot be."""
        self.discard()
        try:
            self._build(files, changes)
        except OSError as error:
            raise SetError(f"cannot build the new {self.live}: {error}") from error

    def _build(self, files: list[File], changes: list[Change]) -> None:
        disk.make_directory(self.staged)
        (self.staged / MARK).touch()
        if self.live.exists():
            copy = ["cp", "--archive", "--no-target-directory", "--", str(self.live), str(self.staged)]
            done = subprocess.run(copy, check=False, capture_output=True, text=True)
            if done.returncode:
                raise SetError(f"cannot copy {self.live}: {done.stderr.strip()}")
        were = list_declared(self.live) + list_absent(self.live)
        for path in set(were) - {file.path for file in files}:
            disk.remove(self.staged / copy_path(path))
            if Path(path).is_absolute():
                disk.remove(replaced_path(self.staged, path))
        for file in files:
            found, kept = self.live / file.path, replaced_path(self.staged, file.path)
            if file.path not in were and found.is_file() and not kept.exists():
                disk.copy(found, kept)
        changed = {change.path for change in changes}
        for file in files:
            if file.path in changed and file.absent:
                disk.remove(self.staged / copy_path(file.path))
            elif file.path in changed:
                disk.write(self.staged / copy_path(file.path), file.content, file.mode, owner_ids(file))
        disk.write(
            self.staged / MANIFEST, (json.dumps(description(files, self.companions), indent=1) + "\n").encode(), 0o644
        )

    def commit(self) -> None:
        """Make the staged directory the live one; what was live becomes C(previous).

        Raises SetError, which says what is on disk, for whatever ends that: a full disk, a signal, an error of ours."""
        new = self.staged.stat().st_ino
        try:
            disk.sync(self.staged)
            install_outside(self.staged, self.live)
            if not self.live.exists():
                self.staged.rename(self.live)
            elif not disk.exchange(self.staged, self.live):
                # No exchange on this filesystem: recover() closes the gap between the last two renames.
                self._retire(self.live)
                self.staged.rename(self.live)
            self._finish()
        except BaseException as error:
            if self._is_live(new) and not (self.live / MARK).exists():
                return
            back = self._undo(new)
            raise SetError(f"cannot commit {self.live}: {_describe_error(error)}. {back}") from error

    def _undo(self, new: int) -> str:
        """Bring the set back that a commit was about to replace; C(new) is the inode of the other one. Returns what is
        on disk then."""
        try:
            if self._is_live(new):
                self._take_out()
            elif not self.live.exists() and self.previous.exists():
                self.previous.rename(self.live)
            if self.outdated.exists() and not self.previous.exists():
                self.outdated.rename(self.previous)
            install_outside(self.live, self.staged)
        except (OSError, SetError) as error:
            which = "new" if self._is_live(new) else "old"
            return (
                f"{self.live} holds the {which} set, and not all files outside it need belong to that, because "
                f"restoring it has failed: {error}. Make that possible and run this again, which finishes the change"
            )
        return f"{self.live} holds the old set, and nothing else has changed"

    def _take_out(self) -> None:
        """Let the live set and the one that it has replaced change places again. Nothing is removed."""
        retired = self.outdated if self.keeps_previous else self.previous
        old = self.staged if self.staged.exists() else retired
        if not old.exists():
            self.live.rename(self.staged)
        elif old == self.staged and disk.exchange(old, self.live):
            return
        else:
            out = self._path_beside("out")
            self.live.rename(out)
            old.rename(self.live)
            out.rename(self.staged)

    def _is_live(self, inode: int) -> bool:
        """Return whether the live directory has this inode."""
        return self.live.exists() and self.live.stat().st_ino == inode

    def _finish(self) -> None:
        """Keep the set that the live one has replaced, and let the live one lose its mark; only that ends the
        change."""
        if self.staged.exists():
            self._retire(self.staged)
        disk.sync_directory(self.live.parent)
        (self.live / MARK).unlink()
        disk.sync_directory(self.live)
        self.discard()

    def _retire(self, replaced: Path) -> None:
        """Make a set the previous one. The one that was it until now is kept until then: recover() may need it.

        A set that no daemon was proven to run is no way back, so where C(keeps_previous) says that, the previous one
        stays."""
        if self.keeps_previous:
            shutil.rmtree(self.outdated, ignore_errors=True)
            replaced.rename(self.outdated)
            return
        if self.previous.exists():
            shutil.rmtree(self.outdated, ignore_errors=True)
            self.previous.rename(self.outdated)
        replaced.rename(self.previous)

    def restore(self) -> None:
        """Bring the previous set back; the refused one becomes C(previous). Raises SetError, which says what is on
        disk."""
        try:
            if self.live.exists():
                self.recover()
            self.require_previous()
            self.discard()
            wanted = self.previous.stat().st_ino
        except OSError as error:
            raise SetError(f"cannot bring back {self.previous}: {error}. {self.live} holds the other set") from error
        try:
            install_outside(self.previous, self.live)
            self._exchange_previous()
            disk.sync_directory(self.live.parent)
        except BaseException as error:
            back = self._finish_restore(wanted)
            raise SetError(f"cannot bring back {self.previous}: {_describe_error(error)}. {back}") from error

    def _finish_restore(self, wanted: int) -> str:
        """Leave the files outside those of the set that is live after a restore has failed; C(wanted) is the inode of
        the set that was to be. Returns what is on disk then."""
        try:
            self.recover()
            which = "previous" if self._is_live(wanted) else "new"
            install_outside(self.live, self.previous)
        except (OSError, SetError) as error:
            which = "previous" if self._is_live(wanted) else "new"
            return f"{self.live} holds the {which} set, and not all files outside it need belong to that: {error}"
        return f"{self.live} holds the {which} set"

    def _exchange_previous(self) -> None:
        if not self.live.exists():
            self.previous.rename(self.live)
        elif not disk.exchange(self.previous, self.live):
            self.live.rename(self.outdated)
            self.previous.rename(self.live)
            self.outdated.rename(self.previous)

    def list_differences(self) -> list[str]:
        """The declared paths whose content is another one in the previous set."""
        paths = {path for directory in (self.live, self.previous) for path in list_declared(directory)}
        return sorted(
            path
            for path in paths
            if disk.read(self.live / copy_path(path)) != disk.read(self.previous / copy_path(path))
        )

    def remove(self) -> None:
        """Remove the set and those beside it: the files are those that stood there before the first set. Raises
        SetError, and the next removal finishes this one."""
        try:
            remove_declared(self.live)
            for path in (self.staged, self.previous, self.outdated):
                shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                self.live.rmdir()
        except OSError as error:
            raise SetError(
                f"cannot remove the set in {self.live}: {error}. Make that possible and run this again, which finishes "
                "it"
            ) from error

    def require_previous(self) -> None:
        """Raises SetError where restore() has nothing to bring back."""
        if not self.previous.exists():
            raise SetError(f"{self.previous} does not exist: there is no previous set to restore")

    def discard(self) -> None:
        """Remove what an ended or a refused change has left, but nothing of which recover() has to make something."""
        if self.trial or not (self.live / MARK).exists():
            shutil.rmtree(self.staged, ignore_errors=True)
        if not self.trial and self.previous.exists():
            shutil.rmtree(self.outdated, ignore_errors=True)

    def run_in_place(self, run: Run, argv: list[str]) -> tuple[int, str, str]:
        """Run a checker that sees the staged directory under its final name.

        The bind mount lives in a mount namespace of its own and ends with the command. Raises SetError if it is not
        allowed."""
        script = 'mount --bind "$1" "$2" && echo "$3" >&2 && shift 3 && exec "$@"'
        missing = not self.live.exists()
        if missing:
            self.live.mkdir()
        try:
            rc, out, err = run(
                ["unshare", "--mount", "sh", "-c", script, "sh", str(self.staged), str(self.live), MOUNTED, *argv]
            )
        finally:
            if missing:
                self.live.rmdir()
        if MOUNTED not in err:
            raise SetError(
                f"cannot show the new {self.live} to the checker before it is in place: {err.strip() or out.strip()}. "
                "This needs the right to mount, which root has; in a container it is CAP_SYS_ADMIN"
            )
        return rc, out, err.replace(f"{MOUNTED}\n", "", 1)

    def staged_path(self, path: str) -> str:
        """Return the current path of the file that will have this name once the staged set is live."""
        place = Path(path)
        for directory in (self.name, self.live):
            if place.is_relative_to(directory):
                return str(self.staged / place.relative_to(directory))
        copy = self.staged / copy_path(path)
        return str(copy) if place.is_absolute() and copy.is_file() else path


def _make_change(file: File, before: bytes | None, sensitive: bool) -> Change:
    """The change that brings a file to its declared state. What a removed one had may be secret."""
    if file.absent:
        return Change(file.path, before or b"", None, sensitive=True)
    return Change(file.path, before, file.content, sensitive)


def _describe_error(error: BaseException) -> str:
    """An error in words; one without a text is named."""
    return str(error) or type(error).__name__


def _lock(handle: int, directory: Path) -> None:
    """Take the lock, which the kernel gives back when its process ends, in whatever way that ends."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SetError(
            f"another run is changing {directory} right now{_describe_holder(handle)}: run this one again when that "
            "has ended"
        ) from error


def _describe_holder(handle: int) -> str:
    """The process that has the lock; empty where the kernel does not say it, as of one outside of a container."""
    file = f":{os.fstat(handle).st_ino}"
    with suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            words = line.split()
            if "->" not in words and words[1] == "FLOCK" and words[5].endswith(file) and int(words[4]) > 0:
                return f" (process {words[4]})"
    return ""
