# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that somebody may write into an inventory, with all that means something to a daemon, to Ansible or to a
shell."""

from __future__ import annotations

from hypothesis import strategies as st

SPECIAL = [
    *"\"'\\#;{}$%!@~<>()[]|&`=:,. \t\n\r\0\x1b\x7f\x85\xa0\u2028",
    "{{ 1 }}",
    "{% if %}",
    "${HOME}",
    "$host",
    "%[src]",
    "~SEQ(1,2)",
    "ü",
    "日",
]

words = st.text(st.sampled_from("aB3_-./"), min_size=1, max_size=4)
texts = st.lists(st.sampled_from(SPECIAL) | words | st.characters(exclude_categories=["Cs"]), max_size=6).map("".join)
"""Any text, mostly of pieces with a meaning."""
