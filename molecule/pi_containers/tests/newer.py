"""Hosts have version 1 of a package, and their only source of packages offers version 2.

To install that restarts Docker, as an upgrade of the Docker Engine does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from cluster import between, lab_host

NAME = "lab-engine"
FOLDER = "/srv/newer"
SETTINGS = "/etc/apt/apt.conf.d/zz-newer"
OFFER = f"""set -e
mkdir -p {FOLDER}/lists
cd {FOLDER}
for version in 1 2; do
    mkdir -p $version/DEBIAN
    cat >$version/DEBIAN/control <<END
Package: {NAME}
Version: $version
Architecture: all
Maintainer: the lab
Description: of the lab
END
done
printf '#!/bin/sh\\nsystemctl restart docker\\n' >2/DEBIAN/postinst
chmod 0755 2/DEBIAN/postinst
dpkg-deb --build 1
dpkg-deb --build 2
dpkg --install 1.deb
dpkg-deb --field 2.deb >Packages
stat --format 'Filename: ./2.deb\nSize: %s' 2.deb >>Packages
sha256sum 2.deb | sed 's/\\([^ ]*\\).*/SHA256: \\1/' >>Packages
echo 'deb [trusted=yes] file:{FOLDER} ./' >sources.list
cat >{SETTINGS} <<END
Dir::Etc::sourcelist "{FOLDER}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "{FOLDER}/lists";
END
"""


@contextmanager
def newer(*hosts: str) -> Iterator[None]:
    """These hosts are like that; afterwards they have what they had."""
    with ExitStack() as stack:
        for name in hosts:
            stack.enter_context(between(name, OFFER, f"rm -r {FOLDER} {SETTINGS}; dpkg --purge {NAME}"))
        yield


def versions(hosts: Iterable[str]) -> list[str]:
    """The version that each host has."""
    return [lab_host(name).check_output("dpkg-query --show --showformat='${Version}' " + NAME) for name in hosts]
