"""Ansible on the scenario's lab, as somebody would call it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from contextlib import suppress
from pathlib import Path
from select import select

ROOT = Path(__file__).parents[2]
INVENTORY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "inventory"


def ansible(program: str, *argv: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    """Run one of Ansible's programs on the lab."""
    return subprocess.run(
        [program, "-i", str(INVENTORY), *map(str, argv)],
        cwd=cwd,
        env={**os.environ, "ANSIBLE_PIPELINING": "1", "ANSIBLE_FORCE_COLOR": "0", **environment},
        text=True,
        capture_output=True,
        check=False,
    )


def playbook(
    name: str, *argv: object, environment: dict[str, str] | None = None, **variables: object
) -> subprocess.CompletedProcess:
    """Run one of the collection's playbooks with these variables."""
    return ansible("ansible-playbook", *_playbook(name, variables), *argv, **(environment or {}))


def answered(name: str, question: str, answer: str) -> str:
    """Run a playbook of the collection at a terminal, answer its question, and return its output."""
    command = [
        "env",
        "ANSIBLE_NOCOLOR=1",
        "ansible-playbook",
        "-i",
        str(INVENTORY),
        str(ROOT / "playbooks" / f"{name}.yml"),
    ]
    child, terminal = pty.fork()
    if not child:
        os.execvp(command[0], command)
    said = b""
    # To read from a terminal that nobody uses any more is an error.
    with suppress(OSError):
        while True:
            if select([terminal], [], [], 1)[0]:
                said += os.read(terminal, 1024)
            elif question.encode() in said:
                # Again if need be: Ansible throws away what was typed before it listens.
                os.write(terminal, f"{answer}\r".encode())
    os.close(terminal)
    os.waitpid(child, 0)
    return " ".join(said.decode().split())


def haproxy_server(balancer: str, *argv: str, **options: object) -> dict:
    """Run the module on one load balancer and return its result; one that fails has C(failed)."""
    done = ansible(
        "ansible", balancer, "--one-line", "-m", "evenkeel.ha_web.haproxy_server", "-a", json.dumps(options), *argv
    )
    verdict, found, result = done.stdout[done.stdout.index(f"{balancer} | ") :].partition(" => ")
    assert found, done.stdout + done.stderr
    return {**json.loads(result.splitlines()[0]), "failed": "FAILED" in verdict}


def roles(folder: Path, hosts: dict[str, list[str]], variables: str, *argv: object) -> subprocess.CompletedProcess:
    """Run roles on hosts, each on its own, with variables in YAML, which no command line shows. One that fails does not
    end the run."""
    play = [
        {
            "hosts": host,
            "gather_facts": False,
            "vars_files": [str(ROOT / "playbooks/vars/cluster.yml")],
            "tasks": [{"import_role": {"name": f"evenkeel.ha_web.{role}"}, "ignore_errors": True} for role in names],
        }
        for host, names in hosts.items()
    ]
    (folder / "play.json").write_text(json.dumps(play), encoding="utf-8")
    (folder / "variables.yml").write_text(variables, encoding="utf-8")
    return ansible("ansible-playbook", folder / "play.json", "--extra-vars", f"@{folder}/variables.yml", *argv)


def ignored(printed: str) -> list[int]:
    """Count the ignored failures of each host, in the order of the hosts' names."""
    return [int(number) for number in re.findall(r"ignored=(\d+)", printed)]


def begun(name: str, stdout: int = subprocess.DEVNULL, **variables: object) -> subprocess.Popen:
    """A run of one of the collection's playbooks in a process group of its own, for somebody who wants to end it."""
    command = ["ansible-playbook", "-i", str(INVENTORY), *map(str, _playbook(name, variables))]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "ANSIBLE_PIPELINING": "1", "ANSIBLE_FORCE_COLOR": "0"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, stdout=stdout, stderr=subprocess.DEVNULL
    )


def _playbook(name: str, variables: dict[str, object]) -> list[object]:
    return [ROOT / "playbooks" / f"{name}.yml", "--extra-vars", json.dumps(variables, default=str)]


def words(done: subprocess.CompletedProcess) -> str:
    """Join the output of a run into one line."""
    return " ".join(f"{done.stdout} {done.stderr}".split())


def good(done: subprocess.CompletedProcess) -> str:
    """Return the output of a run, which must have succeeded."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
