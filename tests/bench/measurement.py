"""Elements of a part of the benchmark."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

BEGAN = time.monotonic()
Figures = dict[str, Any]


class BenchError(Exception):
    """Something that a measurement needs did not work; the text says what."""


@dataclass(frozen=True)
class Measurement:
    """One figure or some that are measured together; the key tells it from all others of its part."""

    key: dict[str, str | int]
    measure: Callable[[], Figures]


def say(text: str) -> None:
    elapsed = int(time.monotonic() - BEGAN)
    print(f"[{elapsed // 60:3d}:{elapsed % 60:02d}] {text}", flush=True)
