# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers that daemons accept, where an option is no number of its own rules."""

from __future__ import annotations

import re

LARGEST = 2**31 - 1
AS = (0, 2**32 - 1)
"""Numbers of autonomous systems, and metrics."""

PORT = (0, 65535)
"""Whether a port may be left out (0) is a rule of its own."""

SECONDS = (0.001, 4294)
"""What keepalived counts in microseconds of 32 bits, if 0 is none of it."""

TIMES = (1, LARGEST)

RANGES: dict[str, tuple[float, float]] = {
    "bgp_local_as": AS,
    "bird_local_as": AS,
    "bird_med_drain": AS,
    "bird_med_last_resort": AS,
    "bird_med_ready": AS,
    "bird_peers.as": AS,
    "bgp_peers.as": AS,
    "haproxy_acme.port": (1, 65535),
    "haproxy_acme_servers.port": (1, 65535),
    "haproxy_backends.port": PORT,
    "haproxy_backend_defaults.port": PORT,
    "haproxy_listens.port": PORT,
    "haproxy_listen_defaults.port": PORT,
    "keepalived_instances.down_timer_adverts": (1, 100),
    "keepalived_instances.garp_master_delay": (0, 4294),
    "keepalived_instances.garp_master_refresh_repeat": TIMES,
    "keepalived_instances.garp_master_repeat": TIMES,
    "keepalived_instances.preempt_delay": (0, 1000),
    "keepalived_scripts.fall": TIMES,
    "keepalived_scripts.interval": SECONDS,
    "keepalived_scripts.rise": TIMES,
    "keepalived_scripts.timeout": SECONDS,
    "keepalived_scripts.weight": (-253, 253),
    "keepalived_smtp_alerts.port": (1, 65535),
    "keepalived_smtp_alerts.timeout": (1, 4294),
    "keepalived_track_files.init_file": (-LARGEST, LARGEST),
    "keepalived_track_files.weight": (-254, 254),
    "keepalived_track_processes.quorum": (1, 65535),
    "keepalived_track_processes.weight": (-254, 254),
    "keepalived_virtual_servers.delay_loop": (0.001, LARGEST),
    "keepalived_virtual_servers.persistence_timeout": (1, 2678400),
    "keepalived_virtual_servers.quorum": TIMES,
    "keepalived_virtual_servers.real_servers.check.port": (1, 65535),
    "keepalived_virtual_servers.real_servers.check.timeout": SECONDS,
    "keepalived_virtual_servers.real_servers.weight": (0, 65535),
    "nginx_acme.port": (1, 65535),
}
"""The least and the most by variable and keys."""

DEFAULTS = {
    "keepalived_instance_defaults": "keepalived_instances",
    "keepalived_script_defaults": "keepalived_scripts",
    "keepalived_track_file_defaults": "keepalived_track_files",
    "keepalived_track_process_defaults": "keepalived_track_processes",
}
"""Variables with the defaults of others' items."""

ITEM = re.compile(r"\[[^\]]*\]")


def find_range(where: str) -> tuple[float, float]:
    """Return the least and the most for the value at a place such as C(keepalived_scripts[name].weight)."""
    variable, dot, keys = ITEM.sub("", where).partition(".")
    return RANGES.get(f"{DEFAULTS.get(variable, variable)}{dot}{keys}", (0, LARGEST))
