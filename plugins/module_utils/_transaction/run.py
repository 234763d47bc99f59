# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One change of a daemon's configuration, from what is declared to what is proven to run::

    declared    the files of the set; nothing secret of them is returned
    difference  what has to change on disk
    staged      the whole future directory, beside the live one
    checked     the daemon's own checker accepts it
    committed   it takes the place of the live one, in one system call
    live        the daemon is started or reloaded
    proven      the daemon runs what is on disk; if it does not, the previous set is back

run_change() is that story. Each step returns what the next one needs, and ends the module if the change cannot go
on."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._check.finding import CheckerMissing, Verdict
from .._check.secrets import mask_secrets
from .._deployed.effect import kernel_parameters
from .._deployed.log import SUFFIX, add_entry
from .._deployed.manifest import MANIFEST, SetError, list_declared
from .._host import disk
from .._host.container import ContainerUnit
from .._host.run import run
from .._host.sockets import find_holders
from .._host.system import Host
from .._host.unit import Unit
from .checker import check_files, image, program
from .config_set import ConfigSet
from .files import HIDDEN, Change, File, permissions
from .live import Live, NotNoted
from .obstacles import SETTINGS, find_dropped_sites, find_obstacles
from .proof import DAEMONS, Bird, NotProven
from .signals import Interrupted, hold_signals, interruptible

NOT_CHECKED = Verdict(valid=False, version="")


@dataclass(frozen=True)
class Difference:
    """Necessary changes on disk: C(changes) in the set, C(directories) to create elsewhere.

    C(previous) is where the set that is live now will be, and C(whole) whether new files are shown whole."""

    changes: list[Change]
    directories: list[Change]
    previous: Path
    whole: bool = True

    def result(self, answer: Verdict = NOT_CHECKED) -> dict[str, Any]:
        """Return the module's result, with the checker's messages."""
        changes = [*self.changes, *self.directories]
        return {
            "changed": bool(changes),
            "changes": [change.path for change in changes],
            "diff": [change.diff(self.whole) for change in changes],
            "findings": [finding.to_dict() for finding in answer.findings],
            "checked": answer.valid,
            "version": answer.version,
            "previous": str(self.previous),
        }


class Refused(Exception):
    """The change cannot go on; the text says why and what is true now, and C(result) what else the module returns."""

    def __init__(self, message: str, **result: Any) -> None:
        super().__init__(message)
        self.result = result


def transact(module: AnsibleModule) -> None:
    """Run the change that the module's parameters declare, and end the module with what is true afterwards.

    Nothing is printed while the directory is locked: a controller that is stopped, or gone, reads it late or never."""
    config = ConfigSet(module.params["directory"], trial=module.check_mode, companions=module.params["companions"])
    service = find_service(module, config)
    try:
        with interruptible(), config.lock():
            try:
                result = run_change(module, config, service)
                hold_signals()
                if result["changed"]:
                    log_change(module, service, result, "done" if module.params["state"] == "absent" else "live")
            except Interrupted as error:
                # Between the commit and the reload, or before the way back has begun.
                if service.has_changed() or service.has_begun:
                    go_back(module, service, error)
                if service.replaced is not None:
                    # A commit that had failed was on its way back.
                    config.recover()
                raise
            finally:
                hold_signals()
                config.discard()
        hold_signals()
    except Refused as error:
        module.fail_json(msg=str(error), **error.result)
    except (SetError, CheckerMissing, OSError) as error:
        module.fail_json(msg=str(error))
    except Interrupted as error:
        module.fail_json(msg=f"{error}; {config.live} is unchanged and still in use")
    module.exit_json(**result)


def run_change(module: AnsibleModule, config: ConfigSet, service: Live) -> dict[str, Any]:
    """The story of a change, step by step; returns what the module returns."""
    if module.params["state"] == "absent":
        return remove_set(module, config, service)
    refuse_obstacles(module)
    if not module.check_mode:
        config.recover()
    if module.params["state"] == "previous":
        return make_live(module, service, restore_previous(module, config, service), is_other_set=True)
    files = declare_files(module)
    refuse_taken_ports(module, service, files)
    difference = find_difference(module, config, files)
    answer = NOT_CHECKED
    if binary := require_host(module, difference):
        host = stage_set(module, config, files, difference)
        answer = check_set(module, config, service, binary, host, difference)
        refuse_dropped_sites(module, config, host)
        commit_set(module, config, service, difference)
    return make_live(module, service, difference.result(answer), is_other_set=bool(difference.changes))


def log_change(module: AnsibleModule, service: Live, result: dict[str, Any], outcome: str) -> None:
    """Add the change to the log on the host. A host without room for that only warns: the change itself is done."""
    if module.check_mode:
        return
    entry = {
        "daemon": module.params["daemon"],
        "operator": module.params["operator"],
        "state": module.params["state"],
        "action": result.get("action", ""),
        "outcome": outcome,
    }
    path = service.memory.with_suffix(SUFFIX)
    try:
        add_entry(path, entry, result.get("changes", []))
    except OSError as error:
        module.warn(f"cannot write this change into {path}: {error}")


