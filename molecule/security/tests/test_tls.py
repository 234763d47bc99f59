"""Strong TLS only, with both releases of OpenSSL, HAProxy and nginx; and plain HTTP leads there."""

from __future__ import annotations

import re

import pytest
from cluster import lab_host
from conftest import ADDRESSES, FOLDER, ask_by_tls, copied, s_client

ANYTHING = "-cipher ALL:@SECLEVEL=0"
"""What a client of today no longer does by itself."""

WEAK = {
    "TLS 1.0": f"-tls1 {ANYTHING}",
    "TLS 1.1": f"-tls1_1 {ANYTHING}",
    "no forward secrecy": "-tls1_2 -cipher AES128-GCM-SHA256:AES256-GCM-SHA384:@SECLEVEL=0",
    "finite field": "-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0",
    "CBC": "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
    "no certificate": "-tls1_2 -cipher aNULL:@SECLEVEL=0",
    "no encryption": "-tls1_2 -cipher eNULL:@SECLEVEL=0",
    "CCM": "-tls1_3 -ciphersuites TLS_AES_128_CCM_8_SHA256:TLS_AES_128_CCM_SHA256",
    "small curve": f"-tls1_2 -groups secp224r1 {ANYTHING}",
    "curve that few have": "-tls1_3 -groups secp521r1",
    "finite field in TLS 1.3": "-tls1_3 -groups ffdhe2048",
}
STRONG = {
    "TLS 1.2, AES": ("-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    "TLS 1.2, ChaCha20": ("-tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"),
    "TLS 1.3": ("-tls1_3", "TLSv1.3"),
    "P-256": ("-tls1_3 -groups P-256", "TLSv1.3"),
    "P-384": ("-tls1_3 -groups P-384", "TLSv1.3"),
    "X25519": ("-tls1_3 -groups X25519", "TLSv1.3"),
}


def works(said: str) -> bool:
    return bool(re.search(r"Cipher is (?!\(NONE\))", said))


@pytest.mark.parametrize("weakness", WEAK)
def test_weak_tls_is_refused(tls_server, weakness):
    said = s_client(tls_server, 443, WEAK[weakness])
    assert re.search("SSL alert number (40|70)", said), said
    assert not works(said)


@pytest.mark.parametrize("kind", STRONG)
def test_strong_tls_is_spoken(tls_server, kind):
    options, word = STRONG[kind]
    said = s_client(tls_server, 443, options)
    assert works(said), said
    assert word in said


@pytest.mark.parametrize("name", ["lb2", "web2"])
def test_keys_are_exchanged_so_that_no_quantum_computer_can_find_them_later_where_openssl_can(name):
    assert "Negotiated TLS1.3 group: X25519MLKEM768" in s_client(name, 443)


def test_the_modern_profile_leaves_tls_1_3_alone(load_balancer):
    assert not works(s_client(load_balancer, 7443, "-tls1_2"))
    assert works(s_client(load_balancer, 7443, "-tls1_3"))


@pytest.mark.parametrize(
    ("algorithms", "kind"),
    [("ECDSA+SHA256:rsa_pss_rsae_sha256", "id-ecPublicKey"), ("rsa_pss_rsae_sha256:RSA+SHA256", "rsaEncryption")],
)
def test_who_can_do_ecdsa_gets_the_ecdsa_certificate(tls_server, algorithms, kind):
    shown = s_client(tls_server, 443, f"-sigalgs {algorithms}")
    assert kind in lab_host("web2").check_output("printf %%s %s | openssl x509 -noout -text", shown)


def test_http_2_is_offered(load_balancer):
    assert "ALPN protocol: h2" in s_client(load_balancer, 443, "-alpn h2,http/1.1")


def test_plain_http_is_redirected(load_balancer):
    head = (
        lab_host("web2")
        .check_output(f"curl --silent --include http://{ADDRESSES[load_balancer]}/path?a=b")
        .splitlines()
    )
    assert head[0].split()[1] == "301"
    assert f"location: https://{ADDRESSES[load_balancer]}/path?a=b" in head
    assert not [line for line in head if line.startswith("strict-transport-security")]


def test_browsers_are_told_to_stay_with_https_even_by_an_error(load_balancer):
    for path in ("/", "/no-such-page"):
        head = lab_host("web2").check_output(
            f"curl --silent --insecure --include https://{ADDRESSES[load_balancer]}{path}"
        )
        assert "strict-transport-security: max-age=63072000" in head


def test_members_are_those_whose_certificate_the_authority_has_signed(load_balancer):
    for name in ("member", "stranger"):
        copied(FOLDER / f"{name}.pem", "web2", f"/root/{name}.pem")
    url = f"https://{ADDRESSES[load_balancer]}:9443/"
    curl = f"curl --silent --insecure --output /dev/null --write-out '%{{http_code}}' {url}"
    client = lab_host("web2")
    assert client.check_output(f"{curl} --cert /root/member.pem") == "200"
    assert client.run(f"{curl} --cert /root/stranger.pem").rc != 0
    assert client.run(curl).rc != 0


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_session_from_a_bind_that_needs_no_certificate_makes_nobody_a_member(load_balancer, version):
    session = "/root/session.pem"
    lab_host("web2").check_output(f"rm -f {session}")
    assert "HTTP/1.1 200" in ask_by_tls(load_balancer, 443, f"{version} -sess_out {session}")
    # A server that resumes none gives no session away.
    said = ask_by_tls(load_balancer, 9443, f"{version} $(test ! -e {session} || echo -sess_in {session})")
    assert "HTTP/1.1" not in said
    assert re.search("SSL alert number (40|116)", said), said
