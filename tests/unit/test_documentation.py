# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages say of inventories, alerts and metrics is what these are, and links between pages lead somewhere."""

from __future__ import annotations

import re

import pytest
import yaml
from examples import PAGES, ROOT, examples

TEXT = (ROOT / "docs/tutorial/from_a_guide.md").read_text(encoding="utf-8")
ROLES = ("bird", "haproxy", "keepalived", "nginx")
REFERENCE = sorted((ROOT / "docs/reference/collection").glob("*.md"))
TASKS = sorted({example.page for example in examples() if example.language == "yaml" and "/how_to/" in example.page})


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def part_of(part, whole):
    """Whether all that the first says the second says too. A list is part of another that has its items."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and part_of(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return bool(part) == bool(whole) and all(any(part_of(item, other) for other in whole) for item in part)
    return part == whole


def said(span):
    """The variable that a span such as `list[].key: value` sets."""
    path, _colon, value = span.partition(": ")
    found = yaml.safe_load(value)
    for name in reversed(path.split(".")):
        found = {name.removesuffix("[]"): [found] if name.endswith("[]") else found}
    return found


def sections():
    """The inventories' names with what the page says of them."""
    return re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL)


def spans():
    """Values of variables in the items that are headed by C(in the inventory), with their inventories."""
    for inventory, text in sections():
        for item in re.findall(r"^  - in the inventory: (.*\n(?:    .*\n)*)", text, flags=re.MULTILINE):
            for span in re.findall(r"`([^`]+)`", re.sub(r"\n +", " ", item)):
                if ": " in span:
                    yield pytest.param(inventory, span, id=f"{inventory}-{span}")


BLOCKS = re.findall(r"^```([^\n]*)\n(?:# (\S+)\n)?(.*?)^```\n", TEXT, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("language", "file", "block"), BLOCKS, ids=[file for _language, file, _block in BLOCKS])
def test_an_example_is_part_of_the_file_that_it_names(language, file, block):
    assert language == "yaml"
    assert file.startswith("inventories/")
    assert part_of(yaml.safe_load(block), read(ROOT / file))


@pytest.mark.parametrize(("inventory", "span"), list(spans()))
def test_a_value_of_a_step_is_that_of_the_inventory(inventory, span):
    assert any(
        part_of(said(span), read(path)) for path in (ROOT / "inventories" / inventory / "group_vars").glob("*.yml")
    )


def test_every_variable_of_the_page_is_an_option():
    options = {
        name
        for role in ROLES
        for name in read(ROOT / f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    }
    assert set(re.findall(rf"`((?:{'|'.join(ROLES)})_\w+)", TEXT)) - options == set()


def test_every_inventory_with_a_readme_has_its_section_with_an_example():
    inventories = sorted(path.parent.name for path in (ROOT / "inventories").glob("*/README.md"))
    assert sorted(inventory for inventory, _text in sections()) == inventories
    assert sorted(file.split("/")[1] for _language, file, _block in BLOCKS) == inventories


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", REFERENCE, ids=lambda page: page.stem)
def test_a_link_of_the_reference_leads_to_a_page_of_it_and_to_a_heading(page):
    text = page.read_text(encoding="utf-8")
    links = [link.split("#") for link in re.findall(r"\]\(([\w.]*#?[\w]*)\)", text)]
    texts = {name: (page.parent / name).read_text(encoding="utf-8") if name else text for name, *_heading in links}
    assert [link for link in links if link[1:] and f"\n## {link[1]}\n" not in texts[link[0]]] == []


@pytest.mark.parametrize("page", [*PAGES, *REFERENCE], ids=lambda page: str(page.relative_to(ROOT)))
def test_a_line_is_short(page):
    if page.name == "CHANGELOG.md":
        pytest.skip("antsibull-changelog writes a line for every change")
    # The benchmark's own tables: a figure has its spread and doubts beside it.
    text = re.sub(r"<!-- (\w+) -->.*?<!-- end of \1 -->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [line for line in text.splitlines() if len(line) > 120] == []


@pytest.mark.parametrize("page", REFERENCE, ids=lambda page: page.stem)
def test_a_page_of_the_reference_can_be_read_on_a_forge(page):
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"</?[a-z][^>]*>(?<!\\>)", re.sub(r"<https?://[^>]*>|\\<", "", text)) == []


@pytest.mark.parametrize("role", sorted(path.parts[-3] for path in ROOT.glob("roles/*/defaults/main.yml")))
def test_the_example_of_a_role_is_what_a_scenario_does(role):
    page = (ROOT / f"roles/{role}/README.md").read_text(encoding="utf-8")
    example = re.search(r"^```yaml\n(.*?)^```\n", page, flags=re.MULTILINE | re.DOTALL)
    playbooks = ("roles/converge.yml", "pi_containers/prepare.yml", "anycast/prepare.yml")
    tasks = [
        task for playbook in playbooks for play in read(ROOT / "molecule" / playbook) for task in play.get("tasks", [])
    ]
    assert all(task in tasks for task in yaml.safe_load(example.group(1)))


@pytest.mark.parametrize("page", TASKS)
def test_the_variables_of_a_task_are_what_a_scenario_deploys(page):
    stories = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "molecule").glob("*/tests/*.py"))
    assert f'examples("{page.removeprefix("docs/")}")' in stories


def test_a_page_that_a_story_reads_is_there():
    stories = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "molecule").glob("*/tests/*.py"))
    pages = set(re.findall(r"\b(?:examples|got|calls)\(\"([\w/]+\.md)\"", stories))
    assert pages
    assert [page for page in pages if not (ROOT / "docs" / page).is_file()] == []


def test_every_derived_variable_has_its_item():
    page = (ROOT / "docs/reference/inventory.md").read_text(encoding="utf-8")
    cells = "".join(re.findall(r"^- (`[^:]*):", page, flags=re.MULTILINE))
    derived = read(ROOT / "playbooks/vars/cluster.yml")
    given = {
        *("cluster_address", "cluster_address6", "cluster_load_balancer_group", "cluster_web_server_group"),
        *re.findall(
            r"\b(?:cluster_(?:anycast|vip\w*|virtual_router_id|servers|haproxy|keepalived)|bgp_\w+)\b", str(derived)
        ),
    }
    assert given | {name for name in derived if not name.startswith("__")} == set(re.findall(r"`(\w+)`", cells))


def test_every_alert_and_metric_has_its_item():
    page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^- (?:\*\*)?`(\w+)`", page, flags=re.MULTILINE)
    rules = [
        rule["alert"]
        for name in ("rules", "rules_anycast")
        for group in read(ROOT / f"monitoring/prometheus/{name}.yml")["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    metrics = re.findall(
        r'"((?:keepalived|bird)_\w+)": \(', (ROOT / "roles/keepalived/files/metrics.py").read_text(encoding="utf-8")
    )
    assert sorted(rows) == sorted(rules + metrics)


def test_changes_have_the_markup_of_the_changelog():
    """That of modules' documentation would be printed as it is."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "changelogs/fragments").glob("*.yml")}
    assert [name for name, text in texts.items() if re.search(r"\b[COVIP]\(", text)] == []
