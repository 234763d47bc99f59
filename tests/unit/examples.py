# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation, and the names that they may use.

An example is a fenced block that says its language: C(yaml) for variables and tasks, C(ini) for hosts, C(sh) for
commands, and C(text) for what is printed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "inventories/*/README.md", "roles/*/README.md")
    for path in ROOT.glob(pattern)
    if path.parent.name != "collection"
)
"""All but the reference, whose examples are those of other pages, of stories and of the plugins themselves."""
ROLES = ("bird", "docker_engine", "haproxy", "keepalived", "nginx")
PLAYBOOKS = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
MODULES = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")}
PREFIXES = (
    *("bgp", "cluster", "check_cluster", "drill", "move_vip", "upgrade", "reboot", "prepare", "build", "shut_down"),
    *("import", "roll_back", "watch", "collect_diagnostics", "show_changes", "uninstall"),
)
"""What the variables of playbooks begin with."""
CONTROLLER = {"ansible", "ansible-doc", "ansible-playbook", "make", "molecule"}
"""Programs whose words are known here."""
ELSEWHERE = {
    *("acme.sh", "ansible-galaxy", "ansible-navigator", "ansible-vault", "cat", "certbot", "cp", "curl", "gpg"),
    *("haproxy-certificate", "lego", "mkdir", "nsenter", "pre-commit", "python", "ssh", "systemctl", "tar"),
}


@dataclass(frozen=True)
class Example:
    """One block of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def data(self) -> object:
        return yaml.safe_load(self.text)

    @property
    def file(self) -> str:
        """The file that the first line names, empty if it names none."""
        named = re.match(r"# ((?:inventories|group_vars)/\S+)\n", self.text)
        return named.group(1) if named else ""


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def examples() -> Iterator[Example]:
    """All of them."""
    for page in PAGES:
        for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
            if token.type in ("fence", "code_block"):
                yield Example(str(page.relative_to(ROOT)), token.map[0] + 1, token.info, token.content)


def written() -> Iterator[Example]:
    """Variables, tasks and plays; what is a file of an inventory of this collection is tried where that is."""
    return (
        example for example in examples() if example.language == "yaml" and not example.file.startswith("inventories/")
    )


def tasks(data: object) -> Iterator[dict]:
    """The tasks of an example that is a list of tasks or plays."""
    for item in data if isinstance(data, list) else []:
        yield from item.get("tasks", [item])


def alone(role: str) -> dict:
    """The defaults of a role of which playbooks make something else."""
    derived = read(ROOT / "playbooks/vars/cluster.yml")
    return {name: value for name, value in read(ROOT / "roles" / role / "defaults/main.yml").items() if name in derived}


def used(example: Example) -> Iterator[tuple[str, dict]]:
    """The roles for which an example is, each with the variables that it sets; C(rolling) stands for the playbooks."""
    data = example.data
    if isinstance(data, dict):
        for role in ROLES:
            if any(name.startswith(f"{role}_") for name in data):
                yield role, data
        if any(name.startswith("cluster_") for name in data):
            yield "rolling", data
        if "cluster_vip" in data:
            yield from ((role, data) for role in ("haproxy", "keepalived"))
    for task in tasks(data):
        for word in ("import_role", "include_role"):
            if role := task.get(f"ansible.builtin.{word}"):
                name = role["name"].rpartition(".")[2]
                yield name, {**alone(name), **task.get("vars", {})}


def options(role: str) -> dict[str, dict]:
    """What the specification of a role's arguments says of each."""
    return read(ROOT / "roles" / role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def variables() -> set[str]:
    """The variables that roles and playbooks read."""
    sources = [*(ROOT / "playbooks").glob("**/*.yml"), ROOT / "plugins/plugin_utils/_cluster/nodes.py"]
    texts = [path.read_text(encoding="utf-8") for path in sources]
    own = {word for text in texts for word in re.findall(rf"\b(?:{'|'.join(PREFIXES)})_\w+", text)}
    return own.union(*map(options, ROLES))


def module_options(name: str) -> dict:
    """What the documentation of a module says of its options; those of other collections are not known."""
    text = (ROOT / "plugins/modules" / f"{name}.py").read_text(encoding="utf-8")
    return yaml.safe_load(re.search(r'^DOCUMENTATION = r"""\n(.*?)^"""', text, re.DOTALL | re.MULTILINE).group(1))[
        "options"
    ]


def commands(example: Example) -> Iterator[list[str]]:
    """The words of every command, without those of the shell."""
    joined = example.text.replace("\\\n", " ")
    for line in joined.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&()<>")
        lexer.wordchars += "$!{}[]*?@:,%^"
        words: list[str] = []
        for word in [*lexer, ";"]:
            if not set(word) <= set("|;&()<>"):
                words.append(word)
            elif words:
                begin = 1 if words[0] in ("do", "then") else 0
                if words[begin:] and words[0] not in ("for", "done", "fi"):
                    yield words[begin:]
                words = []


def sets(words: list[str]) -> Iterator[str]:
    """The names of the variables that the extra variables of a command set."""
    for flag, value in zip(words, words[1:]):
        if flag in ("-e", "--extra-vars"):
            if value.startswith("{"):
                yield from yaml.safe_load(value)
            elif not value.startswith("@"):
                yield from (pair.partition("=")[0] for pair in shlex.split(value))
