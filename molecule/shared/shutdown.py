"""All hosts of a lab are shut down by the playbook, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cluster import container
from controller import good, playbook
from faults import docker


def shut_down_in_order(*turns: Iterable[str]) -> None:
    """Shut all hosts down; those of a turn were off before those of the next were. Then they are on again."""
    hosts = [container(name) for turn in turns for name in turn]
    docker("update", "--restart=no", *hosts)
    try:
        good(playbook("shut_down_hosts", shut_down_confirmed=True))
        ended = [[ended_at(name) for name in turn] for turn in turns]
    finally:
        docker("update", "--restart=unless-stopped", *hosts)
        docker("start", *hosts)
    for earlier, later in zip(ended, ended[1:]):
        assert max(earlier) < min(later)


def ended_at(name: str) -> datetime:
    """Find the time at which the host was off."""
    state = docker("inspect", "--format={{.State.Running}} {{.State.FinishedAt}}", container(name))
    assert state.startswith("false "), f"{name} is on"
    return datetime.fromisoformat(state.split()[1])
