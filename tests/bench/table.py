"""The figures as Markdown."""

from bench import anycast as anycast_part
from bench import scale
from bench.ansible_runs import RUNS
from bench.machine import NOISY_BUSY, NOISY_MS
from bench.measured_faults import FAULTS, Fault
from bench.overload import CHOSEN, LOOPS, PATIENCE, SECONDS
from bench.records import Record, Records
from bench.spread import doubts, spread, where
from bench.throughput import CLIENTS, CONNECTIONS, MODES, STREAMS

NONE = "\N{EN DASH}"
SIDES = {"guides": "guides' configuration", "ours": "evenkeel.ha_web", "fast": "evenkeel.ha_web, fast"}
TARGETS = {
    "nginx": "nginx, asked directly",
    "guides": "through the guides' haproxy.cfg, whose log nobody keeps",
    "logged": "through the guides' haproxy.cfg, with rsyslog",
    "ours": "through evenkeel.ha_web",
}
FIGURES = {
    "outage_ms": "{} ms",
    "lost": "{} requests lost",
    "slowest_ms": "slowest {} ms",
    "two_owners_ms": "two holders for {} ms",
    "healing_two_owners_ms": "two holders for {} ms after the repair",
}


def rows(cells: list[list[str]]) -> list[str]:
    """A table; the first row is its heading."""
    heading, *lines = (f"| {' | '.join(row)} |" for row in cells)
    return [heading, "|" + " --- |" * len(cells[0]), *lines]


def fault_cell(fault: Fault, records: list[Record]) -> str:
    """Format the clients' results of a fault with one configuration."""
    found = [record for record in records if "error" not in record]
    if not found:
        return NONE + doubts(records)
    words = [FIGURES[figure].format(spread(found, figure).text()) for figure in fault.figures]
    if never := sum(not record["over"] for record in found):
        words[0] = f"not over after {fault.most:.0f} s ({never}/{len(found)}), {words[0]}"
    healing = spread(found, "healing_lost")
    return ", ".join(words) + (f"; {healing.text()} lost while healing" if healing.high else "") + doubts(records)


def failover(records: list[Record]) -> list[str]:
    table = [["fault", *SIDES.values()]]
    for fault in FAULTS:
        if found := where(records, fault=fault.title):
            table.append([fault.title, *[fault_cell(fault, where(found, side=side)) for side in SIDES]])
    return [
        (
            "A new HTTP connection through the virtual address every 5 ms, lost if it is not answered in full "
            "within 1 s. A time without a"
        ),
        "name is the outage: from the last good request before the first lost one to the next good answer.",
        "",
        *rows(table),
    ]


def short(records: list[Record]) -> list[str]:
    """One figure of every fault for either side, for readers who want to know no more."""
    table = [["what happens", SIDES["guides"], SIDES["ours"]]]
    for fault in FAULTS:
        sides = [where(records, fault=fault.title, side=side) for side in ("guides", "ours")]
        if any(sides):
            table.append([fault.title, *[short_cell(fault, found) for found in sides]])
    return rows(table)


def short_cell(fault: Fault, records: list[Record]) -> str:
    """The median of what clients saw; requests where no time says it."""
    found = [record for record in records if "error" not in record]
    if not found:
        return NONE
    if not all(record["over"] for record in found):
        return f"not over after {fault.most:.0f} s"
    return FIGURES[fault.figures[0]].format(f"{spread(found, fault.figures[0]).middle:,.0f}")


def load_cell(records: list[Record]) -> str:
    """Format the cost of a load for other clients with one configuration."""
    found = [record for record in records if "error" not in record]
    if not found:
        return NONE + doubts(records)
    words = [f"moved {spread(found, 'moves').text()} times", f"{spread(found, 'answered').text('{:.1f}')} % answered"]
    if (without := spread(found, "no_holder_ms")).high:
        words.append(f"no holder for {without.text()} ms")
    return ", ".join([*words, f"slowest {spread(found, 'slowest_ms').text()} ms"]) + doubts(records)


def overload(records: list[Record]) -> list[str]:
    sides = ("guides", "ours")
    table = [["load", *[SIDES[side] for side in sides]]]
    for load in CHOSEN:
        if found := where(records, load=load.title):
            table.append([load.title, *[load_cell(where(found, side=side)) for side in sides]])
    return [
        (
            f"{SECONDS} seconds of each load beside {LOOPS} busy loops for each core on the holder. Somebody else asks "
            "over a new HTTPS"
        ),
        f"connection every 50 ms, and gives up after {PATIENCE:.0f} s.",
        "",
        *rows(table),
    ]


def run_cell(records: list[Record]) -> str:
    seconds = spread(records, "seconds")
    return (seconds.text("{:.1f} s") if seconds else NONE) + doubts(records)


def ansible(records: list[Record]) -> list[str]:
    sizes = sorted({record["web_servers"] for record in records})
    table = [["run", "tasks", *[f"{size} web servers" for size in sizes]]]
    for run, title in RUNS.items():
        if found := where(records, run=run):
            tasks = spread(found, "tasks")
            table.append(
                [title, tasks.text() if tasks else NONE, *[run_cell(where(found, web_servers=size)) for size in sizes]]
            )
    return [
        (
            '`site.yml` for two load balancers and the web servers. "Packages alone" installs what the roles '
            "install, on all hosts at once,"
        ),
        "and does nothing else; the play of one ping is what Ansible itself takes.",
        "",
        *rows(table),
    ]


