# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy import problems
from ansible_collections.evenkeel.ha_web.plugins.plugin_utils._haproxy.sections import build_sections
from samples.haproxy import BASE, back, front, listen, variables
from samples.rendered import plan, render

AGENTS = back("agents", mode="tcp", servers=[{"name": "agent", "address": "127.0.0.1", "port": 9000}])
MESSAGE = {"name": "check", "args": ["ip=src"], "event": "on-frontend-http-request"}
ERROR = "{ var(txn.waf.error) -m found }"


def agent(**keys):
    return {"name": "waf", "backend": "agents", "frontends": ["http_in"], "messages": [MESSAGE], **keys}


def declared(*agents, fronts=(), **changes):
    return variables(
        haproxy_frontends=list(fronts) or [front(default_backend="web")],
        haproxy_backends=[back(), AGENTS],
        haproxy_spoe_agents=list(agents) or [agent()],
        **changes,
    )


def built(*agents, **changes):
    return build_sections(declared(*agents, **changes), BASE)


def lines(found, name="http_in"):
    return next(proxy["lines"] for proxy in found["proxies"] if proxy["name"] == name)


def text(*agents):
    """The file of the first agent."""
    return next(file["content"] for file in built(*agents)["lists"] if file["path"] == "spoe/waf.conf")


def test_the_file_has_all_that_an_agent_is_asked():
    messages = [
        {
            "name": "check",
            "acls": ["is_static path_beg /static/"],
            "args": ["ip=src", "method"],
            "event": "on-frontend-http-request",
            "condition": "unless is_static",
        },
        {"name": "look", "args": ["body=req.body"]},
    ]
    given = agent(
        messages=messages,
        groups=[{"name": "bodies", "messages": ["look"]}],
        var_prefix="w",
        timeouts={"processing": "20ms"},
        lines=["option continue-on-error"],
    )
    assert text(given).splitlines()[1:] == [
        "[waf]",
        "spoe-agent waf",
        "    messages check",
        "    groups bodies",
        "    option var-prefix w",
        "    option set-on-error error",
        "    option dontlog-normal",
        "    timeout hello 100ms",
        "    timeout idle 2m",
        "    timeout processing 20ms",
        "    use-backend agents",
        "    log global",
        "    option continue-on-error",
        "",
        "spoe-message check",
        "    acl is_static path_beg /static/",
        "    args ip=src",
        "    args method",
        "    event on-frontend-http-request unless is_static",
        "",
        "spoe-message look",
        "    args body=req.body",
        "",
        "spoe-group bodies",
        "    messages look",
    ]


def test_only_sections_that_ask_have_a_filter_in_the_order_of_the_agents():
    found = built(agent(frontends=["http_in"]), agent(name="bot"), fronts=[front(), front("other")])
    assert [line for line in lines(found) if line.startswith("filter")] == [
        "filter spoe engine waf config /etc/haproxy/spoe/waf.conf",
        "filter spoe engine bot config /etc/haproxy/spoe/bot.conf",
    ]
    assert not [line for line in lines(found, "other") if "spoe" in line]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"args": ["body=req.body"]}, True),
        ({"args": ["a=src"], "acls": ["big req.body_size gt 9"]}, True),
        ({"args": ["a=src"], "condition": "if { req.body_len gt 9 }"}, True),
        ({"args": ["headers=req.hdrs", "somebody=src"]}, False),
    ],
)
def test_haproxy_waits_for_a_body_only_if_an_agent_is_to_see_it(message, expected):
    found = lines(built(agent(messages=[{**MESSAGE, **message}])))
    assert ("option http-buffer-request" in found) is expected


def test_without_an_answer_a_request_goes_on():
    assert not [line for line in lines(built()) if "error" in line]


def test_a_refusal_stands_before_rules_of_the_inventory_and_behind_limits():
    given = front(lines=["acl a src 192.0.2.1", "http-request allow"], https_only=True)
    found = lines(
        built(
            agent(on_error="refuse", status=500),
            fronts=[given],
            haproxy_client_limits={"requests": 9, "exempt": [], "period": "10s"},
        )
    )
    refusal = f"http-request deny deny_status 500 hdr Retry-After 1 if {ERROR}"
    limit = next(line for line in found if "deny_status 429" in line)
    assert found.index(limit) < found.index(refusal) < found.index("http-request allow")


@pytest.mark.parametrize(
    ("own", "behind"),
    [
        (["tcp-request inspect-delay 1s", "tcp-request content accept"], "tcp-request content accept"),
        (["tcp-request connection reject if { src 192.0.2.1 }", "use_backend web"], "use_backend web"),
        ([".if feature(LUA)", "tcp-request content accept", ".endif"], ".if feature(LUA)"),
    ],
)
def test_a_connection_without_an_answer_is_closed(own, behind):
    message = {**MESSAGE, "event": "on-client-session"}
    given = front(mode="tcp", lines=own)
    found = lines(built(agent(messages=[message], on_error="refuse"), fronts=[given]))
    rule = f"tcp-request content reject if {ERROR}"
    assert found[found.index(rule) + 1] == behind
    assert found[1 : found.index(rule)] == own[: own.index(behind)]


