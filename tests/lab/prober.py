"""The collection's clients, for the demo, the scenarios and the benchmark."""

import time

from ansible_collections.evenkeel.ha_web.plugins.module_utils._http import clients
from ansible_collections.evenkeel.ha_web.plugins.module_utils._http.clients import KeepAlive, describe_error
from ansible_collections.evenkeel.ha_web.plugins.module_utils._http.results import Result, outage

__all__ = ["KeepAlive", "Prober", "Result", "describe_error", "outage"]


class Prober(clients.Prober):
    """A client of whose results a test can wait for good ones."""

    def good_since(self, moment: float, seconds: float) -> bool:
        """Tell whether the last so many seconds, all after moment, were faultless."""
        now = time.monotonic()
        recent = [r for r in list(self.results) if r.start >= now - seconds]
        return now - seconds >= moment and bool(recent) and all(r.ok for r in recent)
