"""Let the tests import what the scenario chaos is made of."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/lab", "molecule/shared")]
