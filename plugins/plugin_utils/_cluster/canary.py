# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the servers that get a new release first and are watched."""

from __future__ import annotations

from typing import Any

from .batches import divide_into_batches


def select_canaries(hosts: list[str], servers: Any, serial: Any) -> dict[str, list[str]]:
    """Return C(hosts), the first of the hosts, and C(problems), because of which nobody could watch them alone.

    C(servers) is their number or percents of the hosts, None for nobody, and C(serial) that of a batch, as in
    divide_into_batches()."""
    if servers is None or not hosts:
        return {"hosts": [], "problems": []}
    try:
        batches = divide_into_batches(hosts, serial)
    except ValueError:
        # Named elsewhere.
        return {"hosts": [], "problems": []}
    try:
        (first, *_rest) = divide_into_batches(hosts, servers)
    except ValueError:
        return {
            "hosts": [],
            "problems": [
                f"cluster_canary_servers is '{servers}': a number such as 1 or percents such as 25% are needed"
            ],
        }
    done: list[str] = []
    for batch in batches:
        done += batch
        if len(done) >= len(first):
            break
    beyond = done[len(first) :]
    problems = (
        [
            f"cluster_serial is {serial}, so {', '.join(beyond)} would get the release together with the servers that "
            f"are watched, which are {', '.join(first)} (cluster_canary_servers): let cluster_serial be a list that "
            f"begins with {len(first)}"
        ]
        if beyond
        else []
    )
    return {"hosts": first, "problems": problems}
