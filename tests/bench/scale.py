"""Measure how time and memory grow with the number of servers: rendering by the role haproxy, and HAProxy's own check.

scale.py [SERVERS ...]: on lb1 of the lab that runs (LAB_NAME), on which the role has been deployed; nothing is changed
there. Twenty servers are a backend. Prints a table in Markdown.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOST = "lb1"
SIZES = [100, 1000, 10000]
PER_BACKEND = 20
COLUMNS = {
    "servers": "{:,}",
    "backends": "{:,}",
    "lines of haproxy.cfg": "{:,}",
    "Ansible, s": "{:.1f}",
    "of it processor, s": "{:.1f}",
    "Ansible's peak, MB": "{:.0f}",
    "haproxy -c, s": "{:.2f}",
    "its peak, MB": "{:.0f}",
}
"""What is measured, and how it is written."""
MEASURE = """
import json, resource, subprocess, sys, tempfile, time
with tempfile.NamedTemporaryFile(suffix=".cfg") as file:
    file.write(sys.stdin.buffer.read())
    file.flush()
    began = time.monotonic()
    done = subprocess.run(["haproxy", "-c", "-f", file.name], capture_output=True, text=True)
    seconds = time.monotonic() - began
if done.returncode:
    sys.exit(done.stderr)
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""


def variables(servers: int) -> dict:
    """A frontend that chooses among many backends; every server has an option of its own."""
    backends = [
        {
            "name": f"backend{number}",
            "balance": "leastconn",
            "health_check": {"uri": "/healthz"},
            "servers": [
                {
                    "name": f"server{last}",
                    "address": f"10.{number // 250}.{number % 250}.{last}",
                    "port": 8080,
                    "options": {"weight": last},
                }
                for last in range(1, PER_BACKEND + 1)
            ],
        }
        for number in range(servers // PER_BACKEND)
    ]
    lines = [f"use_backend {backend['name']} if {{ hdr(host) {backend['name']}.example.com }}" for backend in backends]
    return {
        "haproxy_frontends": [
            {"name": "http_in", "binds": [{"port": 80}], "lines": lines, "default_backend": "backend0"}
        ],
        "haproxy_backends": backends,
    }


def render(servers: int, folder: Path) -> tuple[str, list[float]]:
    """Let the role validate its input, render and stage the configuration in check mode.

    Returns the text, and seconds, CPU seconds and peak memory in MB of ansible-playbook and all that it has started."""
    role = "evenkeel.ha_web.haproxy"
    steps = [{"include_role": {"name": role, "tasks_from": step}} for step in ("facts", "validate", "configure")]
    play = {"hosts": HOST, "gather_facts": False, "tasks": steps}
    (folder / "hosts").write_text(f"{HOST}\n", encoding="utf-8")
    (folder / "host_vars").mkdir()
    (folder / "host_vars" / f"{HOST}.json").write_text(json.dumps(variables(servers)), encoding="utf-8")
    (folder / "play.json").write_text(json.dumps([play]), encoding="utf-8")
    inventories = ["-i", str(ROOT / "inventories/lab"), "-i", str(folder / "hosts")]
    argv = ["ansible-playbook", "--check", *inventories, str(folder / "play.json")]
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_PIPELINING": "1"}
    began = time.monotonic()
    with (
        (folder / "output.json").open("w+", encoding="utf-8") as output,
        subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=output) as run,
    ):
        _pid, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        output.seek(0)
        said = output.read()
    if run.returncode:
        sys.exit(said)
    results = [task["hosts"][HOST] for task in json.loads(said[said.index("{") :])["plays"][0]["tasks"]]
    files = next(result["diff"] for result in results if "findings" in result)
    text = next(file["after"] for file in files if file["after_header"] == "haproxy.cfg")
    return text, [seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]


def check(text: str) -> list[float]:
    """Seconds and peak memory in MB of C(haproxy -c) on the host."""
    argv = ["docker", "exec", "-i", f"{os.environ.get('LAB_NAME', 'evenkeel')}-{HOST}", "python3", "-c", MEASURE]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    seconds, kilobytes = json.loads(done.stdout)
    return [seconds, kilobytes / 1024]


def measure(servers: int) -> dict[str, float]:
    """All columns of the table for so many servers."""
    with tempfile.TemporaryDirectory() as folder:
        text, ansible = render(servers, Path(folder))
    return dict(zip(COLUMNS, [servers, servers // PER_BACKEND, len(text.splitlines()), *ansible, *check(text)]))


def main() -> None:
    print("| " + " | ".join(COLUMNS) + " |\n" + "| --: " * len(COLUMNS) + "|")
    for servers in [int(word) for word in sys.argv[1:]] or SIZES:
        cells = [form.format(value) for form, value in zip(COLUMNS.values(), measure(servers).values())]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
