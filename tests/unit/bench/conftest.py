"""Let the tests import the benchmark, and what it has from the lab and the scenarios."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "tests/lab", "molecule/shared")]
