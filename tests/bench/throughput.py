"""Part (c): requests per second and latency through the virtual address, and of nginx asked directly."""

import json
from functools import cache, partial

from faults import docker

from bench import settings
from bench.lab import Lab
from bench.measurement import Figures, Measurement
from bench.sides import GUIDES, OURS

LABS = [GUIDES, OURS]
IMAGE = f"{settings.LAB}-wrk"
CONNECTIONS = 50
SECONDS = 5
TARGETS: dict[str, tuple[Lab, str]] = {
    "guides": (GUIDES, GUIDES.vip),
    "ours": (OURS, OURS.vip),
    "nginx": (OURS, f"{OURS.prefix}.21"),
}
KINDS = [(scheme, connections) for scheme in ("http", "https") for connections in ("kept", "new")]


@cache
def load_generator() -> str:
    """The image that has wrk, built from the lab's own."""
    proxies = [f"--build-arg={name}" for name in ("http_proxy", "https_proxy", "no_proxy")]
    base = f"--build-arg=BASE=evenkeel-lab:{settings.RELEASE}"
    # The machine's own network reaches the package mirror in any case.
    docker("build", "--network=host", *proxies, base, f"--tag={IMAGE}", str(settings.HERE / "wrk"))
    return IMAGE


def measure(lab: Lab, address: str, scheme: str, connections: str) -> Figures:
    """Have wrk ask as fast as it can; rate in requests per second."""
    lab.be_ready()
    lab.become_well()
    new = ["--header", "Connection: close"] if connections == "new" else []
    # With the port: the image knows no services by name.
    url = f"{scheme}://{address}:{443 if scheme == 'https' else 80}/"
    wrk = [
        "wrk",
        "--threads=1",
        f"--connections={CONNECTIONS}",
        f"--duration={SECONDS}s",
        "--script=/result.lua",
        *new,
        url,
    ]
    found = json.loads(docker("run", "--rm", "--network=host", load_generator(), *wrk).splitlines()[-1])
    return {"rate": round(found.pop("requests") / found.pop("seconds")), **found}


def plan() -> list[Measurement]:
    return [
        Measurement(
            {"round": number, "target": target, "scheme": scheme, "connections": connections},
            partial(measure, *TARGETS[target], scheme, connections),
        )
        for number in range(1, settings.ROUNDS + 1)
        for scheme, connections in KINDS
        for target in TARGETS
    ]
