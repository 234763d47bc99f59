"""Order certificates from an ACME authority, renew them in time, and have haproxy or nginx serve them on every node.

usage: acme.py SETTINGS SECRETS STATE run
       acme.py SETTINGS SECRETS STATE renew NAME...
       acme.py SETTINGS SECRETS STATE revoke NAME...
       acme.py SETTINGS SECRETS STATE fetch
       acme.py SETTINGS SECRETS STATE show

SETTINGS and SECRETS are JSON files. The secrets are the C(keys) that all nodes share, by the names that the
settings have for them, and the C(environment) of lego. STATE is a directory for what this program remembers.

As no private key is ever made here, a new certificate is public: the other nodes take it from the TLS handshake of the
one that has ordered it, and use it if it belongs to the shared key and its authority is trusted. The first node of the
list orders; the next one does if that has not happened in time. A certificate is renewed when a third of its lifetime
is left. Until the first one comes, a self-signed certificate of the same key stands in."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", re.DOTALL)
LEFT = 3
"""A certificate is renewed when one part in so many of its lifetime is left."""
TURN = 30
"""Each node after the first waits for one part in so many of the lifetime longer."""
FIRST_TURN = 600
"""Seconds for which the first node waits until all others serve a stand-in, and each node after it waits for the first
certificate."""
PAUSES = (60, 300, 1800, 7200, 43200)
"""Seconds after the first, second, ... failed order; authorities count failures."""
ASK_PEERS = 20
"""Seconds between two questions to the peers while one of them is expected to have ordered."""
LONGEST = 3600
"""Seconds after which the certificates are looked at again in any case: somebody may have set the clock."""
STAND_IN = "stand-in until the ordered certificate is there"
ORDER_SECONDS = 600
ANSWER_SECONDS = 10


class Failed(Exception):
    """Something was not done; the text has the reason."""


def call(*command: str, text: str = "", seconds: float = ANSWER_SECONDS, **environment: str) -> str:
    """Run a program and return its output. Raises Failed with its complaint."""
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            # Whoever answers at a peer's address decides what is in here.
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            env={**os.environ, **environment},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Failed(f"{command[0]}: {problem}") from problem
    if done.returncode:
        raise Failed(f"{command[0]}: {complaint(done.stderr.strip() or done.stdout)}")
    return done.stdout


def complaint(said: str) -> str:
    """The last line of a program's output that says something, without its time."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return re.sub(r"^[0-9/]+ [0-9:]+ ", "", lines[-1])[:500] if lines else "it ended without a word"


@dataclass(frozen=True)
class Certificate:
    """A certificate with its chain, as openssl reads it; times in seconds since 1970."""

    chain: str
    begin: float
    end: float
    names: frozenset[str]
    public_key: str
    is_self_signed: bool
    is_stand_in: bool


def read_certificate(text: str) -> Certificate | None:
    """Read the first certificate of the text and its chain; None without one. Raises Failed if it is damaged."""
    blocks = BLOCK.findall(text)
    if not blocks:
        return None
    said = call(
        *("openssl", "x509", "-noout", "-dates", "-dateopt", "iso_8601", "-pubkey", "-subject", "-issuer"),
        *("-ext", "subjectAltName"),
        text=blocks[0],
    )

    def extract(pattern: str) -> str:
        found = re.search(pattern, said, re.MULTILINE | re.DOTALL)
        return found.group(1) if found else ""

    def moment(name: str) -> float:
        try:
            return datetime.fromisoformat(extract(rf"^{name}=(.+?)Z?$") + "+00:00").timestamp()
        except (ValueError, OverflowError) as problem:
            raise Failed(f"the certificate has no readable {name}") from problem

    return Certificate(
        chain="".join(blocks),
        begin=moment("notBefore"),
        end=moment("notAfter"),
        names=frozenset(re.findall(r"DNS:([^,\s]+)", said)),
        public_key=extract("(-----BEGIN PUBLIC KEY.*END PUBLIC KEY-----)"),
        is_self_signed=extract("^subject=(.*?)$") == extract("^issuer=(.*?)$"),
        is_stand_in=STAND_IN in extract("^subject=(.*?)$"),
    )


