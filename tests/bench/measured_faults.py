"""The faults: how each is done and healed, how long to look, and which figures tell most of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from cluster import between, stopped
from faults import frozen, link_down, powered_off, unplugged
from story import everywhere

from bench.lab import LOAD_BALANCERS, Lab


@dataclass
class Scene:
    """Place of a fault: a lab, and its load balancer that has the address."""

    lab: Lab
    holder: str
    healed: float = 0.0
    """When the hosts were healed (seconds since 1970), if a fault knows it better than who asked for it."""


Event = Callable[[Scene], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """Clients are watched for at least and at most so many seconds. The first of the figures says more than the
    others."""

    title: str
    happens: Event
    figures: tuple[str, ...] = ("outage_ms", "lost")
    least: float = 2.0
    most: float = 8.0
    timed: bool = False
    """Whether the time between adverts decides, so that the profile "fast" is measured as well."""


def once(command: str) -> Event:
    """A command of the holder, and nothing to heal."""
    return lambda scene: between(scene.holder, command, "true")


@contextmanager
def deaf(scene: Scene) -> Iterator[None]:
    """The load balancers do not hear each other's adverts."""
    rule = "INPUT --protocol 112 --jump DROP"
    everywhere(LOAD_BALANCERS, f"iptables --wait --insert {rule}")
    try:
        yield
    finally:
        scene.healed = min(
            map(float, everywhere(LOAD_BALANCERS, f"date +%s.%N && iptables --wait --delete {rule}").values())
        )


@contextmanager
def changed_value(scene: Scene) -> Iterator[None]:
    scene.lab.deploy_change()
    yield


ANSWERS = ("lost", "slowest_ms")
# What is sent to a host that has just given the address away may wait there, and be forwarded.
MOVED = ("outage_ms", *ANSWERS)
FAULTS = (
    Fault("haproxy stopped", lambda scene: stopped(scene.holder, "haproxy")),
    Fault("haproxy killed (-9)", once("systemctl kill --signal=KILL haproxy"), least=3),
    Fault("haproxy hung (SIGSTOP)", lambda scene: frozen(scene.holder, "haproxy")),
    Fault("host dead", lambda scene: powered_off(scene.holder), timed=True),
    Fault("host's network cut", lambda scene: unplugged(scene.holder), timed=True),
    Fault("link down", lambda scene: link_down(scene.holder), timed=True),
    Fault("keepalived stopped", lambda scene: stopped(scene.holder, "keepalived"), MOVED),
    Fault("keepalived restarted", once("systemctl restart keepalived"), MOVED),
    Fault(
        "keepalived killed (-9, all processes)",
        lambda scene: between(scene.holder, "systemctl kill --signal=KILL keepalived", "systemctl start keepalived"),
        ("two_owners_ms", *MOVED),
        least=5,
    ),
    Fault("VRRP blocked, then healed", deaf, ("healing_two_owners_ms", *ANSWERS), least=5),
    Fault("one changed value deployed", changed_value, ANSWERS),
    Fault("web server's nginx stopped", lambda _scene: stopped("web1", "nginx"), ANSWERS, least=3, most=15),
    Fault("web server hangs (SIGSTOP)", lambda _scene: frozen("web1", "nginx"), ANSWERS, least=3, most=15),
    Fault("web server's host dead", lambda _scene: powered_off("web1"), ANSWERS, least=3, most=15),
)
