# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever fails in a change, and at whatever step: the set on disk is whole, what the module says is true, and the
same run again finishes the change.

Each step is a call that changes something and that Python announces before it makes it (open, rename, mkdir, a program
...), or one that waits for the disk. With C(FAULTS=all), which C(make endurance) sets, every call is one, and every
fault is tried. The daemon is a fake that reads its directory when it is told to; molecule/default tells the same
stories of the real ones."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import signal
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._check.finding import Verdict
from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed import proven
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction import run
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.files import MARK
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.proof import DAEMONS, Daemon, NotProven
from ansible_collections.evenkeel.ha_web.plugins.modules import config_transaction
from module_arguments import module_arguments
from test_config_transaction import file

COUNTED = ("os.", "open", "subprocess.", "ctypes.", "evenkeel.")
READING = ("os.scandir", "os.listdir", "os.walk", "ctypes.dlsym")
CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

FAULTS = {
    "full from then on": (errno.ENOSPC, True),
    "SIGTERM": (signal.SIGTERM, False),
}
MORE = {
    "SIGKILL": (signal.SIGKILL, False),
    "broken once": (errno.EIO, False),
    "full once": (errno.ENOSPC, False),
    "broken from then on": (errno.EIO, True),
    "no file descriptors once": (errno.EMFILE, False),
    "no file descriptors from then on": (errno.EMFILE, True),
    "read-only from then on": (errno.EROFS, True),
}
ALL = os.environ.get("FAULTS") == "all"
if ALL:
    FAULTS |= MORE


def is_reading(event: str, arguments: tuple) -> bool:
    """Whether a call changes nothing."""
    return event in READING or (event == "open" and not arguments[2] & CHANGING)


class Faults:
    """Lets the nth step fail."""

    def __init__(self, kind: str, step: int) -> None:
        self.number, self.stays = FAULTS[kind]
        self.step = step
        self.left = step
        sys.addaudithook(self.count)

    def count(self, event: str, arguments: tuple) -> None:
        if not event.startswith(COUNTED) or (not ALL and is_reading(event, arguments)):
            return
        self.left -= 1
        if self.left == 0 or (self.left < 0 and self.stays):
            if isinstance(self.number, signal.Signals):
                os.kill(os.getpid(), self.number)
            else:
                raise OSError(self.number, os.strerror(self.number), "/full")


class World:
    """A host: C(runs) holds what the daemon has read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.live = root / "etc/haproxy"
        self.unit = root / "units/evenkeel.conf"
        self.runs = root / "runs"
        self.live.parent.mkdir(parents=True)

    def run(self, argv: list[str]) -> tuple[int, str, str]:
        """systemctl and journalctl."""
        sys.audit("subprocess.Popen", argv[0], argv, None, None)
        if argv[:2] == ["systemctl", "show"]:
            state = "active" if self.runs.exists() else "inactive"
            return 0, f"Id=haproxy\nActiveState={state}\nUnitFileState=enabled\nMainPID=0\n", ""
        if argv[:1] == ["systemctl"] and argv[1] in ("start", "reload"):
            descriptor = os.open(self.runs, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(descriptor, (self.live / "haproxy.cfg").read_bytes())
            os.close(descriptor)
        if argv[:2] == ["systemctl", "stop"]:
            self.runs.unlink(missing_ok=True)
        return 0, "", ""

    def arguments(self, text: str) -> dict:
        return {
            "daemon": "haproxy",
            "directory": str(self.live),
            "main": "haproxy.cfg",
            "files": [file("haproxy.cfg", text), file(f"maps/{text}.map", text), file(str(self.unit), text)],
            "timeout": 0,
        }

    def install(self, text: str) -> dict:
        """What the module returns."""
        printed = io.StringIO()
        with redirect_stdout(printed), module_arguments(self.arguments(text)), pytest.raises(SystemExit):
            config_transaction.main()
        return json.loads(printed.getvalue())

    def on_disk(self) -> str:
        """The set on disk, which has to be whole; empty if there is none."""
        if not self.live.exists():
            return ""
        text = (self.live / "haproxy.cfg").read_text(encoding="utf-8")
        assert {path.name for path in (self.live / "maps").iterdir()} == {f"{text}.map"}
        assert (self.live / f".system{self.unit}").read_text(encoding="utf-8") == text
        return text

    def running(self) -> str:
        return self.runs.read_text(encoding="utf-8") if self.runs.exists() else ""

    def outside(self) -> str:
        return self.unit.read_text(encoding="utf-8") if self.unit.exists() else ""


class Reader(Daemon):
    """A daemon of which it can be known what it has read."""

    def is_proven(self) -> bool:
        return True


class Refusing(Reader):
    """One that does not take the new set."""

    def is_proven(self) -> bool:
        live = Path(self.unit.directory)
        if (live / "haproxy.cfg").read_bytes() == b"new":
            raise NotProven("it does not like that")
        return True


@pytest.fixture(params=[Reader, Refusing], ids=["taken", "refused"])
def reader(request, monkeypatch):
    monkeypatch.setitem(DAEMONS, "haproxy", request.param)
    return request.param


@pytest.fixture
def world(tmp_path, monkeypatch, reader):
    """A fresh host for every step."""

    def build(number: int) -> World:
        root = tmp_path / str(number)
        made = World(root)
        monkeypatch.setattr(proven, "MEMORY", root / "var")
        monkeypatch.setattr(run, "run", made.run)
        monkeypatch.setattr(run.Unit, "directory", str(made.live), raising=False)
        return made

    # Nothing is lost without waiting for the disk, as the power does not fail.
    monkeypatch.setattr(os, "fsync", lambda _descriptor: sys.audit("evenkeel.fsync"))
    monkeypatch.setattr(run, "program", lambda _module: "/usr/sbin/haproxy")
    monkeypatch.setattr(run, "check_files", lambda *_a, **_k: Verdict(valid=True, findings=[], version="2.6"))
    return build


def broken(made: World, kind: str, step: int) -> tuple[dict | None, bool]:
    """What the module says when the nth step fails, if it can say something; whether it had that many steps."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            faults = Faults(kind, step)
            said = made.install("new")
            code = 0 if faults.left <= 0 else 2
            faults.stays, faults.left = False, -1
            os.write(writing, json.dumps(said).encode())
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 2) or kind == "SIGKILL", (code, text)
    return json.loads(text) if text else None, code != 2


