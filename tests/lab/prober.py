"""The collection's clients, for the demo, the scenarios and the benchmark."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "collections"))

from ansible_collections.evenkeel.ha_web.plugins.module_utils._http.clients import KeepAlive, Prober
from ansible_collections.evenkeel.ha_web.plugins.module_utils._http.results import Result, outage

__all__ = ["KeepAlive", "Prober", "Result", "outage"]
