"""Which package of plugins may import which: the controller's may use the hosts', never the reverse, and each only what
is below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"

LAYERS = {
    "module_utils": [
        {"_address", "_characters", "_suggestion", "_http", "_version"},
        {"_host"},
        {"_apt", "_check", "_firewall"},
        {"_deployed"},
        {"_bird", "_haproxy", "_keepalived", "_nginx"},
        {"_transaction"},
    ],
    "plugin_utils": [
        {"_input", "_page"},
        {"_acme"},
        {"_bird", "_haproxy", "_keepalived", "_nginx"},
        {"_cluster", "_drill", "_import", "_status"},
    ],
}
"""The packages, the lowest first. Those of one layer do not import each other."""

FROM_HOSTS = {
    *("_address", "_characters", "_suggestion", "_version"),
    *("_check.secrets", "_haproxy.shared_lines", "_http.results", "_keepalived.paths", "_keepalived.shapes"),
}
"""What the controller shares with the hosts: nothing that asks a host."""

Imports = Mapping[str, set[str]]
"""The modules that a module imports. Names are those below plugins, such as C(module_utils._haproxy.check)."""


def imported(name: str, source: str) -> Iterator[str]:
    """The modules of this collection that a source imports at any place in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = name.split(".")[: -node.level]
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield from (
                candidate
                for alias in node.names
                for candidate in (f"{base}.{alias.name}", base)
                if is_module(candidate)
            )
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            absolute = [full for full in names if full.startswith("ansible_collections.evenkeel.")]
            yield from (f"absolute import of {full}" for full in absolute)


def is_module(name: str) -> bool:
    return (PLUGINS / f"{name.replace('.', '/')}.py").is_file()


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    paths = {".".join(path.relative_to(PLUGINS).with_suffix("").parts): path for path in PLUGINS.rglob("*.py")}
    return {name: set(imported(name, path.read_text(encoding="utf-8"))) for name, path in paths.items()}


def layer(name: str) -> tuple[int, str]:
    """The number of the layer, and the package."""
    side, package = name.split(".")[:2]
    return next(number for number, packages in enumerate(LAYERS[side]) if package in packages), package


def refused(name: str, target: str) -> bool:
    """Whether a module must not import another."""
    side, other = name.split(".", maxsplit=1)[0], target.split(".", maxsplit=1)[0]
    if side not in LAYERS:
        # Modules run on hosts; all other plugins run on the controller.
        return other != ("module_utils" if side == "modules" else "plugin_utils")
    if side != other:
        return side == "module_utils" or target.split(".", 1)[1] not in FROM_HOSTS
    mine, theirs = layer(name), layer(target)
    return theirs[0] >= mine[0] and theirs[1] != mine[1]


def violations(imports: Imports) -> list[str]:
    """One line for every import that the layers do not allow."""
    return [
        f"{name} imports {target}"
        for name, targets in sorted(imports.items())
        for target in sorted(targets)
        if refused(name, target)
    ]


def reachable(imports: Imports, name: str) -> set[str]:
    """Everything that is loaded with a module."""
    found, left = set(), [name]
    while left:
        new = imports.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


def test_every_import_leads_to_a_lower_layer(imports):
    assert len(imports) > 100
    assert violations(imports) == []


def test_nothing_imports_in_a_circle(imports):
    assert [name for name in imports if name in reachable(imports, name)] == []


def test_every_package_has_a_layer(imports):
    there = {tuple(name.split(".")[:2]) for name in imports if name.split(".")[0] in LAYERS}
    assert there == {(side, package) for side, layers in LAYERS.items() for packages in layers for package in packages}


def test_the_controller_loads_nothing_that_asks_a_host(imports):
    controllers = [name for name in imports if name.split(".")[0] in ("filter", "action", "lookup", "plugin_utils")]
    loaded = {
        target for name in controllers for target in reachable(imports, name) if target.startswith("module_utils.")
    }
    assert loaded <= {f"module_utils.{name}" for name in FROM_HOSTS}


def test_only_the_transaction_loads_the_transaction(imports):
    modules = [name for name in imports if name.startswith("modules.")]
    assert [name for name in modules if [found for found in reachable(imports, name) if "._transaction." in found]] == [
        "modules.config_transaction"
    ]


@pytest.mark.parametrize(
    ("name", "source", "lines"),
    [
        ("module_utils._host.disk", "from .._check.finding import Finding", 1),
        ("module_utils._haproxy.info", "def later():\n    from .._nginx import check", 1),
        ("module_utils._nginx.check", "from ...plugin_utils._nginx.model import model", 1),
        ("plugin_utils._input.rules", "from ...module_utils._host.unit import Unit", 1),
        ("plugin_utils._input.rules", "from .._haproxy.sections import mode", 1),
        ("modules.nginx_info", "from ..plugin_utils._nginx.model import model", 1),
        ("filter.drill_plan", "from ..module_utils._suggestion import suggestion", 1),
        ("module_utils._transaction.live", "from .._deployed import digest, proven", 0),
        ("plugin_utils._drill.page", "from .chart import whole", 0),
    ],
)
def test_an_import_against_the_layers_is_found(name, source, lines):
    assert len(violations({name: set(imported(name, source))})) == lines


def test_a_circle_is_found():
    assert "a" in reachable({"a": {"b"}, "b": {"a"}}, "a")
