# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords and private keys in the text of a configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SECRETS = [
    re.compile(pattern)
    for pattern in (
        r"""(?i)(\b(?:auth_pass|(?:insecure-)?password|dynamic-cookie-key|cluster-secret)[ \t]+)"""
        r"""(?:\\.|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|["'].*|[^\s\\"'])+""",
        r"""(?i)(\bstats[ \t]+auth[ \t]+["']?[^\s:]+:).+""",
        r"""(?i)(\bauthorization["']?[ \t]+["']?(?:basic|bearer)\\?[ \t]+).+""",
        r"""(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n?).+?(?=\n-----END |\Z)""",
    )
]
"""Patterns whose text after the first group is secret."""

_NAMES = (
    r"[\w.-]*?(?:authorization|passw|passwd|passphrase|secret|token|credential|api[-_]?key|auth[-_]?key|access[-_]?key)"
    r"[\w.-]*"
)
"""Names of headers, parameters and variables whose values are secret."""

_SCHEME = r"(?:(?:basic|bearer|digest|token|apikey)(?:\\?[ \t])+)?"
_WORD = (
    rf"""(?:"{_SCHEME}(?P<double>(?:\\.|[^"\\\n])+)"|'{_SCHEME}(?P<single>[^'\n]+)'"""
    rf"""|{_SCHEME}(?P<plain>(?:\\.|[^\s\\"';])(?:\\.|[^\s\\"';]|;(?=\S))*))"""
)
"""A word that is secret, without its quotation marks and without the kind of a credential."""

_BARE = r"""(?P<plain>(?:\\[^rn]|[^\\\s"'])+)"""
_DIRECTIVES = (
    r"set-header|add-header|set-param|hdr|header|(?:proxy|grpc)_set_header|(?:fastcgi|uwsgi|scgi)_param"
    r"|auth_http_header|add_header|(?:pre|re)?setenv"
)
_FETCHES = rf"(?:\w*hdr|urlp|url_param|\w*cook)\((?P<name>{_NAMES})[^)]*\)|(?P<bearer>http_auth_bearer)"
_FLAGS = r"(?:[ \t]+(?:-(?-i:[inuM])|--|-(?-i:m)[ \t]+(?:str|beg|sub|dir|dom|end|len)))*"
_PATTERNS = r"(?P<plain>[^\s{}-]\S*(?:[ \t]+(?!(?:if|unless|or|and)\b|\|\||[{}])\S+)*)"
_LITERALS = [
    re.compile(f"(?i){pattern}")
    for pattern in (
        rf"\b(?P<name>auth_pass|cluster-secret|secure_link_md5|acme-vars)[ \t]+{_WORD}",
        rf"""\b(?:{_DIRECTIVES})[ \t]+["']?(?P<name>{_NAMES})["']?[ \t]+{_WORD}""",
        rf"\bset[ \t]+\$(?P<name>{_NAMES})[ \t]+{_WORD}",
        rf"\bset-var\((?:\w+\.)?(?P<name>{_NAMES})\)[ \t]+str\((?P<plain>[^)]+)\)",
        rf"\benv[ \t]+(?P<name>{_NAMES})={_WORD}",
        rf"""\bif[ \t]*\([ \t]*\$(?P<name>{_NAMES})[ \t]+!?=[ \t]+(?:"(?P<double>[^"]+)"|'(?P<single>[^']+)'|"""
        rf"""(?P<plain>[^\s)"']+))""",
        rf"(?:{_FETCHES})\S*{_FLAGS}[ \t]+{_PATTERNS}",
        rf"""(?:httpchk|-check[ \t]+send)\b.*?(?:\\[rn]|[\s"'])(?P<name>{_NAMES}):(?:\\?[ \t])*{_SCHEME}{_BARE}""",
        r"""\btcp-check[ \t]+send(?:-lf)?[ \t]+"(?P<name>auth|pass|login)[ \t]+(?P<double>(?:\\[^rn]|[^"\\])+)""",
        rf"""\btcp-check[ \t]+send(?:-lf)?[ \t]+'?(?P<name>auth|pass|login)(?:\\?[ \t])+{_BARE}""",
        r"\btcp-check[ \t]+send-binary(?:-lf)?[ \t]+(?:41555448|61757468|50415353|70617373)(?P<plain>[0-9a-f]+)",
        rf"(?<![\w-])--?(?P<name>pass(?:word|wd)?|token|secret|api-?key)(?:=|[ \t]+){_WORD}",
        rf"\bcurl\b.*?[ \t](?:-u|--user)[ =]?[^\s:\"']+:{_BARE}",
        rf"\bredis-cli\b.*?[ \t]-a[ \t]+{_WORD}",
        rf"\bmysql\w*\b.*?[ \t]-p{_BARE}",
        rf"\b(?P<name>MYSQL_PWD|PGPASSWORD|REDISCLI_AUTH)={_WORD}",
        r"://[^\s:/@]+:(?P<plain>[^\s:/@]+)@",
    )
]
"""Patterns with a group for the secret, and one for its name."""

_HINTS = re.compile(
    "(?i)auth|pass|secret|token|credential|key|curl|redis|mysql|login|secure_link|://|41555448|61757468|50415353"
)
"""What a line with a secret has, so that others are passed over at once."""

_COMPUTED = re.compile(r"%\[[^]]*\]|\$\{?\w+\}?")
"""What is taken from requests or variables."""

_SHORTEST = 3
"""Characters of a secret besides what is computed."""

_FILES = re.compile("(?i).*(dir|file|path)")
"""Names of what is no secret itself."""

_PUBLIC = re.compile(r"(?i)basic|bearer|digest|token|apikey|\*+")
"""Values that are none: kinds of credentials, and what is masked already."""


@dataclass(frozen=True)
class Secret:
    """A secret in a text, with a name for it."""

    name: str
    start: int
    end: int


def find_secrets(text: str) -> list[Secret]:
    """The secrets of a line of a configuration that stand in it as they are, in their order. What is computed of
    requests or variables is none."""
    found: dict[int, Secret] = {}
    for literal in _LITERALS if _HINTS.search(text) else ():
        for match in literal.finditer(text):
            for secret in _read_groups(match):
                found.setdefault(secret.start, secret)
    ordered = sorted(found.values(), key=lambda secret: secret.start)
    ends = [0, *(secret.end for secret in ordered)]
    return [secret for secret, end in zip(ordered, ends) if secret.start >= end]


def _read_groups(match: re.Match[str]) -> Iterator[Secret]:
    groups = match.groupdict()
    name = groups.get("name") or groups.get("bearer") or "password"
    for group in ("double", "single", "plain"):
        value = groups.get(group) or ""
        written = _COMPUTED.sub("", value)
        if _FILES.fullmatch(name):
            continue
        if value and (written == value or len(written.strip()) >= _SHORTEST) and not _PUBLIC.fullmatch(value):
            yield Secret(name, match.start(group), match.end(group))


def is_secret(name: str) -> bool:
    """Return whether the value of a header, parameter or variable of this name is secret."""
    return re.fullmatch(rf"(?i)\W*{_NAMES}", name) is not None


def mask_secrets(text: str) -> str:
    """The same text with asterisks in the place of everything that is recognised as a password or a private key."""
    for secret in _SECRETS:
        text = secret.sub(r"\1********", text)
    lines = text.split("\n")
    return "\n".join(map(_mask_literals, lines))


def _mask_literals(line: str) -> str:
    for secret in reversed(find_secrets(line)):
        line = f"{line[: secret.start]}********{line[secret.end :]}"
    return line
