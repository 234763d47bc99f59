# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signals that end a run."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""Signals that end a program by default: a lost connection, the terminal, the host's shutdown."""


class Interrupted(BaseException):
    """A signal has ended the run, which has to leave everything as it says; the text names the signal."""


def hold_signals() -> None:
    """Ignore the signals that end a program until interruptible() ends, so that what cannot be left in the middle comes
    to its end."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)


@contextmanager
def interruptible() -> Iterator[None]:
    """Have the first signal that ends a program raise Interrupted, and ignore all others, so that the way back is not
    interrupted."""

    def stop(number: int, _frame: object) -> None:
        hold_signals()
        raise Interrupted(f"ended by {signal.Signals(number).name}")

    before = {each: signal.signal(each, stop) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
