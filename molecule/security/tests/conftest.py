"""The lab of strangers: its hosts, TLS as OpenSSL's client sees it, and certificates to come."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from cluster import container, lab_host
from testinfra.backend.base import CommandResult

LOAD_BALANCERS = ["lb1", "lb2"]
WEB_SERVERS = ["web1", "web2"]
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
PREFIX = os.environ["LAB_PREFIX"]
ADDRESSES = {"lb1": f"{PREFIX}.11", "lb2": f"{PREFIX}.12", "web1": f"{PREFIX}.21", "web2": f"{PREFIX}.22"}
VIP = f"{PREFIX}.240"


def s_client(name: str, port: int, options: str = "", site: str = "www.example.com") -> str:
    """What OpenSSL's client of the newer release says of a host, from another host."""
    command = f"echo | timeout 10 openssl s_client -connect {ADDRESSES[name]}:{port} -servername {site} {options} 2>&1"
    return lab_host("web2").run(command).stdout


def copied(file: Path, name: str, target: str) -> None:
    """Put a file of this machine onto a host."""
    subprocess.run(["docker", "cp", file, f"{container(name)}:{target}"], check=True, capture_output=True)


def certificate(common_name: str, key: str = "ec -pkeyopt ec_paramgen_curve:prime256v1") -> str:
    """A new certificate and its key as an ACME client would bring them."""
    openssl = f"openssl req -x509 -newkey {key} -nodes -days 30 -subj /CN={common_name} -addext subjectAltName=DNS:{common_name}"
    made = subprocess.run([*openssl.split(), "-keyout", "/dev/stdout"], check=True, capture_output=True, text=True)
    return made.stdout


def hand_over(name: str, certificate_name: str, text: str) -> CommandResult:
    """Call haproxy-certificate on a host with this text."""
    return lab_host(name).run("printf %%s %s | haproxy-certificate %s", text, certificate_name)


@pytest.fixture(params=LOAD_BALANCERS)
def load_balancer(request) -> str:
    """Each load balancer in turn."""
    return request.param


@pytest.fixture(params=LOAD_BALANCERS + WEB_SERVERS)
def tls_server(request) -> str:
    """Everybody who speaks TLS: HAProxy and nginx of both releases."""
    return request.param
