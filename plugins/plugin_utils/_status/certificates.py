# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the certificates that haproxy and nginx serve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from .finding import DEPLOY, Finding, Seen, describe_differences, group_by_value

STAND_IN = "stand-in until the ordered certificate is there"
"""Part of the subject of a certificate that stands in for one that the program acme.py orders."""

DEPLOYMENTS = {
    "haproxy": DEPLOY,
    "nginx": "run deploy_web_servers.yml, which gives every web server what the inventory says",
}

RENEWALS = {
    "haproxy": "if not every node has an ACME client of its own, see that its hook calls haproxy-certificate on all "
    "of them",
    "nginx": "journalctl --unit nginx-acme on these hosts says why one does not take it from the other",
}


def list_findings(daemon: str, running: Seen, days: int) -> Iterator[Finding]:
    """Certificates that end within so many days, that differ between nodes, and that stand in for ordered ones."""
    ends: dict[str, dict[str, tuple[str, int]]] = defaultdict(dict)
    for host, node in running.items():
        for certificate in node["certificates"]:
            if certificate["expires"]:
                ends[certificate["file"]][host] = certificate["expires"], certificate["days_left"]
    for file, said in ends.items():
        for (expires, left), hosts in group_by_value(said).items():
            if left < days:
                what = f"{file} {f'ends in {left} days' if left >= 0 else 'has ended'} ({expires})"
                yield Finding(tuple(hosts), what, f"renew it and {DEPLOYMENTS[daemon]}")
        if found := describe_differences(
            f"the end of {file}", {host: expires for host, (expires, _left) in said.items()}
        ):
            # Where ACME clients put their certificates; every node may have a client of its own.
            own = file.startswith(f"/var/lib/{daemon}-certificates/")
            # A web server may have a certificate of its own name.
            yield Finding(
                tuple(said),
                found,
                RENEWALS[daemon] if own else DEPLOYMENTS[daemon],
                harmless=own or daemon == "nginx",
            )
    yield from _find_stand_ins(daemon, running)


def _find_stand_ins(daemon: str, running: Seen) -> Iterator[Finding]:
    """Certificates that are served until the ordered ones arrive."""
    hosts = defaultdict(list)
    for host, node in running.items():
        for certificate in node["certificates"]:
            if STAND_IN in certificate.get("subject", ""):
                hosts[certificate["file"]].append(host)
    for file, found in hosts.items():
        yield Finding(
            tuple(found),
            f"{file} is self-signed, because the certificate that {daemon}_acme orders has not arrived",
            f"journalctl --unit {daemon}-acme says why; the order is repeated",
        )