def refuse_obstacles(module: AnsibleModule) -> None:
    """Fail if something of the host keeps the daemon from running any configuration."""
    name, main = module.params["daemon"], os.path.join(module.params["directory"], module.params["main"])
    settings = () if module.params["image"] else SETTINGS
    if found := list(find_obstacles(name, module.params["unit"] or name, main, run, settings)):
        raise Refused(f"Nothing was changed. {'; '.join(found)}.")


def refuse_taken_ports(module: AnsibleModule, service: Live, files: list[File]) -> None:
    """Fail if another program listens where the daemon would.

    In check mode a daemon of the collection does not count: it may have moved away when this one comes."""
    if not service.unit.has_ports_of_host():
        return
    name = module.params["daemon"]
    texts = {file.path: file.content.decode(errors="replace") for file in files if not file.absent}
    own = {name, *((*DAEMONS, "docker-proxy") if module.check_mode else ())}
    if holders := find_holders(service.daemon.list_places(texts), own):
        taken = "; ".join(f"port {port} is taken by {holder.describe()}" for port, holder in sorted(holders.items()))
        raise Refused(f"Nothing was changed. {taken}, or let {name} listen elsewhere.")


def refuse_dropped_sites(module: AnsibleModule, config: ConfigSet, host: Host) -> None:
    """Fail if the first set on the host would end sites that nginx serves.

    The first directory of a container is its image's, with a site that nobody has asked for."""
    is_first = not (config.live / MANIFEST).exists() and not module.params["image"]
    if module.params["daemon"] != "nginx" or module.params["replace_sites"] or not is_first:
        return
    main = os.path.join(module.params["directory"], module.params["main"])
    ended = {os.path.join(module.params["directory"], file["path"]) for file in module.params["files"]}
    dropped = [site for site in find_dropped_sites(main, host, run) if site not in ended]
    if dropped:
        raise Refused(
            f"Nothing was changed. nginx serves sites of {', '.join(dropped)}, which this configuration leaves "
            "out: declare them in nginx_sites, keep them by an include in nginx_http_lines, or set "
            "nginx_replace_sites to true to end them."
        )


def find_service(module: AnsibleModule, config: ConfigSet) -> Live:
    """The daemon's service on the host or in a container, and what is on disk for it."""
    name = module.params["daemon"]
    container = image(module)
    service = module.params["unit"] or name
    unit = ContainerUnit(service, run, container) if container else Unit(service, run)
    daemon = DAEMONS[name](unit, module.params["health"], module.params["main"])
    if isinstance(daemon, Bird):
        daemon.require_sessions = module.params["require_sessions"]
    return Live(config, daemon, module.params["timeout"])


def declare_files(module: AnsibleModule) -> list[File]:
    """The files of the set. Their secrets are taken out of the parameters, which Ansible returns as well."""
    files = []
    for item in module.params["files"]:
        if item["state"] == "absent":
            item["content"] = ""
        if item["sensitive"]:
            module.no_log_values.update(line for line in item["content"].splitlines() if len(line) > 3)
        files.append(
            File(
                path=item["path"],
                content=item["content"].encode(),
                mode=permissions(item["path"], item["mode"]),
                owner=item["owner"],
                group=item["group"],
                sensitive=item["sensitive"],
                absent=item["state"] == "absent",
            )
        )
        item["content"] = HIDDEN if item["sensitive"] else mask_secrets(item["content"])
    return files


def find_difference(module: AnsibleModule, config: ConfigSet, files: list[File]) -> Difference:
    """Compare the declared set with what is on disk. Raises SetError for a path that cannot be."""
    changes = config.find_changes(files)
    missing = [path for path in module.params["content_directories"] if not os.path.isdir(path)]
    for path in missing:
        if not os.path.isabs(path) or os.path.lexists(path):
            raise SetError(
                f"content_directories has '{path}', which is no directory: an absolute path is needed, and nothing "
                "else there"
            )
    directories = [Change(path, None, b"(directory)\n") for path in missing]
    return Difference(changes, directories, config.previous, whole=module._verbosity > 0)


def require_host(module: AnsibleModule, difference: Difference) -> str:
    """The daemon's program.

    Where the host does not have yet what the set needs, the module fails; in check mode it warns, and this is an empty
    text."""
    daemon = module.params["daemon"]
    binary = program(module)
    absent = f"image {module.params['image']}" if module.params["image"] else daemon
    missing = ([] if binary else [absent]) + [f"user {name}" for name in module.params["users"] if not has_user(name)]
    if module.check_mode and module.params["program_replaced"]:
        missing.append(f"the release of {daemon} that will be installed")
    if not missing:
        return binary
    if not module.check_mode:
        message = f"missing on the host: {', '.join(missing)}; install that before the configuration"
        raise Refused(message, **difference.result())
    module.warn(
        f"the configuration of {daemon} is not checked in this run, because the host does not have yet: "
        f"{', '.join(missing)}"
    )
    return ""