def test_a_listen_asks_as_well():
    given = variables(
        haproxy_listens=[listen(mode="http")],
        haproxy_backends=[AGENTS],
        haproxy_spoe_agents=[agent(frontends=["db"], on_error="refuse")],
    )
    found = lines(build_sections(given, BASE), "db")
    assert any(line.startswith("filter spoe engine waf") for line in found)
    assert any(line.startswith("http-request deny deny_status 503") and ERROR in line for line in found)


def test_an_agent_that_is_up_serves_no_client():
    assert built()["checked"] == ["web"]


def test_the_plain_mode_prints_agents_as_well():
    given = {
        "haproxy_plain": True,
        "haproxy_frontends": [front(default_backend="web")],
        "haproxy_backends": [back(), AGENTS],
        "haproxy_spoe_agents": [agent(on_error="refuse")],
    }
    shown = render("haproxy", given)["haproxy.cfg"]
    assert "    filter spoe engine waf config /etc/haproxy/spoe/waf.conf\n" in shown
    assert f"    http-request deny deny_status 503 hdr Retry-After 1 if {ERROR}\n" in shown


def test_without_agents_there_is_nothing():
    given = {"haproxy_frontends": [front(default_backend="web")], "haproxy_backends": [back()]}
    assert "spoe" not in render("haproxy", given)["haproxy.cfg"]
    assert not plan("haproxy", given)["model"]["lists"]


def found_problems(*agents, **changes):
    return [line for line in problems.problems(declared(*agents, **changes)) if line.startswith("haproxy_spoe_agents")]


def test_what_works_is_no_problem():
    assert found_problems(agent(on_error="refuse", status=500, timeouts={"hello": "1s"})) == []


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"backend": "agent"}, "waf: backend is 'agent', which does not exist; there are web, agents"),
        ({"backend": "web"}, "waf: its backend web has mode http: agents need mode: tcp"),
        ({"frontends": ["www"]}, "waf: frontends has 'www', which does not exist; there are http_in"),
        ({"frontends": []}, "waf has no frontends"),
        ({"frontends": ["http_in", "http_in"]}, "waf: the frontend http_in is used 2 times"),
        ({"name": "w/f"}, "w/f: the name 'w/f' is none"),
        ({"name": "w-f"}, "w-f: the prefix of its variables is 'w-f': set var_prefix"),
        ({"messages": []}, "waf has no messages"),
        ({"messages": [MESSAGE, MESSAGE]}, "waf: the message check is used 2 times"),
        ({"messages": [{"name": "check"}]}, "waf: message check has no event and is in no group"),
        ({"messages": [{**MESSAGE, "name": "a b"}]}, "waf: the message 'a b' is none"),
        ({"messages": [{**MESSAGE, "args": ["a=src", "a=dst"]}]}, "message check: the argument a is used 2 times"),
        ({"messages": [{**MESSAGE, "condition": "{ src 192.0.2.1 }"}]}, "it begins with if or unless"),
        ({"groups": [{"name": "all", "messages": ["chek"]}]}, "group all has the message 'chek', which does not exist"),
        ({"timeouts": {"processing": "500"}}, "waf: timeouts.processing is 500: HAProxy takes a number without a unit"),
        ({"timeouts": {"idle": "soon"}}, "waf: timeouts.idle is 'soon': a number with its unit is needed"),
        ({"status": 500}, "waf: status is set, and on_error is continue"),
        ({"on_error": "refuse", "status": 200}, "waf: status is 200, which is no error"),
        (
            {"on_error": "refuse", "messages": [{**MESSAGE, "event": "on-http-response"}]},
            "the answer to check (on-http-response) is not there yet",
        ),
    ],
)
def test_what_cannot_work_is_named(keys, expected):
    found = found_problems(agent(**keys))
    assert [line for line in found if expected in line], found


def test_a_message_of_a_group_cannot_refuse():
    grouped = agent(
        on_error="refuse", messages=[{"name": "look"}], groups=[{"name": "all", "messages": ["look"]}], lines=[]
    )
    (problem,) = found_problems(grouped)
    assert "(send-spoe-group)" in problem
    assert ERROR in problem


def test_agents_do_not_share_a_name_or_a_prefix():
    assert "the name waf is used 2 times" in found_problems(agent(), agent())[0]
    assert "the var_prefix waf is used 2 times" in found_problems(agent(), agent(name="bot", var_prefix="waf"))[0]


def test_an_event_of_requests_needs_mode_http():
    (problem,) = found_problems(fronts=[front(mode="tcp")])
    assert "the event on-frontend-http-request of check needs mode http, and http_in has mode tcp" in problem


@pytest.mark.parametrize("path", ["spoe/waf.conf", "/etc/haproxy/spoe/waf.conf"])
def test_the_file_is_the_roles_own(path):
    (problem,) = found_problems(haproxy_files=[{"path": path, "content": ""}])
    assert "haproxy_files has spoe/waf.conf, which is the role's own file" in problem


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"messages": [{**MESSAGE, "event": "on-request"}]}, "event is 'on-request': one of on-client-session"),
        ({"on_error": "ignore"}, "on_error is 'ignore': one of continue, refuse is needed"),
        ({"backends": "agents"}, "has the key 'backends', which is unknown"),
    ],
)
def test_words_that_do_not_exist_are_named(keys, expected):
    given = {
        "haproxy_frontends": [front(default_backend="web")],
        "haproxy_backends": [back(), AGENTS],
        "haproxy_spoe_agents": [agent(**keys)],
    }
    found = plan("haproxy", given)["problems"]
    assert [line for line in found if expected in line], found
