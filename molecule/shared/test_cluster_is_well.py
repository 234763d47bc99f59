"""What every cluster's scenario asks at the end: the command that says how a cluster is finds nothing."""

from __future__ import annotations

from controller import good, playbook


def test_the_command_finds_nothing_wrong_with_the_cluster():
    assert "No problems found." in good(playbook("check_cluster"))
