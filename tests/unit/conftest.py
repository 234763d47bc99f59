"""Let the tests take the time that they need."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How fast a machine is decides no test.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
