"""What is known of a configuration directory without changing anything."""

from __future__ import annotations

from ansible_collections.evenkeel.ha_web.plugins.module_utils._deployed.proven import configuration


def test_where_there_is_no_directory_nothing_is_pending(tmp_path):
    assert configuration("haproxy", str(tmp_path / "none"), run=None) == {
        "digest": "",
        "pending": "",
        "unconfined": False,
    }
