# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS as version 6.0 of Mozilla's guidelines (Server Side TLS) wants it, in the words of both daemons.

OpenSSL refuses a whole list for one curve that it does not know, so C(newer) are those that only the host's release
has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...module_utils._haproxy.shared_lines import NEWER_CURVES
from .releases import has_feature

VERSIONS = {"intermediate": ("TLSv1.2", "TLSv1.3"), "modern": ("TLSv1.3",)}
"""Protocol versions of the profiles, the oldest first."""

CURVES = ("X25519", "prime256v1", "secp384r1")
CIPHERS = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
"""Those of TLS 1.2, each with forward secrecy; the client chooses, because it knows what its hardware is good at."""
SUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
"""Those of TLS 1.3."""


def newer_curves(releases: Mapping[str, str]) -> list[str]:
    """Return the curves that the OpenSSL of a host knows besides C(CURVES). C(releases) come from find_releases()."""
    return [curve for curve in NEWER_CURVES if has_feature(releases, curve)]


def haproxy(profile: str, newer: list[str]) -> list[str]:
    """Lines of the global section, for everything that listens."""
    return [
        f"ssl-default-bind-options ssl-min-ver {VERSIONS[profile][0]} no-tls-tickets prefer-client-ciphers",
        f"ssl-default-bind-curves {':'.join([*newer, *CURVES])}",
        f"ssl-default-bind-ciphers {CIPHERS}",
        f"ssl-default-bind-ciphersuites {SUITES}",
    ]


def nginx(profile: str, newer: list[str]) -> dict[str, Any]:
    """Directives of the http context."""
    return {
        "ssl_protocols": " ".join(VERSIONS[profile]),
        "ssl_ecdh_curve": ":".join([*newer, *CURVES]),
        "ssl_ciphers": CIPHERS,
        "ssl_prefer_server_ciphers": False,
        "ssl_session_cache": "shared:tls:10m",
        "ssl_session_timeout": "1d",
        "ssl_session_tickets": False,
    }
