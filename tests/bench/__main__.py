"""Measures what has not been measured yet, and writes tests/output/bench; docs/explanation/benchmark.md says what can
be chosen."""

import signal
import sys

from bench import ansible_runs, anycast, failover, machine, many_servers, overload, report, throughput
from bench.lab import CERTIFICATE, removed
from bench.measurement import Figures, Measurement, say
from bench.records import Records
from bench.settings import OUTPUT, PARTS, PUBLISH, ROOT

ALL = {
    "failover": failover,
    "overload": overload,
    "throughput": throughput,
    "servers": many_servers,
    "ansible": ansible_runs,
    "anycast": anycast,
}
PATIENCE = 5
"""So many failures one after the other end a part."""


def make_certificate() -> None:
    """Certificate and key in one file, as haproxy wants them."""
    if not CERTIFICATE.exists():
        key = (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=bench "
            "-keyout - -out -"
        )
        CERTIFICATE.write_text(machine.output(*key.split()) + "\n", encoding="utf-8")


def text(figures: Figures) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items())


def why(error: Exception) -> str:
    said = getattr(error, "stderr", None) or str(error)
    return said.strip()[-500:]


def measure(one: Measurement) -> Figures:
    """The figures, and whether they can be trusted; what cannot be measured does not keep the rest from it."""
    before = machine.become_quiet()
    try:
        figures = one.measure()
    except Exception as error:  # whatever it is, it is noted
        return {"error": why(error)}
    busy = max(before, machine.busy())
    return {**figures, "busy": busy, "noisy": figures.get("noisy", False) or busy > machine.NOISY_BUSY}


def run(records: Records, part: str) -> None:
    """Measure what has not been measured yet."""
    plan = ALL[part].plan()
    todo = [one for one in plan if not records.has(part, one.key)]
    say(f"{part}: {len(plan) - len(todo)} of {len(plan)} are measured already")
    failures = 0
    with removed(ALL[part].LABS):
        for number, one in enumerate(todo, start=1):
            say(f"{part} {number}/{len(todo)}: {text(one.key)} ...")
            figures = measure(one)
            say(f"    {text(figures)}")
            records.add(part, one.key, **figures)
            report.write(records)
            failures = failures + 1 if "error" in figures else 0
            if failures == PATIENCE:
                say(f"{part}: given up after {failures} failures one after the other")
                break


def main() -> None:
    # So that the hosts are removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if unknown := set(PARTS) - set(ALL):
        sys.exit(f"error: PARTS: {', '.join(sorted(unknown))}: choose of {', '.join(ALL)}")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    make_certificate()
    records = Records(OUTPUT / "results.jsonl", machine.state())
    records.begin(**machine.describe())
    chosen = PARTS or list(ALL)
    try:
        for part in chosen:
            run(records, part)
    except KeyboardInterrupt:
        sys.exit(130)
    report.write(records)
    say(f"Written: {OUTPUT.relative_to(ROOT)}/table.md")
    if failed := [part for part in chosen if any("error" in record for record in records.of(part))]:
        sys.exit(f"error: failed in part: {', '.join(failed)}; the next run tries that again")
    if PUBLISH:
        report.publish(records)


if __name__ == "__main__":
    main()
