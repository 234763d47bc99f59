"""Last test of every cluster's scenario: check_cluster finds no problem."""

from __future__ import annotations

from controller import good, playbook


def test_the_command_finds_nothing_wrong_with_the_cluster():
    assert "No problems found." in good(playbook("check_cluster"))
