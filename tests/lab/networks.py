"""Networks of the lab for the networks of an inventory, as LAB_NETWORKS says.

"192.168.0.0/24=10.64.0.0/24 ...": an address is moved to the same place in the lab's
network, so that an inventory can name its guide's own addresses while the machine that
runs the lab may well have these networks itself.
"""

import os
import re
from ipaddress import IPv4Address, IPv4Network

ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")


def networks() -> dict[IPv4Network, IPv4Network]:
    """The inventory's networks, and what stands for each of them."""
    pairs = [pair.split("=") for pair in os.environ["LAB_NETWORKS"].split()]
    return {IPv4Network(theirs): IPv4Network(ours) for theirs, ours in pairs}


def in_lab(text: str) -> str:
    """The text with every address of the inventory's networks moved into the lab."""

    def move(found: re.Match[str]) -> str:
        try:
            address = IPv4Address(found[0])
        except ValueError:
            return found[0]
        for theirs, ours in networks().items():
            if address in theirs:
                return str(ours[int(address) - int(theirs[0])])
        return found[0]

    return ADDRESS.sub(move, text)
