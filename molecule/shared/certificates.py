"""Certificates to come, as ACME clients bring them to load balancers."""

from __future__ import annotations

import subprocess

from cluster import lab_host
from testinfra.backend.base import CommandResult


def certificate(common_name: str, names: str = "") -> str:
    """A new certificate and its key as an ACME client would bring them, for this name, or for others as OpenSSL writes
    them."""
    key = "ec -pkeyopt ec_paramgen_curve:prime256v1"
    names = names or f"DNS:{common_name}"
    openssl = f"openssl req -x509 -newkey {key} -nodes -days 30 -subj /CN={common_name} -addext subjectAltName={names}"
    made = subprocess.run([*openssl.split(), "-keyout", "/dev/stdout"], check=True, capture_output=True, text=True)
    return made.stdout


def hand_over(name: str, certificate_name: str, text: str) -> CommandResult:
    """Call haproxy-certificate on a host with this text."""
    return lab_host(name).run("printf %%s %s | haproxy-certificate %s", text, certificate_name)
