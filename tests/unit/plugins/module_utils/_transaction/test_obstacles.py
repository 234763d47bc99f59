# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.evenkeel.ha_web.plugins.module_utils._host.system import Host
from ansible_collections.evenkeel.ha_web.plugins.module_utils._transaction.obstacles import (
    find_dropped_sites,
    find_obstacles,
)

MAIN = "/etc/haproxy/haproxy.cfg"
SITE = "server {\n    listen 80;\n}\n"


def systemd(state):
    """Answer as systemctl does of a unit in that state."""
    return lambda argv: (0, f"LoadState={state}\n", "") if argv[:2] == ["systemctl", "show"] else (1, "", "")


@pytest.mark.parametrize("daemon", ["haproxy", "keepalived", "nginx"])
def test_a_masked_unit(daemon):
    (problem,) = find_obstacles(daemon, daemon, MAIN, systemd("masked"), [])
    assert problem.startswith(f"{daemon} is masked, so that it cannot be started: run 'systemctl unmask {daemon}'")
    assert list(find_obstacles(daemon, daemon, MAIN, systemd("loaded"), [])) == []
    assert list(find_obstacles(daemon, daemon, MAIN, systemd("not-found"), [])) == []


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("", []),
        ('#CONFIG="/etc/other.cfg"\n#EXTRAOPTS="-de -m 16"\n', []),
        (f'CONFIG="{MAIN}"\nEXTRAOPTS="-S /run/haproxy-master.sock -dM"\n', []),
        ("CONFIG=/etc/haproxy/../haproxy/haproxy.cfg\n", []),
        ("EXTRAOPTS='-S /run/haproxy-master.sock,mode,600'\n", []),
        ("CONFIG=/etc/haproxy/shop.cfg\n", ["sets CONFIG to '/etc/haproxy/shop.cfg'"]),
        ('EXTRAOPTS="-de -m 16"\n', ["sets EXTRAOPTS to '-de -m 16'"]),
        ("EXTRAOPTS=\nCONFIG=a\n", ["sets CONFIG to 'a'", "sets EXTRAOPTS to ''"]),
    ],
)
def test_settings_of_the_unit_of_haproxy(tmp_path, settings, found):
    file = tmp_path / "haproxy"
    file.write_text(settings)
    problems = list(find_obstacles("haproxy", "haproxy", MAIN, systemd("loaded"), [str(file), str(tmp_path / "none")]))
    assert len(problems) == len(found)
    assert [part for part, problem in zip(found, problems) if not problem.startswith(f"{file} {part}")] == []
    assert list(find_obstacles("nginx", "nginx", MAIN, systemd("loaded"), [str(file)])) == []


START = "{{ path=/usr/sbin/haproxy ; argv[]={} ; ignore_errors=no ; start_time=[n/a] ; status=0/0 }}"
ENVIRONMENT = 'CONFIG=/etc/haproxy/haproxy.cfg PIDFILE=/run/haproxy.pid "EXTRAOPTS=-S /run/haproxy-master.sock"'
PACKAGED = "/usr/sbin/haproxy -Ws -f $CONFIG -p $PIDFILE $EXTRAOPTS"
FOREIGN = "/etc/systemd/system/haproxy.service"


@pytest.mark.parametrize(
    ("file", "start", "environment", "found"),
    [
        ("/lib/systemd/system/haproxy.service", PACKAGED, ENVIRONMENT, []),
        ("/lib/systemd/system/haproxy.service", "/usr/sbin/haproxy -Ws -f $CONFIG $OPTIONS", "CONFIG=a", []),
        (FOREIGN, PACKAGED, ENVIRONMENT, []),
        (FOREIGN, f"/usr/local/sbin/haproxy -W -f {MAIN} -S /run/haproxy-master.sock,level,admin", "", []),
        (FOREIGN, "/usr/bin/docker run haproxy haproxy -W -f /usr/local/etc/haproxy.cfg", "", []),
        (FOREIGN, f"/usr/local/sbin/haproxy -Ws -f {MAIN}", "", ["starts haproxy without -S /run/haproxy-master.sock"]),
        (FOREIGN, PACKAGED, "CONFIG=/srv/a.cfg", [f"does not start haproxy with {MAIN}", "starts haproxy without -S"]),
        (f"{FOREIGN}.d/site.conf", PACKAGED, ENVIRONMENT.replace("EXTRA", "NO_"), ["starts haproxy without -S"]),
        (f"{FOREIGN}.d/evenkeel.conf", PACKAGED, "", []),
    ],
)
def test_a_unit_of_somebody_else(file, start, environment, found):
    said = f"LoadState=loaded\nFragmentPath={file}\nEnvironment={environment}\nExecStart={START.format(start)}\n"
    problems = list(find_obstacles("haproxy", "haproxy", MAIN, lambda _argv: (0, said, ""), ["/none"]))
    assert len(problems) == len(found)
    assert [
        part for part, problem in zip(found, problems) if not problem.startswith(f"the unit haproxy, by {file}, {part}")
    ] == []


@pytest.fixture
def tree(tmp_path):
    """nginx's directory with a site that is linked, one that its package has installed, and a set that includes
    neither."""
    for name in ("sites-enabled", "sites-available", "new"):
        (tmp_path / name).mkdir()
    include = f"http {{\n    include {tmp_path}/sites-enabled/*;\n}}\n"
    (tmp_path / "nginx.conf").write_text(include)
    for name in ("default", "shop"):
        (tmp_path / "sites-available" / name).write_text(SITE)
        (tmp_path / "sites-enabled" / name).symlink_to(tmp_path / "sites-available" / name)
    (tmp_path / "new/nginx.conf").write_text(f"http {{\n    include {tmp_path}/sites.conf;\n}}\n")
    (tmp_path / "new/sites.conf").write_text(SITE)
    return tmp_path


def dropped(tree, new="new", packaged=True):
    """The names of the sites that the new set ends."""
    digest = hashlib.md5(SITE.encode(), usedforsecurity=False).hexdigest()
    lines = f"\n {tree}/sites-available/default {digest}\n" if packaged else ""
    main = str(tree / "nginx.conf")
    staged = {name: str(tree / new / name.rpartition("/")[2]) for name in (main, f"{tree}/sites.conf")}
    staged[str(tree)] = str(tree / new)
    host = Host(lambda path: staged.get(path, path))
    return [file.removeprefix(f"{tree}/") for file in find_dropped_sites(main, host, lambda _argv: (0, lines, ""))]


def test_a_site_that_is_not_included_any_more(tree):
    assert dropped(tree) == ["sites-enabled/shop"]


def test_a_site_of_the_package_that_somebody_has_changed(tree):
    (tree / "sites-available/default").write_text(SITE.replace("80", "81"))
    assert dropped(tree) == ["sites-enabled/default", "sites-enabled/shop"]


def test_a_site_that_is_still_included(tree):
    (tree / "new/sites.conf").write_text(f"include {tree}/sites-available/shop;\n")
    assert dropped(tree) == []


def test_a_site_in_the_main_file(tree):
    (tree / "nginx.conf").write_text(f"http {{\n{SITE}}}\n")
    assert dropped(tree) == ["nginx.conf"]
    assert dropped(tree, packaged=False) == []


def test_nothing_is_served(tree):
    (tree / "nginx.conf").write_text("http {\n    # server {\n}\n")
    assert dropped(tree) == []
    (tree / "nginx.conf").unlink()
    assert dropped(tree) == []
