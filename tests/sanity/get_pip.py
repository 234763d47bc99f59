"""Stand-in for the script of this purpose that ansible-test downloads: installs the pip that comes with Python."""

from __future__ import annotations

import ensurepip

ensurepip.bootstrap()