@contextmanager
def key_file(key: str) -> Iterator[str]:
    """A file with the key that only root can read, for programs that take no key otherwise."""
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        path = Path(folder, "key.pem")
        path.touch(mode=0o600)
        path.write_text(key, encoding="ascii")
        yield str(path)


def alternatives(names: list[str]) -> str:
    return "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)


class Order:
    """One certificate that is to be served, and what is known of it on this host."""

    def __init__(self, settings: dict[str, Any], secrets: dict[str, Any], wanted: dict[str, Any], state: Path) -> None:
        self.settings = settings
        self.secrets = secrets
        self.name: str = wanted["name"]
        self.names: list[str] = wanted["names"]
        self.key: str = secrets["keys"][wanted["key"]]
        self.store = Path(settings["store"], f"{self.name}.pem")
        self.file = state / f"{self.name}.json"
        self.replaced = state / f"{self.name}.replaced.pem"
        self.account = state / "account.json"

    def memory(self) -> dict[str, Any]:
        """Return what was written down: the number of C(failures) since the last success, the C(time) of the last one
        and its C(error); since when a certificate is C(missing)."""
        try:
            return json.loads(self.file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}

    def remember(self, **values: Any) -> None:
        """Write this down, and nothing else."""
        staged = self.file.with_suffix(".new")
        staged.write_text(json.dumps(values), encoding="utf-8")
        staged.rename(self.file)

    def read_stored(self) -> Certificate | None:
        """Return the certificate that is served."""
        try:
            return read_certificate(self.store.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return None

    def fits(self, certificate: Certificate) -> bool:
        """Return whether a certificate has the names, the key and an authority."""
        wanted = call("openssl", "pkey", "-pubout", text=self.key).strip()
        return (
            certificate.names == frozenset(self.names)
            and certificate.public_key == wanted
            and not certificate.is_self_signed
        )

    def install(self, chain: str) -> None:
        """Have the service serve the certificate. Raises Failed."""
        if self.settings["command"]:
            call(self.settings["command"], self.name, text=chain + self.key, seconds=60)
            return
        before = self.store.read_text(encoding="ascii") if self.store.exists() else ""
        replace(self.store, chain + self.key)
        if is_active(self.settings["service"]):
            try:
                call("systemctl", "reload", self.settings["service"], seconds=60)
            except Failed:
                # Nor would the service start with it.
                if before:
                    replace(self.store, before)
                raise

    def install_stand_in(self) -> None:
        """Have the service serve a self-signed certificate. Raises Failed."""
        with key_file(self.key) as key:
            self.install(
                call(
                    *("openssl", "req", "-x509", "-new", "-key", key, "-days", "3650", "-subj", f"/O={STAND_IN}"),
                    *("-addext", alternatives(self.names)),
                )
            )

    def fetch(self, stored: Certificate | None) -> bool:
        """Take a newer certificate from a peer that serves one; returns whether there was one. Raises Failed."""
        for peer in self.settings["peers"]:
            found = self._read_from(peer)
            if found and self.fits(found) and not (stored and self.fits(stored) and found.begin <= stored.begin):
                self.install(found.chain)
                self.file.unlink(missing_ok=True)
                report(f"{self.name}: taken from {peer}, valid until {date(found.end)}")
                return True
        return False

    def _read_from(self, peer: str, is_trusted: bool = True) -> Certificate | None:
        """Return the certificate that a peer serves for the first name, by default only if its authority is trusted."""
        site = self.names[0].replace("*.", "any.", 1)
        authority = ["-CAfile", self.settings["authority_file"]] if self.settings["authority_file"] else []
        trusted = ["-verify_return_error", "-verify_hostname", site, *authority] if is_trusted else []
        try:
            return read_certificate(
                call("openssl", "s_client", "-showcerts", "-connect", peer, "-servername", site, *trusted)
            )
        except Failed:
            return None

    def _are_peers_ready(self) -> bool:
        """Return whether every peer serves a certificate of this name, if only a stand-in. One that was not deployed
        yet would not forward the challenge of the authority."""
        found = [self._read_from(peer, is_trusted=False) for peer in self.settings["peers"]]
        return all(certificate and (certificate.is_stand_in or self.fits(certificate)) for certificate in found)

    def order(self) -> None:
        """Order a certificate from the authority and install it. Raises Failed."""
        stored = self.read_stored()
        found = read_certificate(self._obtain())
        if found is None:
            raise Failed("the authority returned no certificate")
        if not self.fits(found):
            raise Failed("the certificate from the authority has other names or another key than the request")
        if stored and not stored.is_self_signed:
            self.replaced.write_text(stored.chain, encoding="ascii")
        self.install(found.chain)
        self.file.unlink(missing_ok=True)
        report(f"{self.name}: ordered, valid until {date(found.end)}")

    def revoke(self) -> None:
        """Revoke the certificate that the last order has replaced. Raises Failed."""
        found = read_certificate(self.replaced.read_text(encoding="ascii")) if self.replaced.exists() else None
        if found is None or not self.account.exists():
            raise Failed(f"no order of this node has replaced a certificate '{self.name}'")
        with self._client() as folder:
            (folder / "certificates").mkdir()
            (folder / "certificates/replaced.crt").write_text(found.chain, encoding="ascii")
            self._find_account(folder).write_bytes(self.account.read_bytes())
            self._call_lego(folder, "--domains", "replaced", "revoke", "--keep")
        self.replaced.unlink()
        report(f"{self.name}: revoked the one that was valid until {date(found.end)}")

    def _find_account(self, folder: Path) -> Path:
        """Return the path where lego has what the authority says of the account."""
        host = self.settings["directory"].split("/")[2].replace(":", "_")
        return folder / "accounts" / host / self.settings["contact"] / "account.json"

    @contextmanager
    def _client(self) -> Iterator[Path]:
        """A directory in which lego finds the key of the account."""
        with tempfile.TemporaryDirectory(dir="/run") as name:
            folder, contact = Path(name), self.settings["contact"]
            key = self._find_account(folder).with_name("keys") / f"{contact}.key"
            key.parent.mkdir(parents=True)
            key.write_text(self.secrets["keys"][self.settings["account"]], encoding="ascii")
            yield folder

    def _call_lego(self, folder: Path, *words: str) -> None:
        call(
            *("lego", "--server", self.settings["directory"], "--email", self.settings["contact"]),
            *("--accept-tos", "--path", str(folder), *words),
            seconds=ORDER_SECONDS,
            **self.secrets["environment"],
        )

    def _obtain(self) -> str:
        """Return a new certificate with its chain. Raises Failed."""
        # An authority that knows the key returns its account.
        with self._client() as folder, key_file(self.key) as key:
            request = folder / "request.pem"
            request.write_text(
                call("openssl", "req", "-new", "-key", key, "-subj", "/", "-addext", alternatives(self.names)),
                encoding="ascii",
            )
            self._call_lego(folder, "--csr", str(request), *self.settings["challenge"], "run")
            with suppress(FileNotFoundError):
                self.account.write_bytes(self._find_account(folder).read_bytes())
            files = (folder / "certificates").glob("*.crt")
            found = [file for file in files if not file.name.endswith(".issuer.crt")]
            return found[0].read_text(encoding="utf-8", errors="replace") if found else ""

    def look(self, now: float) -> float:
        """Do what is due, and return the moment of the next look. Raises Failed."""
        stored = self.read_stored()
        if stored is None and self.fetch(None):
            return now
        if stored is None:
            self.install_stand_in()
        if stored and self.fits(stored):
            due, turn = stored.end - (stored.end - stored.begin) / LEFT, (stored.end - stored.begin) / TURN
        else:
            # A certificate with other names, or of another key, goes on serving.
            due, turn = self._read_missing(now), FIRST_TURN
        if now < due:
            return due
        if self.fetch(stored):
            return now
        is_first = stored is None or stored.is_stand_in
        if is_first and now < due + FIRST_TURN and not self._are_peers_ready():
            return now + ASK_PEERS
        return self._order_in_turn(now, due + turn * self.settings["rank"])

    def _read_missing(self, now: float) -> float:
        """Return since when a certificate is missing; a clock that was set back does not prolong it."""
        memory = self.memory()
        missing = min(memory.get("missing", now), now)
        if memory.get("missing") != missing:
            self.remember(**{**memory, "missing": missing})
        return missing

    def _order_in_turn(self, now: float, turn: float) -> float:
        """Order if it is this host's turn and the last failure is long enough ago; returns the moment of the next
        look."""
        memory = self.memory()
        failures = memory.get("failures", 0)
        if failures:
            turn = max(turn, min(memory["time"], now) + PAUSES[min(failures, len(PAUSES)) - 1])
        if now < turn:
            return min(turn, now + ASK_PEERS)
        # Before the order: one that cannot be counted, or ends this program, must not be repeated without a pause.
        failed = {**memory, "failures": failures + 1, "time": now}
        self.remember(**{**failed, "error": "the last order was interrupted"})
        try:
            self.order()
        except (Failed, OSError) as problem:
            self.remember(**{**failed, "error": str(problem)})
            raise
        return now


def report(text: str) -> None:
    print(text, flush=True)


def date(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))