def rate_cell(records: list[Record]) -> str:
    if not (rate := spread(records, "rate")):
        return NONE + doubts(records)
    text = f"{rate.text()}/s"
    if middle := spread(records, "p50_ms"):
        text += f", p50 {middle.text('{:.2f}')} ms, p99 {spread(records, 'p99_ms').text('{:.2f}')} ms"
    failed = spread(records, "failed")
    return text + (f", {failed.text()} failed" if failed.high else "") + doubts(records)


def work_cell(records: list[Record]) -> str:
    """Processor time of one request on the load balancer, and its lines in a log."""
    if not spread(records, "haproxy_us"):
        return NONE
    parts = " + ".join(spread(records, name).text("{:.0f}") for name in ("haproxy_us", "log_us", "rest_us"))
    return f"{parts} us, {spread(records, 'lines').text('{:.2f}')} lines"


def throughput(records: list[Record]) -> list[str]:
    balanced = [target for target in TARGETS if target != "nginx"]
    table = [["requests per second", *TARGETS.values()]]
    work = [["processor time of a request", *[TARGETS[target] for target in balanced]]]
    for title in [mode.title for mode in MODES]:
        found = where(records, mode=title)
        table.append([title, *[rate_cell(where(found, target=target)) for target in TARGETS]])
        work.append([title, *[work_cell(where(found, target=target)) for target in balanced]])
    return [
        (
            f"{CLIENTS} clients, each of an address of its own with {CONNECTIONS} connections of wrk, h2load (HTTP/2, "
            f"{STREAMS} streams each) or"
        ),
        (
            "openssl s_time (resumed). HTTPS with an ECDSA certificate (P-256). Load generators, load balancers and "
            "web servers"
        ),
        "share the machine's cores, so only the columns compare, not the figures with those of other machines.",
        "",
        *rows(table),
        "",
        "On the load balancer, by the units' control groups: haproxy + log daemons + all else, and lines in a log.",
        "",
        *rows(work),
    ]


def servers(records: list[Record]) -> list[str]:
    table = [list(scale.COLUMNS)]
    for size in sorted({record["servers"] for record in records}):
        found = where(records, servers=size)
        cells = [value.text(form) if (value := spread(found, name)) else NONE for name, form in scale.COLUMNS.items()]
        table.append([*cells[:-1], cells[-1] + doubts(found)])
    return ["The role haproxy, in check mode, and HAProxy's own check.", "", *rows(table)]


def anycast(records: list[Record]) -> list[str]:
    titles = ["VIP of three nodes", *[f"anycast, {count} {'node' if count == 1 else 'nodes'}" for count in (1, 2, 3)]]
    columns = [where(records, side=side, nodes=nodes) for side, nodes in anycast_part.SIDES]
    table = [["requests per second, or fault", *titles]]
    for mode in anycast_part.PLAIN:
        table.append([mode.title, *[rate_cell(where(column, mode=mode.title)) for column in columns]])
    for fault in anycast_part.FAULTS:
        found = [where(column, fault=fault) for column in columns]
        table.append([fault, *map(outage_cell, found)])
    return [
        (
            "Clients are behind a router with FRR, with BFD at 3 x 300 ms and `keepalived_timing: safe`. The fault "
            "happens on the VIP's"
        ),
        "holder, which announces the anycast address as well. A new HTTP connection every 10 ms. All nodes share the",
        "machine's cores, so the throughput of more nodes cannot be more than that of one.",
        "",
        *rows(table),
    ]


def outage_cell(records: list[Record]) -> str:
    if not (lost := spread(records, "lost")):
        return NONE + doubts(records)
    never = sum(not record["over"] for record in records if "over" in record)
    words = [f"{spread(records, 'outage_ms').text()} ms", f"{lost.text()} requests lost"]
    return ", ".join(([f"not over ({never})"] if never else []) + words) + doubts(records)


LEGEND = [
    (
        "Every figure is the median [lowest\N{EN DASH}highest] of all rounds. Noisy: the processors were busy for "
        "more than"
    ),
    (
        f"{NOISY_BUSY:.0f} % of the time before or after a measurement, or a request without any fault was late by "
        "more than"
    ),
    f"{NOISY_MS:.0f} ms, or one was lost before the fault.",
]


PARTS = {
    "failover": ("Faults", failover),
    "overload": ("Overload", overload),
    "throughput": ("Throughput", throughput),
    "servers": ("Many servers", servers),
    "ansible": ("Ansible's own speed", ansible),
    "anycast": ("Anycast", anycast),
}


def section(records: Records, part: str) -> list[str]:
    """The table of one part, how often and on what it was measured."""
    title, render = PARTS[part]
    found, what = records.of(part), records.header()
    return [
        f"### {title}",
        "",
        f"- Rounds: {max(record['round'] for record in found)}, of the collection at {records.measured(part)}",
        f"- Machine: {what['cpu']}, {what['cores']} cores, {what['memory_gib']} GiB, Linux {what['kernel']}",
        f"- Hosts: containers with Debian {what['release']}: {what['packages']}",
        f"- Controller: {what['ansible']}",
        "",
        *render(found),
    ]


def markdown(records: Records) -> str:
    """The tables of all parts that have been measured."""
    sections = [line for part in PARTS if records.of(part) for line in ["", *section(records, part)]]
    return "".join(f"{line}\n" for line in [*LEGEND, *sections])
