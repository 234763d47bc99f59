# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever text stands in an inventory, it is refused, or it is one line, one word or one argument of a daemon's
configuration."""

from __future__ import annotations

import re

from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy import problems as haproxy_problems
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.sections import build_sections
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._input.text import find_unprintable_texts
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived import problems as vrrp_problems
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._keepalived.model import build_blocks as vrrp_model
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx import problems as nginx_problems
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._nginx.model import build_blocks as nginx_model
from hypothesis import example, given
from samples.haproxy import BASE, back, variables
from samples.keepalived import FACTS, declaration, instance, urls
from samples.nasty import texts
from samples.nginx import declaration as nginx_declaration
from samples.nginx import site, upstream


def refuse(rules, given, *facts):
    """The problems of an input, as a role's plan finds them."""
    return find_unprintable_texts(given) or rules.problems(given, *facts)


TOKEN = re.compile(
    r"""\s*(?:'((?:\\.|[^'\\])*)'(?=[\s;])|"((?:\\.|[^"\\])*)"(?=[\s;])|((?![\s;{}#"'])(?:\\.|\$\{|[^\s;{\\])+))""",
    re.DOTALL,
)


def nginx_arguments(line):
    """The words of a directive as nginx reads them; None where the line is more or less than one directive."""
    found, at = [], 0
    while token := TOKEN.match(line, at):
        found.append(next(part for part in token.groups() if part is not None))
        at = token.end()
    return found if line[at:].strip() == ";" else None


@given(texts, texts)
@example("", "")
@example("a", "'")
def test_a_user_of_haproxy_is_one_line_with_name_and_password(name, password):
    given = variables(
        haproxy_userlists=[{"name": "staff", "users": [{"name": name, "password": password, "insecure": True}]}]
    )
    if refuse(haproxy_problems, given):
        return
    (line,) = build_sections(given, BASE)["userlists"][0]["users"]
    assert line == f"{name} insecure-password '{password}'"
    assert "'" not in password
    assert not re.search(r"""[\s"'#\\]|^$""", name)
    assert not re.search(r"[\n\r\0]", line)


@given(texts)
@example("")
def test_a_name_of_haproxy_is_one_word(name):
    given = variables(haproxy_backends=[back(name)])
    if not refuse(haproxy_problems, given):
        assert re.fullmatch(r"""[^\s"'#\\]+""", name)


@given(texts)
@example("%[src]")
@example("100%")
def test_a_host_of_a_health_check_is_one_word_and_no_format(host):
    given = variables(haproxy_backends=[back(health_check={"host": host})])
    if not refuse(haproxy_problems, given):
        (backend,) = [section for section in build_sections(given, BASE)["proxies"] if section["kind"] == "backend"]
        written = backend["health_check"]["host"]
        assert re.fullmatch(r"""(?:[^\s"'#\\%]|%%)+""", written)
        assert written.replace("%%", "%") == host


@given(texts)
@example("")
def test_every_word_of_a_health_check_is_one_word(text):
    for key in ("method", "uri", "version", "status"):
        if not refuse(haproxy_problems, variables(haproxy_backends=[back(health_check={key: text})])):
            assert re.fullmatch(r"""[^\s"'#\\]+""", text)


@given(texts)
def test_a_line_of_haproxy_is_one_line(line):
    given = variables(haproxy_global_lines=[line])
    if not refuse(haproxy_problems, given):
        assert len(f"{line}\n".splitlines()) <= 1


@given(texts)
@example("/srv/a b")
@example("/srv/a ")
@example("/srv/a; autoindex on")
def test_a_root_of_nginx_is_one_argument(root):
    declared = nginx_declaration(sites=[site(root=root)])
    if not refuse(nginx_problems, declared):
        assert nginx_arguments(f"root {root};") == ["root", root]


@given(texts)
@example("80;")
@example("80 # all")
def test_what_may_have_several_arguments_is_one_directive_of_nginx(text):
    for word, declared in {
        "listen": nginx_declaration(sites=[site(listens=[text])]),
        "server_name": nginx_declaration(sites=[site(server_names=[text])]),
        "index": nginx_declaration(sites=[site(index=text)]),
        "access_log": nginx_declaration(access_logs=[text]),
        "server": nginx_declaration(upstreams=[upstream({"address": "192.0.2.1", "options": [text]})]),
    }.items():
        if not refuse(nginx_problems, declared):
            assert nginx_arguments(f"{word} {text};") is not None


@given(texts)
def test_a_format_of_nginx_is_one_argument(text):
    declared = nginx_declaration(log_formats=[{"name": "a", "format": text}])
    if not refuse(nginx_problems, declared):
        (line,) = [line for line in nginx_model(declared)["http"] if line.startswith("log_format")]
        assert len(nginx_arguments(line)) == 3


@given(texts)
@example("ü" * 8)
def test_a_password_of_vrrp_is_eight_bytes_between_quotation_marks(secret):
    declared = declaration([instance(version=2, advert_int=1, auth_pass=secret)])
    if secret and not refuse(vrrp_problems, declared, FACTS):
        (placed,) = vrrp_model(declared)["instances"]
        assert placed["blocks"]["authentication"][1] == f'auth_pass "{secret}"'
        assert not set('"\\') & set(secret)
        assert len(secret.encode()) <= 8


@given(texts)
@example("")
@example("a%i")
def test_what_stands_in_a_unit_means_nothing_to_systemd_or_a_shell(text):
    for keys in (
        {"reports": {"/run": [text]}},
        {"yields": {"/run": [text]}},
        {"texts": {"metrics_directory": text}},
        {"texts": {"script_user": text}},
    ):
        if not refuse(vrrp_problems, declaration([instance()], **keys), FACTS):
            assert re.fullmatch(r"[A-Za-z0-9/_.:@+-]+", text)


@given(texts)
def test_a_url_is_one_word_of_a_request(url):
    declared = declaration([instance()], **urls(watched=f"http://{url}"))
    if not refuse(vrrp_problems, declared, FACTS):
        assert re.fullmatch(r"[!-~]+", url)


@given(texts)
@example("")
def test_a_name_of_keepalived_is_one_word(name):
    declared = declaration([instance(name=name)])
    if not refuse(vrrp_problems, declared, FACTS):
        assert re.fullmatch(r"""[^\s{}"'#!]+""", name)