def read_orders(settings: Path, secrets: Path, state: Path) -> list[Order]:
    """Return what is to be served, as the deployment has written it down."""
    known = json.loads(settings.read_text(encoding="utf-8"))
    secret = json.loads(secrets.read_text(encoding="utf-8"))
    return [Order(known, secret, wanted, state) for wanted in known["certificates"]]


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Wait until no other process of this host works with the certificates."""
    with open(state / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def look_at(order: Order, now: float) -> float:
    """Look at one certificate. Report what goes wrong with it, which does not keep the others from theirs."""
    try:
        return order.look(now)
    except (Failed, OSError) as problem:
        report(f"{order.name}: {problem}")
        return now + ASK_PEERS


def replace(path: Path, text: str) -> None:
    """Put the text into the place of the file. Only its owner may read it, and nobody ever sees half of it."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    new.rename(path)


def is_active(service: str) -> bool:
    """Return whether the service runs. If not, it reads the certificates at its next start."""
    return subprocess.run(["systemctl", "--quiet", "is-active", service], check=False).returncode == 0


def await_service(service: str) -> None:
    """Wait until the service runs: what comes while it starts may not be served."""
    while not is_active(service):
        time.sleep(1)


def run(orders: list[Order], state: Path) -> None:
    """Look at the certificates again and again."""
    await_service(orders[0].settings["service"])
    while True:
        with only_one(state):
            moments = [look_at(order, time.time()) for order in orders]
        time.sleep(min(max(min(moments) - time.time(), 1), LONGEST))


