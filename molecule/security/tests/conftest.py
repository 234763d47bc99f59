"""The lab of strangers: its hosts, and TLS as OpenSSL's client sees it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from cluster import container, lab_host, wait_until

LOAD_BALANCERS = ["lb1", "lb2"]
WEB_SERVERS = ["web1", "web2"]
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
PREFIX = os.environ["LAB_PREFIX"]
ADDRESSES = {"lb1": f"{PREFIX}.11", "lb2": f"{PREFIX}.12", "web1": f"{PREFIX}.21", "web2": f"{PREFIX}.22"}
VIP = f"{PREFIX}.240"
STORE = "/var/lib/haproxy-certificates"


def s_client(name: str, port: int, options: str = "", site: str = "www.example.com") -> str:
    """What OpenSSL's client of the newer release says of a host, from another host."""
    command = f"echo | timeout 10 openssl s_client -connect {ADDRESSES[name]}:{port} -servername {site} {options} 2>&1"
    return lab_host("web2").run(command).stdout


def ask_by_tls(name: str, port: int, options: str) -> str:
    """What OpenSSL's client of the newer release says of a request and its answer."""
    request = "printf 'GET / HTTP/1.1\\r\\nHost: www.example.com\\r\\nConnection: close\\r\\n\\r\\n'"
    client = f"timeout 10 openssl s_client -connect {ADDRESSES[name]}:{port} -servername www.example.com -ign_eof"
    return lab_host("web2").run(f"{request} | {client} {options} 2>&1").stdout


def shown(name: str, server_name: str, port: int = 443) -> str:
    """The certificate that a client gets who asks for this name; empty if it gets none."""
    said = s_client(name, port, site=server_name)
    begin = said.find("-----BEGIN CERTIFICATE")
    return said[begin : said.index("-----END CERTIFICATE")] if begin >= 0 else ""


def issuer(text: str) -> str:
    """Who has signed a certificate that shown() has returned."""
    return lab_host("web2").check_output(
        "printf %%s %s | openssl x509 -noout -issuer", f"{text}-----END CERTIFICATE-----\n"
    )


def await_certificate(hosts: list[str], seconds: float, name: str, *others: str) -> str:
    """Wait until all hosts serve the same certificate of the authority, none of the others; returns it."""

    def found() -> bool:
        served = {shown(host, name) for host in hosts}
        return len(served) == 1 and not served & {"", *others} and "Pebble" in issuer(served.pop())

    wait_until(found, f"all serve one certificate for {name}", seconds)
    return shown(hosts[0], name)


def copied(file: Path, name: str, target: str) -> None:
    """Put a file of this machine onto a host."""
    subprocess.run(["docker", "cp", file, f"{container(name)}:{target}"], check=True, capture_output=True)


@pytest.fixture
def an_empty_store():
    """What a story has handed over is gone after it."""
    yield
    for name in LOAD_BALANCERS:
        lab_host(name).check_output(f"rm -f {STORE}/*.pem && systemctl reload haproxy")


@pytest.fixture(params=LOAD_BALANCERS)
def load_balancer(request) -> str:
    """Each load balancer in turn."""
    return request.param


@pytest.fixture(params=LOAD_BALANCERS + WEB_SERVERS)
def tls_server(request) -> str:
    """Everybody who speaks TLS: HAProxy and nginx of both releases."""
    return request.param
