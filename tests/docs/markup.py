# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's markup of descriptions, such as O(name) and V(value), as Markdown with lines of at most 120 characters."""

from __future__ import annotations

import re
import textwrap

from antsibull_docs_parser import dom
from antsibull_docs_parser.format import Formatter, LinkProvider, format_paragraphs
from antsibull_docs_parser.parser import Context, parse

COLLECTION = "evenkeel.ha_web."
ANSIBLE = "https://docs.ansible.com/ansible/latest/collections"
WIDTH = 120
SPECIAL = re.compile(r"([\\`*\[\]<>|]|(?<!\w)_|_(?!\w))")
STARTS = re.compile(r" (?=(?:[-+#>]|\d+[.)])(?: |$))")
"""Blanks that must not become a line's end: what follows would begin a list or a heading there."""
KEPT = "\N{NO-BREAK SPACE}"


def code(text: str) -> str:
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}"


class Links(LinkProvider):
    """Pages of this reference, and Ansible's documentation for other collections."""

    def plugin_link(self, plugin: dom.PluginIdentifier) -> str:
        if plugin.fqcn.startswith(COLLECTION):
            return f"{plugin.fqcn.removeprefix(COLLECTION)}_{plugin.type}.md"
        return f"{ANSIBLE}/{plugin.fqcn.replace('.', '/')}_{plugin.type}.html"

    def plugin_option_like_link(
        self,
        plugin: dom.PluginIdentifier,
        entrypoint: str | None,
        what: str,
        name: list[str],
        current_plugin: bool,
    ) -> str | None:
        """Options of a role have headings of their own."""
        if plugin.type != "role" or what != "option":
            return None
        return f"{'' if current_plugin else self.plugin_link(plugin)}#{name[0]}"


class Markdown(Formatter):
    """Each part of a paragraph as Markdown."""

    def format_error(self, part: dom.ErrorPart) -> str:
        raise ValueError(part.message)

    def format_bold(self, part: dom.BoldPart) -> str:
        return f"**{escape(part.text)}**"

    def format_italic(self, part: dom.ItalicPart) -> str:
        return f"*{escape(part.text)}*"

    def format_code(self, part: dom.CodePart) -> str:
        return code(part.text)

    def format_horizontal_line(self, _part: dom.HorizontalLinePart) -> str:
        return ""

    def format_link(self, part: dom.LinkPart) -> str:
        return f"[{escape(part.text)}]({part.url})"

    def format_module(self, part: dom.ModulePart, url: str | None) -> str:
        return f"[{part.fqcn.removeprefix(COLLECTION)}]({url})"

    def format_rst_ref(self, part: dom.RSTRefPart) -> str:
        return escape(part.text)

    def format_url(self, part: dom.URLPart) -> str:
        return f"<{part.url}>"

    def format_text(self, part: dom.TextPart) -> str:
        return escape(part.text)

    def format_env_variable(self, part: dom.EnvVariablePart) -> str:
        return code(part.name)

    def format_option_name(self, part: dom.OptionNamePart, url: str | None) -> str:
        text = code(part.name if part.value is None else f"{part.name}={part.value}")
        return f"[{text}]({url})" if url else text

    def format_option_value(self, part: dom.OptionValuePart) -> str:
        return code(part.value)

    def format_plugin(self, part: dom.PluginPart, url: str | None) -> str:
        name = part.plugin.fqcn.removeprefix(COLLECTION)
        return f"[{name}]({url})" if url else code(name)

    def format_return_value(self, part: dom.ReturnValuePart, _url: str | None) -> str:
        return code(part.name if part.value is None else f"{part.name}={part.value}")


def escape(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)


def paragraphs(description: str | list[str], plugin: str, kind: str) -> list[str]:
    """The paragraphs of a description of the plugin or role, each as one line."""
    current = dom.PluginIdentifier(f"{COLLECTION}{plugin}", kind)
    texts = [description] if isinstance(description, str) else description
    context = Context(current_plugin=current, role_entrypoint="main" if kind == "role" else None)
    return [
        format_paragraphs(
            [paragraph], Markdown(), link_provider=Links(), current_plugin=current, par_start="", par_end=""
        )
        for paragraph in parse(texts, context, errors="message")
    ]


def wrap(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """The lines of a paragraph. C(first) takes the place of the first line's indentation."""
    lines = textwrap.wrap(
        STARTS.sub(KEPT, " ".join(text.split())),
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(KEPT, " ") for line in lines]