def find(orders: list[Order], name: str) -> Order:
    """Return the order of this name. Raises Failed."""
    for order in orders:
        if order.name == name:
            return order
    raise Failed(f"there is no certificate '{name}', but {', '.join(order.name for order in orders)}")


def show(orders: list[Order]) -> list[dict[str, Any]]:
    """Return C(name), C(fits), C(end) in seconds since 1970 and the last C(error) of each certificate."""
    found = []
    for order in orders:
        stored = order.read_stored()
        found.append(
            {
                "name": order.name,
                "fits": stored is not None and order.fits(stored),
                "end": stored.end if stored else None,
                "error": order.memory().get("error", ""),
            }
        )
    return found


def main(settings: str, secrets: str, folder: str, verb: str, *names: str) -> None:
    state = Path(folder)
    state.mkdir(mode=0o700, exist_ok=True)
    orders = read_orders(Path(settings), Path(secrets), state)
    if verb == "run":
        run(orders, state)
    elif verb == "show":
        print(json.dumps(show(orders)))
    elif verb == "renew":
        with only_one(state):
            for name in names:
                find(orders, name).order()
    elif verb == "revoke":
        with only_one(state):
            for name in names:
                find(orders, name).revoke()
    elif verb == "fetch":
        with only_one(state):
            for order in orders:
                order.fetch(order.read_stored())
    else:
        raise Failed(f"'{verb}' is none of renew NAME..., revoke NAME..., fetch, show")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Failed, OSError, TypeError, ValueError) as problem:
        sys.exit(f"{Path(sys.argv[3]).name if len(sys.argv) > 3 else 'acme'}: {problem}")