CLAIMS = {
    r"is unchanged and still in use|nothing else has changed|The previous set is back in .* and serves": ("old", "old"),
    r"The previous set is back": ("old", None),
    r"^haproxy runs what is in .* which is proven": ("new", "new"),
    r"^ended by SIGTERM; haproxy runs what is in .* which is proven": ("new", "new"),
    r"holds the new (set|one)": ("new", None),
    r"holds the old set|holds the previous set": ("old", None),
    r"was not told of the change": (None, "old"),
    r"cannot build the new": ("old", "old"),
}
"""What is true of the disk and of the daemon if the message says this."""


def check_claims(made: World, said: dict, before: str) -> None:
    """Everything that the message claims is true, and it claims something."""
    found = [truth for words, truth in CLAIMS.items() if re.search(words, said["msg"])]
    where = {"old": before, "new": "new"}
    for disk, daemon in found:
        assert disk is None or made.on_disk() == where[disk], said["msg"]
        assert daemon is None or made.running() == where[daemon], said["msg"]
    assert found or (made.on_disk(), made.running()) == (before, before), said["msg"]


@pytest.mark.parametrize("before", ["", "old"], ids=["first", "later"])
@pytest.mark.parametrize("kind", FAULTS)
def test_every_step_of_a_change_can_fail(world, reader, kind, before, tmp_path):
    if reader is Refusing and not before and not ALL:
        pytest.skip("nothing to go back to")
    # What Python loads on first use is no step of a change.
    world(0).install("new")
    step, went_on = 1, True
    while went_on:
        made = world(step)
        if before:
            made.install("oldest")
            made.install("old")
        said, went_on = broken(made, kind, step)
        if said is None:
            assert kind == "SIGKILL"
        elif not said.get("failed"):
            assert reader is Reader
            assert (made.on_disk(), made.running(), made.outside()) == ("new", "new", "new")
        elif went_on:
            check_claims(made, said, before)
        assert made.on_disk() in (before, "new")
        finish(made, reader, before)
        step += 1
    assert step > 20


def finish(made: World, reader: type, before: str) -> None:
    """The same run once more comes to its end, and a third finds nothing to do."""
    said = made.install("new")
    if reader is Refusing:
        assert said["failed"]
        if before:
            assert (made.on_disk(), made.running(), made.outside()) == (before, before, before)
        return
    assert not said.get("failed"), said
    assert (made.on_disk(), made.running(), made.outside()) == ("new", "new", "new")
    assert not (made.live / MARK).exists()
    assert not made.install("new")["changed"]
