# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rsyslogd has printed of a configuration that it refuses; scenario logs asks it itself."""

from __future__ import annotations

from ansible_collections.evenkeel.ha_web.plugins.module_utils._haproxy.log_daemon import BINARY, check, parse

REFUSED = """\
rsyslogd: version 8.2302.0, config validation run (level 1), master config /etc/haproxy/rsyslog.conf
rsyslogd: error during parsing file /etc/haproxy/rsyslog.conf, on or before line 2: syntax error on token 'type' \
[v8.2302.0 try https://www.rsyslog.com/e/2207 ]
rsyslogd: could not interpret master config file '/etc/haproxy/rsyslog.conf'. [v8.2302.0]
"""


def test_a_refusal_names_file_and_line():
    located, whole = parse(REFUSED, lambda path: "global()\ninput(type)\n")
    assert (located.severity, located.file, located.line) == ("alert", "/etc/haproxy/rsyslog.conf", 2)
    assert located.message == "syntax error on token 'type'"
    assert located.source == "input(type)"
    assert (whole.severity, whole.file) == ("alert", None)
    assert whole.message == "could not interpret master config file '/etc/haproxy/rsyslog.conf'."


def test_a_refusal_without_words_is_one_too(monkeypatch, tmp_path):
    monkeypatch.setattr("os.access", lambda path, mode: path == BINARY)
    (found,) = check(lambda argv: (1, "", ""), str(tmp_path), lambda path: "")
    assert "rsyslogd refused the configuration (exit code 1)" in found.message


def test_a_directory_without_the_file_is_not_checked(tmp_path):
    assert check(lambda argv: (1, "", ""), str(tmp_path)) == []