def has_user(name: str) -> bool:
    """Return whether the host has a user of that name."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def stage_set(module: AnsibleModule, config: ConfigSet, files: list[File], difference: Difference) -> Host:
    """Build the future directory if it differs from the live one; returns the host as it will be."""
    if difference.changes:
        config.stage(files, difference.changes)
    where = config.staged_path if difference.changes else str
    contents = {file.path: file.content for file in files if not file.absent}
    return Host(
        where,
        kernel_parameters(contents),
        added=filter(os.path.isabs, contents),
        removed={change.path for change in difference.changes} - set(contents),
        contained=bool(module.params["image"]),
    )


def check_set(
    module: AnsibleModule, config: ConfigSet, service: Live, binary: str, host: Host, difference: Difference
) -> Verdict:
    """Ask the daemon's checker about the set; the module fails where that is refused."""
    answer = check_files(module, config, binary, host, staged=bool(difference.changes))
    if not answer.valid:
        name = f"{module.params['daemon']} {answer.version}".strip()
        message = (
            f"{name} refuses this configuration; {module.params['directory']} is unchanged and still in "
            f"use.\n{answer.describe()}"
        )
        result = {**difference.result(answer), "changed": False, "diff": []}
        log_change(module, service, result, "refused by the daemon's checker; nothing has changed")
        raise Refused(message, **result)
    for finding in answer.findings:
        if finding.severity == "warning":
            module.warn(f"{module.params['daemon']} warns of its configuration: {finding.describe()}")
    return answer


def commit_set(module: AnsibleModule, config: ConfigSet, service: Live, difference: Difference) -> None:
    """Put the staged set in the place of the live one. Raises SetError, with the old set in its place."""
    if module.check_mode:
        return
    for directory in difference.directories:
        disk.make_directory(Path(directory.path))
    if difference.changes:
        with service.forget_proof():
            config.commit()


def restore_previous(module: AnsibleModule, config: ConfigSet, service: Live) -> dict[str, Any]:
    """Put the previous set in the place of the live one; returns what the module returns of that."""
    config.require_previous()
    changes = config.list_differences()
    if not module.check_mode:
        # Companions stop first: a run that ended there would leave neither set running.
        hold_signals()
        with service.forget_proof():
            service.stop_obsolete()
            config.restore()
    return {"changed": True, "changes": changes, "findings": [], "previous": str(config.previous)}


def remove_set(module: AnsibleModule, config: ConfigSet, service: Live) -> dict[str, Any]:
    """Stop the daemon and remove its set; returns what the module returns of that."""
    files = list_declared(config.live)
    is_there = (config.live / MANIFEST).exists() or service.memory.exists()
    if is_there and not module.check_mode:
        hold_signals()
        service.stop_all()
        config.remove()
        service.forget()
    return {"changed": is_there, "changes": files, "findings": [], "action": "stop" if is_there else ""}


def make_live(module: AnsibleModule, service: Live, result: dict[str, Any], is_other_set: bool) -> dict[str, Any]:
    """Let the daemon run what is on disk and prove it; returns the result with the action that this took.

    Without a proof, the previous set is brought back and the module fails."""
    if not program(module):
        return {**result, "action": ""}
    action = ""
    try:
        action = service.action(will_change=module.check_mode and is_other_set)
        config = service.config
        set_to_take = config.staged if module.check_mode and is_other_set else config.live
        if action == "reload" and (reason := service.daemon.find_restart_reason(set_to_take)):
            action = "restart"
            module.warn(f"{module.params['daemon']} has to be restarted for this change: {reason}")
        result = {**result, "action": action, "changed": result["changed"] or bool(action)}
        if action and not module.check_mode:
            service.make_live(action)
    except NotNoted as error:
        hold_signals()
        raise Refused(str(error), **result) from error
    except (Exception, Interrupted) as error:
        if module.check_mode:
            raise
        go_back(module, service, error, was_active=action != "start", **result)
    return result


def go_back(module: AnsibleModule, service: Live, error: BaseException, was_active: bool = True, **result: Any) -> None:
    """Bring the previous set back after an error, whatever it is, and end the module with what is true then.

    Signals are ignored meanwhile: one that ended it halfway could leave the old set on disk and the new one running."""
    hold_signals()
    reason = str(error) if isinstance(error, (NotProven, Interrupted, OSError)) else repr(error)
    name = module.params["daemon"]
    if isinstance(error, Interrupted) and service.is_proven():
        raise Refused(f"{reason}; {name} runs what is in {module.params['directory']}, which is proven", **result)
    outcome = service.go_back(was_active)
    log_change(module, service, result, f"failed. {outcome}".splitlines()[0])
    raise Refused(f"{name} does not run the new configuration:\n{reason}\n{outcome}", **result)
