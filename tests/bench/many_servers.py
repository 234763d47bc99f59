"""Part (d): how rendering and validating grow with the number of servers, as scale.py measures it."""

from functools import partial

from bench import scale, settings
from bench.measurement import BenchError, Figures, Measurement
from bench.sides import OURS

LABS = [OURS]


def measure(servers: int) -> Figures:
    OURS.be_ready()
    OURS.use()
    try:
        return scale.measure(servers)
    except SystemExit as error:
        raise BenchError(str(error.code)[-500:]) from None


def plan() -> list[Measurement]:
    return [
        Measurement({"round": number, "servers": servers}, partial(measure, servers))
        for number in range(1, settings.ROUNDS + 1)
        for servers in scale.SIZES
    ]
