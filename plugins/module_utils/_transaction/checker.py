# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a daemon's own configuration checker, on the host or in the image of its container."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial

from ansible.module_utils.basic import AnsibleModule

from .._check.finding import Verdict
from .._host import disk
from .._host.container import Image
from .._host.run import run
from .._host.system import Host
from .config_set import ConfigSet

BOUNDED = ["timeout", "--kill-after=5", "60"]
"""A checker that does not come to an end has not accepted anything: there are files that keepalived -t reads for
ever."""

RUNS = {"keepalived": (0, 4, 5, 6, -15, 143)}
"""Exit codes of a checker with which the daemon would run the configuration, if they are not only 0."""


def image(module: AnsibleModule) -> Image | None:
    """Return the container image that checks the set instead of a program of the host."""
    return Image(module.params["image"], module.params["image_options"]) if module.params["image"] else None


def program(module: AnsibleModule) -> str:
    """The daemon's program, by its path, or by its name in the image; empty if there is none."""
    name: str = module.params["daemon"]
    found = image(module)
    if not found:
        return str(module.get_bin_path(name) or "")
    with suppress(OSError):
        if found.exists(run):
            return name
    return ""


def check_files(module: AnsibleModule, config: ConfigSet, binary: str, host: Host, staged: bool) -> Verdict:
    """Ask the daemon's checker and the rules, and accept the findings that the module's parameters accept."""
    codes = RUNS.get(module.params["daemon"], (0,))
    return _check(module, config, binary, host, staged).accept(module.params["accepted_findings"], codes)


def _check(module: AnsibleModule, config: ConfigSet, binary: str, host: Host, staged: bool) -> Verdict:
    """Ask the daemon's checker about the staged directory, or about the live one, and the rules about the host as it
    will be."""
    main = os.path.join(module.params["directory"], module.params["main"])

    def call(argv: list[str]) -> tuple[int, str, str]:
        return run([*BOUNDED, *argv])

    found = image(module)
    on_host = partial(config.run_in_place, call) if staged else call
    asks = found.wrap_run(call, str(config.staged if staged else config.live), str(config.live)) if found else on_host
    # Only the one that is asked: the others take longer to load than the daemon takes to answer.
    if module.params["daemon"] == "haproxy":
        from .._haproxy import check as haproxy
        from .._haproxy import log_daemon

        # What haproxy remembers of servers is only there after its first start, and haproxy 2.6 would warn of that.
        state = haproxy.find_state_file(main, host)
        directories = [*module.params["content_directories"], *filter(None, [os.path.dirname(state)])]
        with disk.temporary_directories(directories), disk.temporary_file(state, b"1\n"):
            answer = haproxy.check(asks, [main], binary, fatal_warnings=module.params["fatal_warnings"], host=host)
        # It runs on the host, wherever haproxy does.
        refused = log_daemon.check(on_host, module.params["directory"], host.read)
        return replace(answer, valid=answer.valid and not refused, findings=[*answer.findings, *refused])
    if module.params["daemon"] == "keepalived":
        from .._keepalived import check as keepalived

        with disk.temporary_directories(keepalived.report_directories(main, host)):
            return keepalived.check(asks, main, binary, host)
    if module.params["daemon"] == "bird":
        from .._bird import check as bird

        with disk.temporary_directories([bird.STATE_DIRECTORY]):
            return bird.check(asks, main, binary, host)
    from .._nginx import check as nginx

    with (
        disk.temporary_directories([os.path.dirname(path) for path in module.params["stand_ins"]]),
        ExitStack() as stack,
    ):
        missing = [path for path in module.params["stand_ins"] if not os.path.lexists(path)]
        text = create_certificate() if missing else b""
        for path in missing:
            stack.enter_context(disk.temporary_file(path, text))
        return nginx.check(asks, main, binary, host)


def create_certificate() -> bytes:
    """A self-signed certificate with its key, in PEM; empty without openssl."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    _rc, stdout, _stderr = run(
        ["openssl", "req", "-x509", *curve, "-nodes", "-subj", "/O=stand-in", "-keyout", "/dev/stdout"]
    )
    return stdout.encode()
