"""Whatever a client sends, a web server gets requests that can be read in one way only, each of them judged by HAProxy
before.

The cases are those of public advisories on request smuggling. The proof is every byte that the web server got."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cluster import lab_host, wait_until
from conftest import ADDRESSES, LOAD_BALANCERS, PREFIX, copied
from wire import Request, http2, requests, said

FOLDER = "/run/recorder"


@dataclass(frozen=True)
class Case:
    """What is sent, with PATH for the case's own path, and how many requests a web server may get of it at the most.

    A second one is there where RFC 9112 reads two, which HAProxy then judges as well. With fields, it is sent as
    HTTP/2."""

    raw: bytes
    most: int = 0
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


def get(*lines: bytes, most: int = 0, path: bytes = b"PATH") -> Case:
    return Case(b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: a", *lines, b"", b""]), most)


def post(*lines: bytes, body: bytes = b"", most: int = 0) -> Case:
    return Case(b"\r\n".join([b"POST PATH HTTP/1.1", b"Host: a", *lines, b"", body]), most)


NEXT = b"GET PATH/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
END = b"0\r\n\r\n"
TE = b"Transfer-Encoding: chunked"


def length(body: bytes) -> bytes:
    # The path is longer than the word PATH that stands for it.
    return b"Content-Length: LENGTH" if b"PATH" in body else b"Content-Length: %d" % len(body)


CASES = {
    "a request": get(most=1),
    "a body": post(b"Content-Length: 5", body=b"hello", most=1),
    "chunks": post(TE, body=b"5\r\nhello\r\n0\r\n\r\n", most=1),
    "two requests": Case(get().raw + NEXT, 2),
    # two lengths
    "length and chunks": post(length(END + NEXT), TE, body=END + NEXT, most=2),
    "chunks and length": post(TE, length(END + NEXT), body=END + NEXT, most=2),
    "chunks and a short length": post(TE, b"Content-Length: 4", body=b"2b\r\n" + NEXT + END, most=2),
    "two lengths": post(b"Content-Length: 0", length(NEXT), body=NEXT),
    "two lengths in one": post(b"Content-Length: 0, 44", body=NEXT),
    "a length twice": post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello", most=1),
    "a length with a sign": post(b"Content-Length: +5", body=b"hello"),
    "a negative length": post(b"Content-Length: -1", body=NEXT),
    "a hexadecimal length": post(b"Content-Length: 0x5", body=b"hello"),
    "a length of two words": post(b"Content-Length: 5 0", body=b"hello"),
    "a length that overflows": post(b"Content-Length: 18446744073709551616", body=NEXT),
    "a length that wraps to 1": post(b"Content-Length: 18446744073709551617", body=NEXT),
    "an empty length (CVE-2023-40225)": post(b"Content-Length:", body=NEXT),
    "an empty length beside another": post(b"Content-Length:", b"Content-Length: 5", body=b"hello"),
    # another word for chunked
    "space before the colon": post(b"Transfer-Encoding : chunked", length(END + NEXT), body=END + NEXT),
    "tab before the colon": post(b"Transfer-Encoding\t: chunked", length(END + NEXT), body=END + NEXT),
    "xchunked": post(b"Transfer-Encoding: xchunked", length(END + NEXT), body=END + NEXT),
    "chunked in quotation marks": post(b'Transfer-Encoding: "chunked"', length(END + NEXT), body=END + NEXT),
    "identity": post(b"Transfer-Encoding: identity", length(END), body=END),
    "chunked, then identity": post(TE, b"Transfer-Encoding: identity", body=END + NEXT),
    "identity, then chunked": post(b"Transfer-Encoding: identity", TE, body=END + NEXT, most=2),
    "chunked twice": post(TE, TE, body=END + NEXT),
    "a vertical tab": post(b"Transfer-Encoding:\x0bchunked", length(END + NEXT), body=END + NEXT),
    "an empty coding": post(b"Transfer-Encoding:", length(END + NEXT), body=END + NEXT),
    "a comma before": post(b"Transfer-Encoding: ,chunked", length(END + NEXT), body=END + NEXT, most=2),
    "a folded line": post(b"Transfer-Encoding:\r\n chunked", length(END + NEXT), body=END + NEXT, most=2),
    "hidden by a bare line feed": post(
        b"X: x\nTransfer-Encoding: chunked", length(END + NEXT), body=END + NEXT, most=2
    ),
    "hidden by a bare carriage return": post(b"X: x\rTransfer-Encoding: chunked", length(END + NEXT), body=END + NEXT),
    "chunked in HTTP/1.0": Case(b"POST PATH HTTP/1.0\r\n" + TE + b"\r\n\r\n" + END + NEXT),
    # chunks
    "a chunk extension": post(TE, body=b'5;a="b"\r\nhello\r\n' + END, most=1),
    "a line feed in a chunk extension": post(TE, body=b"2;\n\nxx\r\n" + b"2b\r\n0\r\n\r\n" + NEXT, most=1),
    "a chunk's size after 0x": post(TE, body=b"0x5\r\nhello\r\n" + END, most=1),
    "a chunk's size that overflows": post(TE, body=b"10000000000000005\r\nhello\r\n" + END, most=1),
    "a chunk without its end": post(TE, body=b"5\r\nhelloX0\r\n\r\n" + NEXT, most=1),
    "a negative chunk": post(TE, body=b"-5\r\nhello\r\n" + END, most=1),
    "chunks with bare line feeds": post(TE, body=b"5\nhello\n0\n\n" + NEXT, most=2),
    "a length after the chunks": post(TE, body=b"0\r\nContent-Length: 5\r\n\r\n" + NEXT, most=2),
    # fields and the request's line
    "a long name (CVE-2021-40346)": post(b"Content-Length0" + b"a" * 255 + b":", length(NEXT), body=NEXT),
    "an empty name (CVE-2023-25725)": post(b": x", length(NEXT), body=NEXT),
    "an empty name, then the length": post(b":", b"Content-Length: 5", body=b"hello"),
    "a hash (CVE-2023-45539)": get(path=b"PATH#.png"),
    "NUL in a value": get(b"X: a\x00b"),
    "NUL in a name": get(b"X\x00: a"),
    "a space in a name": get(b"X Y: a"),
    "no colon": get(b"X"),
    "a line that begins with space": Case(b"GET PATH HTTP/1.1\r\n Host: a\r\nX: a\r\n\r\n"),
    "two hosts": get(b"Host: b"),
    "another host in the line": Case(b"GET http://b PATH HTTP/1.1\r\nHost: a\r\n\r\n"),
    "two spaces in the line": Case(b"GET  PATH HTTP/1.1\r\nHost: a\r\n\r\n", 1),
    "HTTP/0.9": Case(b"GET PATH\r\n\r\n"),
    "a version of two digits": Case(b"GET PATH HTTP/1.10\r\nHost: a\r\n\r\n"),
    "HTTP/2 by name": Case(b"GET PATH HTTP/2.0\r\nHost: a\r\n\r\n", 1),
    "all with bare line feeds": Case(b"GET PATH HTTP/1.1\nHost: a\n\n", 1),
    "h2c": get(
        b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA", most=1
    ),
    "a body behind GET": Case(b"GET PATH HTTP/1.1\r\nHost: a\r\nContent-Length: LENGTH\r\n\r\n" + NEXT, 1),
}


def h2(
    *fields: tuple[bytes, bytes], body: bytes = b"", method: bytes = b"POST", path: bytes = b"PATH", most: int = 0
) -> Case:
    """A request of HTTP/2, which a web server gets as HTTP/1.1."""
    return Case(
        b"", most, [(b":method", method), (b":scheme", b"http"), (b":path", path), (b":authority", b"a"), *fields], body
    )


CASES |= {
    "HTTP/2": h2(body=b"hello", most=1),
    "HTTP/2, a length that is too small": h2((b"content-length", b"0"), body=NEXT),
    "HTTP/2, a length that is too large": h2((b"content-length", b"500"), body=b"hello"),
    "HTTP/2, two lengths": h2((b"content-length", b"5"), (b"content-length", b"0"), body=b"hello"),
    "HTTP/2, a coding": h2((b"transfer-encoding", b"chunked"), body=END + NEXT),
    "HTTP/2, a field of the connection": h2((b"connection", b"transfer-encoding"), body=b"hello"),
    "HTTP/2, a line break in a value": h2((b"x", b"a\r\ntransfer-encoding: chunked"), body=END + NEXT),
    "HTTP/2, a line feed in a value": h2((b"x", b"a\nx-real-ip: 192.0.2.66"), body=b"hello"),
    "HTTP/2, a line break in a name": h2((b"x: a\r\ntransfer-encoding", b"chunked"), body=END + NEXT),
    "HTTP/2, NUL in a value": h2((b"x", b"a\x00b"), body=b"hello"),
    "HTTP/2, a colon in a name": h2((b"transfer-encoding:", b"chunked"), body=END + NEXT),
    "HTTP/2, an empty name": h2((b"", b"x"), body=b"hello"),
    "HTTP/2, capitals in a name": h2((b"Transfer-Encoding", b"chunked"), body=END + NEXT),
    "HTTP/2, a line in the method": h2(method=b"GET /PATH HTTP/1.1\r\nhost: a\r\n\r\nGET", body=b"hello"),
    "HTTP/2, a line in the path": h2(path=b"PATH HTTP/1.1\r\nhost: b\r\n\r\nGET PATH/smuggled", body=b"hello"),
    "HTTP/2, a space in the path": h2(path=b"PATH HTTP/1.1 x", body=b"hello"),
    "HTTP/2, a hash": h2(path=b"PATH#a"),
    "HTTP/2, another host": h2((b"host", b"b"), body=b"hello", most=1),
    "HTTP/2, a pseudo field behind others": h2((b"x", b"a"), (b":path", b"PATH/smuggled"), body=b"hello"),
}


def on_the_wire(case: Case, name: str, number: int) -> bytes:
    path = f"/{name}/{number}".encode()
    if case.fields:
        return http2(
            [(key, value.replace(b"PATH", path)) for key, value in case.fields], case.body.replace(b"PATH", path)
        )
    raw = case.raw.replace(b"PATH", path)
    body = raw.partition(b"\r\n\r\n")[2]
    return raw.replace(b"LENGTH", str(len(body)).encode())


@pytest.fixture(scope="module", autouse=True)
def recorder():
    """A web server that keeps all it gets."""
    host = lab_host("web1")
    copied(Path(__file__).with_name("recorder.py"), "web1", "/root/recorder.py")
    host.check_output(f"systemd-run --quiet --unit recorder python3 /root/recorder.py 8099 {FOLDER}")
    wait_until(lambda: host.socket("tcp://0.0.0.0:8099").is_listening, "the recorder listens")
    yield
    host.check_output(f"systemctl stop recorder; rm -r {FOLDER}")


def recorded() -> list[bytes]:
    """What the web server got, one item for each connection."""
    read = (
        "import glob, json; print(json.dumps([open(name, encoding='latin-1', newline='').read() for name in "
        f"glob.glob('{FOLDER}/*')]))"
    )
    return [text.encode("latin-1") for text in json.loads(lab_host("web1").check_output("python3 -c %s", read))]


@pytest.fixture(scope="module")
def outcomes(recorder) -> dict[tuple[str, str], tuple[bytes, list[bytes]]]:
    """By load balancer and case: what the client was answered, and what a web server got of it on each connection."""
    keys = [(name, story) for name in LOAD_BALANCERS for story in CASES]
    sent = [on_the_wire(CASES[story], name, number) for number, (name, story) in enumerate(keys)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda key, raw: said(ADDRESSES[key[0]], 8080, raw), keys, sent))
    got = defaultdict(list)
    for raw in recorded():
        for number in {int(digits) for digits in re.findall(rb"/lb\d/(\d+)", raw)}:
            got[number].append(raw)
    return {key: (answers[number], got[number]) for number, key in enumerate(keys)}


def judged(request: Request) -> bool:
    """Whether HAProxy took it for a request of its own: then it has set what it sets in each."""
    return [len(request.values(name)) for name in ("x-forwarded-proto", "x-forwarded-for")] == [1, 1]


@pytest.mark.parametrize("story", CASES)
def test_a_web_server_gets_what_can_be_read_in_one_way_or_nothing(load_balancer, outcomes, story):
    answer, got = outcomes[load_balancer, story]
    found = [request for raw in got for request in requests(raw)]
    assert [request for request in found if not judged(request)] == []
    assert len(found) <= CASES[story].most, found
    if not CASES[story].fields:
        assert answer.startswith(b"HTTP/1.1 200" if found else (b"HTTP/1.1 400", b"HTTP/1.1 422", b"HTTP/1.1 5")), (
            answer
        )


@pytest.mark.parametrize("story", ["a request", "a body", "chunks", "two requests", "HTTP/2"])
def test_what_is_in_order_arrives(load_balancer, outcomes, story):
    _answer, got = outcomes[load_balancer, story]
    assert sum(len(requests(raw)) for raw in got) == CASES[story].most


CLAIMS = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "X-Client-IP",
    "True-Client-IP",
    "Proxy",
)
SPOOF = "192.0.2.66"


def seen_by_the_web_server(sender: str, name: str, claims: tuple[str, ...]) -> Request:
    """A request with these headers, sent by a host or this machine, as the web server gets it."""
    path = f"/{sender}/{name}/{len(claims)}"
    fields = [f"{claim}: {SPOOF}" for claim in claims]
    if sender == "machine":
        head = "".join(f"{line}\r\n" for line in [f"GET {path} HTTP/1.1", "Host: a", *fields, ""])
        said(ADDRESSES[name], 8080, head.encode())
    else:
        headers = " ".join(f"--header '{field}'" for field in fields)
        lab_host(sender).check_output(f"curl --silent {headers} http://{ADDRESSES[name]}:8080{path}")
    (raw,) = (raw for raw in recorded() if path.encode() in raw)
    (request,) = requests(raw)
    return request


def test_what_a_client_says_of_itself_does_not_reach_a_web_server(load_balancer):
    request = seen_by_the_web_server("machine", load_balancer, (*CLAIMS, "X_Real_IP", "X_Forwarded_For"))
    assert [field for field in request.fields if SPOOF in field[1]] == []
    assert request.values("x-forwarded-for") == [f"{PREFIX}.1"]
    assert request.values("x-forwarded-proto") == ["http"]


def test_what_a_trusted_proxy_says_reaches_a_web_server_with_the_proxys_own_address_behind_it(load_balancer):
    request = seen_by_the_web_server("web2", load_balancer, CLAIMS)
    assert request.values("x-forwarded-for") == [SPOOF, ADDRESSES["web2"]]
    assert {name.lower(): request.values(name.lower()) for name in CLAIMS if name != "X-Forwarded-For"} == {
        name.lower(): [SPOOF] for name in CLAIMS if name != "X-Forwarded-For"
    }
