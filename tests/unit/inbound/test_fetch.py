"""What a URL of somebody else's makes this function do, against a real TLS server."""

from __future__ import annotations

import datetime
import http.client
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mcos import clock
from mcos.inbound.fetch import FetchFailed, FetchRefused, FetchRules, connection, fetch
from tests.support.stopped_clock import StoppedClock

PUBLIC = "93.184.216.34"
OTHER_PUBLIC = "2606:2800:220:1:248:1893:25c8:1946"
SECRET = "X-Amz-Signature=s3cr3t"
URL = f"https://data.example.com/file?{SECRET}"
CERTIFIED = [
    "data.example.com",
    "other.example.com",
    "*.files.example.com",
    "files.example.com",
    "xn--bcher-kva.example",
]
ALLOWED = ("data.example.com", "other.example.com", "*.files.example.com", "unnamed.example.com")

# The server gives up a connection after this; no test is meant to see it.
HANGING_SECONDS = 60  # of the machine's; nothing takes so long unless it hangs
ALLOWED_SECONDS = 10  # of the clock's, which stands still


def rules(*hosts: str, max_bytes: int = 10**6, max_seconds: float = ALLOWED_SECONDS) -> FetchRules:
    return FetchRules(hosts or ALLOWED, max_bytes, max_seconds)


def certificates(folder: Path) -> tuple[Path, Path]:
    """Files of a CA, and of a server's key and certificate by it."""

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)

    def builder(subject: str, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("tests"))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
                critical=False,
            )
        )

    usage = dict.fromkeys(
        [
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
            "crl_sign",
        ],
        False,
    )
    authority = (
        builder("tests", ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, **usage), critical=True
        )
        .sign(ca_key, hashes.SHA256())
    )
    names: list[x509.GeneralName] = [x509.DNSName(one) for one in CERTIFIED]
    names.append(x509.IPAddress(ip_address(PUBLIC)))
    names.append(x509.IPAddress(ip_address(OTHER_PUBLIC)))
    server = (
        builder("server", key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(authority.public_bytes(pem))
    (folder / "server.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + server.public_bytes(pem)
    )
    return folder / "ca.pem", folder / "server.pem"


@pytest.fixture(scope="session")
def pems(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificates(tmp_path_factory.mktemp("certificates"))


Behaviour = Callable[[ssl.SSLSocket], None]


class Source:
    """A TLS server on 127.0.0.1 that plays every host, and the DNS and routes to it."""

    def __init__(self, certificate: Path) -> None:
        self.answers: dict[str, bytes | Behaviour] = {}
        self.dns: dict[str, list[Sequence[str]]] = {}
        self.asked: list[tuple[str, int]] = []
        self.connected: list[tuple[str, int]] = []
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self.over = threading.Event()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._context.sni_callback = lambda _, name, __: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        answers = self.dns.get(host, [[PUBLIC]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, address: str, port: int) -> tuple[str, int]:
        self.connected.append((address, port))
        host, own_port = self._listener.getsockname()
        return host, own_port

    def fetch(self, url: str = URL, given: FetchRules | None = None) -> Any:
        return fetch(url, given or rules(), resolve=self.resolve, connect=self.connect)

    def content(self, url: str = URL, given: FetchRules | None = None) -> bytes:
        pieces = []
        with self.fetch(url, given) as fetched:
            while piece := fetched.read(1000):
                pieces.append(piece)
            assert fetched.read(1000) == b""
        return b"".join(pieces)

    def close(self) -> None:
        self.over.set()
        # A closed listener does not wake who waits for it; a connection does.
        with suppress(OSError):
            socket.create_connection(self._listener.getsockname(), timeout=1).close()
        for thread in self._threads:
            thread.join(HANGING_SECONDS)
            assert not thread.is_alive()
        self._listener.close()

    def _listen(self) -> None:
        while not self.over.is_set():
            accepted, _ = self._listener.accept()
            accepted.settimeout(HANGING_SECONDS)
            thread = threading.Thread(target=self._serve, args=(accepted,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, accepted: socket.socket) -> None:
        # What a client that refuses does to its connection is not ours to report.
        with suppress(OSError), self._context.wrap_socket(accepted, server_side=True) as tls:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = tls.recv(65536)
                if not piece:
                    return
                head += piece
            self.requests.append(head)
            line, host = head.split(b"\r\n")[0].decode(), self.host(head)
            path = line.split(" ")[1].split("?")[0]
            answer = self.answers.get(f"{host}{path}", self.answers.get(path, reply(404)))
            if isinstance(answer, bytes):
                tls.sendall(answer)
                end(tls)
            else:
                answer(tls)

    @staticmethod
    def host(head: bytes) -> str:
        return http.client.parse_headers(BytesIO(head.split(b"\r\n", 1)[1]))["Host"]


def end(tls: ssl.SSLSocket) -> None:
    """Say, signed, that this is the end; without waiting for an answer."""
    tls.settimeout(0)
    with suppress(OSError):
        tls.unwrap()


def reply(status: int = 200, body: bytes = b"", *headers: str, length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(location: str, status: int = 302) -> bytes:
    return reply(status, b"elsewhere", f"Location: {location}")


@pytest.fixture
def source(
    pems: tuple[Path, Path], stopped: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Source]:
    authority, certificate = pems
    # By which the default context trusts this test's CA as it does the system's.
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    connection._context.cache_clear()
    server = Source(certificate)
    yield server
    server.close()
    connection._context.cache_clear()


def refusal(source: Source, url: str = URL, given: FetchRules | None = None) -> str:
    with pytest.raises(FetchRefused) as raised:
        source.content(url, given)
    return told(raised.value)


def failure(source: Source, url: str = URL, given: FetchRules | None = None) -> str:
    with pytest.raises(FetchFailed) as raised:
        source.content(url, given)
    return told(raised.value)


def told(error: BaseException) -> str:
    """The message, which has nothing that must not be in it; nor do those that it came from."""
    one: BaseException | None = error
    while one is not None:
        assert "s3cr3t" not in str(one)
        assert "X-Amz" not in str(one)
        one = one.__cause__ or one.__context__
    return str(error)


# What is good


def test_content_is_streamed(source: Source) -> None:
    body = bytes(range(256)) * 1000
    source.answers["/file"] = reply(200, body, "Content-Type: image/png")
    with source.fetch() as fetched:
        assert (fetched.content_type, fetched.size) == ("image/png", len(body))
        assert fetched.read(1) == body[:1]
        assert fetched.read(100_000) == body[1:100_001]
        assert fetched.read(10**6) == body[100_001:]
        assert fetched.read(10**6) == b""
        assert fetched.read(1) == b""
    assert source.asked == [("data.example.com", 443)]
    assert source.connected == [(PUBLIC, 443)]
    assert source.names == ["data.example.com"]


def test_the_request_says_nothing_of_us_and_asks_for_the_bytes_as_they_are(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    source.answers["/file"] = reply(200, b"content")
    assert source.content(f"{URL}&a=%20#fragment") == b"content"
    lines = source.requests[0].decode().split("\r\n")
    assert lines[0] == f"GET /file?{SECRET}&a=%20 HTTP/1.1"
    assert sorted(lines[1:-2]) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: close",
        "Host: data.example.com",
        "User-Agent: MCOS",
    ]


def test_content_of_unknown_length_is_read_to_its_signed_end(source: Source) -> None:
    source.answers["/file"] = reply(200, b"x" * 2500, length=False)
    with source.fetch() as fetched:
        assert (fetched.content_type, fetched.size) == (None, None)
        assert fetched.read(10_000) == b"x" * 2500
        assert fetched.read(10_000) == b""


def test_content_in_chunks_is_put_together(source: Source) -> None:
    body = b"3\r\nabc\r\n5;what=ever\r\ndefgh\r\n0\r\nTrailer: x\r\n\r\n"
    source.answers["/file"] = reply(200, b"", "Transfer-Encoding: chunked", length=False) + body
    with source.fetch() as fetched:
        assert fetched.size is None
        assert [fetched.read(4), fetched.read(4), fetched.read(4)] == [b"abcd", b"efgh", b""]


def test_a_length_beside_chunks_means_nothing(source: Source) -> None:
    headers = ("Transfer-Encoding: chunked", "Content-Length: 999999999")
    answer = reply(200, b"", *headers, length=False) + b"3\r\nabc\r\n0\r\n\r\n"
    source.answers["/file"] = answer
    assert source.content() == b"abc"


def test_an_empty_content_is_one(source: Source) -> None:
    source.answers["/file"] = reply(200, b"")
    assert source.content() == b""


def test_content_just_as_large_as_allowed_is_fetched(source: Source) -> None:
    source.answers["/file"] = reply(200, b"x" * 3000)
    source.answers["/open"] = reply(200, b"x" * 3000, length=False)
    given = rules(max_bytes=3000)
    assert len(source.content(URL, given)) == 3000
    assert len(source.content("https://data.example.com/open", given)) == 3000


def test_after_its_end_a_fetch_cannot_be_taken_for_the_end_of_a_content(source: Source) -> None:
    source.answers["/file"] = reply(200, b"x" * 100, length=False)
    with source.fetch() as fetched:
        with pytest.raises(ValueError, match="1 or more"):
            fetched.read(0)
        assert fetched.read(10) == b"x" * 10
    with pytest.raises(ValueError, match="over"):
        fetched.read(10)


def test_what_its_user_raises_is_not_taken_for_the_networks(source: Source) -> None:
    source.answers["/file"] = reply(200, b"x" * 100)
    with pytest.raises(TimeoutError, match="mine"), source.fetch():
        raise TimeoutError("mine")


# Hosts


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://data.example.com", "data.example.com"),
        ("HTTPS://DATA.Example.COM:443/file", "data.example.com"),
        ("https://data.example.com./file", "data.example.com"),
        ("https://data.example.com/file", "data.example.com:443"),
        ("https://data.example.com:8443/file", "data.example.com:8443"),
        ("https://a.files.example.com/file", "*.files.example.com"),
        ("https://a.files.example.com:8443/file", "*.files.example.com:8443"),
        ("https://files.example.com/file", "*.example.com"),
        ("https://bücher.example/file", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/file", "bücher.example"),
        ("https://data\u3002example.com/file", "data.example.com"),
        (f"https://{PUBLIC}/file", PUBLIC),
        (f"https://[{OTHER_PUBLIC}]/file", f"[{OTHER_PUBLIC}]"),
        (f"https://[{OTHER_PUBLIC.upper()}]:8443/file", f"[{OTHER_PUBLIC}]:8443"),
        ("https://data.example.com?file", "data.example.com"),
    ],
)
def test_an_allowed_host_is_fetched_from(source: Source, url: str, allowed: str) -> None:
    source.answers["/file"] = source.answers["/"] = reply(200, b"content")
    assert source.content(url, rules(allowed)) == b"content"
    port = 8443 if "8443" in allowed else 443
    assert source.connected[0][1] == port
    host = source.host(source.requests[0])
    assert (":8443" in host) == (port == 8443)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.org/", ["example.com", "*.example.com"]),
        ("https://example.com/", ["*.example.com"]),
        ("https://evilexample.com/", ["*.example.com", "example.com"]),
        ("https://example.com.evil.org/", ["*.example.com", "example.com"]),
        ("https://a.example.com/", ["example.com"]),
        ("https://data.example.com:8443/", ["data.example.com"]),
        ("https://data.example.com/", ["data.example.com:8443"]),
        ("https://data.example.com:22/", ["data.example.com:8443"]),
        ("https://data.example.com/", ["*", "*.", "", ".example.com", "*example.com", "*.*.com"]),
        (f"https://{PUBLIC}/", ["*.184.216.34", "*.34", "data.example.com"]),
        ("https://data.example.com/", []),
    ],
)
def test_a_host_that_is_not_allowed_is_not_even_looked_up(
    source: Source, url: str, allowed: list[str]
) -> None:
    given = FetchRules(tuple(allowed), 100, 10)
    assert "must have allowed" in refusal(source, f"{url}?{SECRET}", given)
    assert source.asked == source.connected == []


@pytest.mark.parametrize(
    "url",
    [
        "http://data.example.com/",
        "ftp://data.example.com/",
        "file:///etc/passwd",
        "//data.example.com/",
        "data.example.com",
        " https://data.example.com/",
        "https:/data.example.com/",
        "https:data.example.com",
        "ht\ntps://data.example.com/",
        "",
    ],
)
def test_only_https_is_fetched(source: Source, url: str) -> None:
    assert refusal(source, f"{url}?{SECRET}") == "the URL must begin with https://"


@pytest.mark.parametrize(
    "url",
    [
        "https://user:password@data.example.com/",
        "https://user@data.example.com/",
        "https://@data.example.com/",
        "https://data.example.com@evil.example.org/",
        "https://data.example.com\\@evil.example.org/",
        "https://evil.example.org\\@data.example.com/",
    ],
)
def test_a_url_with_a_user_is_refused_and_not_repeated(source: Source, url: str) -> None:
    message = refusal(source, f"{url}?{SECRET}")
    assert message == "the URL must not contain a user or a password"


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "a..b",
        "-a.example.com",
        "a-.example.com",
        "a b.example.com",
        "data.example.com\\evil.org",
        "data.example.com\t",
        "data.example.com\n.evil.org",
        "data%2eexample.com",
        "data.example.com:",
        "data.example.com:x",
        "data.example.com:99999999",
        "data.example.com:+443",
        "data.example.com:443:443",
        "[data.example.com]",
        "[::1",
        "::1",
        "[::1]x",
        "[fe80::1%eth0]",
        "[93.184.216.34]",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x",
        "0177.0.0.1",
        "1.2.3.4.5",
        # What looks like "127.1", and like a slash.
        "\uff11\uff12\uff17.1",
        "evil.org\uff0f.example.com",
        "℀.example.com",
        "a" * 64 + ".example.com",
        "a." * 127 + "example.com",
        "é" * 5000 + ".example.com",
        ".".join(["é" * 20] * 11) + ".example.com",
    ],
)
def test_what_is_no_host_is_refused(source: Source, host: str) -> None:
    given = rules("*.example.com", "*.1", "*.org", "*.b", host)
    assert "host" in refusal(source, f"https://{host}/?{SECRET}", given)
    assert source.asked == source.connected == []


@pytest.mark.parametrize(
    "target", ["/ b", "/\r\nHost: evil", "/\\b", "/ü", "?a b", "/\x00", "/\x7f"]
)
def test_a_target_that_is_no_text_of_a_request_is_refused(source: Source, target: str) -> None:
    message = refusal(source, f"https://data.example.com{target}{SECRET}")
    assert "percent-encoded" in message
    assert source.asked == []


# Addresses

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::93.184.216.34",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "64:ff9b:1::93.184.216.34",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:0:5db8:d822:0:0:80ff:fffe",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::1",
    "2002:c0a8:1::1",
    "2002:5db8:d822::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456:789a::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    f"{OTHER_PUBLIC}%eth0",
    "93.184.216.034",
    "93.184.216",
    "data.example.com",
    "",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_not_connected_to(source: Source, address: str) -> None:
    for answer in ([address], [PUBLIC, address], [address, PUBLIC]):
        source.dns["data.example.com"] = [answer]
        message = refusal(source)
        assert message == "https://data.example.com: its addresses must be public"
    assert source.connected == []


@pytest.mark.parametrize("address", NOT_PUBLIC[:60])
def test_an_address_that_is_not_public_is_refused_in_a_url_too(
    source: Source, address: str
) -> None:
    """Even one that the operator has listed."""
    host = f"[{address}]" if ":" in address else address
    message = refusal(source, f"https://{host}/?{SECRET}", rules(host))
    assert "must be public" in message or "a valid host" in message
    assert source.connected == []


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC,
        OTHER_PUBLIC,
        "1.1.1.1",
        "8.8.8.8",
        "52.216.0.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.32.0.1",
        "192.0.1.1",
        "2001:4860:4860::8888",
        "2600:1f18::1",
        "::ffff:93.184.216.34",
        "64:ff9b::93.184.216.34",
    ],
)
def test_a_public_address_is_connected_to(source: Source, address: str) -> None:
    source.answers["/file"] = reply(200, b"content")
    source.dns["data.example.com"] = [[address]]
    assert source.content() == b"content"
    assert source.connected == [(address, 443)]


def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(source: Source) -> None:
    """DNS that answers otherwise the second time is not asked a second time."""
    source.answers["/file"] = redirect("/there")
    source.answers["/there"] = reply(200, b"content")
    source.dns["data.example.com"] = [[PUBLIC], ["127.0.0.1"]]
    assert "must be public" in refusal(source)
    # Once a hop: the second answer was looked at as the first was.
    assert source.asked == [("data.example.com", 443)] * 2
    assert source.connected == [(PUBLIC, 443)]


def test_without_a_redirect_dns_is_asked_once(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.answers["/file"] = reply(200, b"content")
    source.dns["data.example.com"] = [[PUBLIC], ["127.0.0.1"]]
    looked_up: list[Any] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        looked_up.append(host)
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert source.content() == b"content"
    assert source.asked == [("data.example.com", 443)]
    # Of what was connected to, only its number was read.
    assert set(looked_up) <= {"127.0.0.1"}


def test_the_next_address_is_tried_when_one_takes_no_connection(source: Source) -> None:
    source.answers["/file"] = reply(200, b"content")
    source.dns["data.example.com"] = [[OTHER_PUBLIC, PUBLIC]]
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = closed.getsockname()

    def connect(address: str, port: int) -> tuple[str, int]:
        there = source.connect(address, port)
        return nowhere if address == OTHER_PUBLIC else there

    with fetch(URL, rules(), resolve=source.resolve, connect=connect) as fetched:
        assert fetched.read(100) == b"content"
    assert [address for address, _ in source.connected] == [OTHER_PUBLIC, PUBLIC]


def test_what_takes_no_connection_may_do_so_later(source: Source) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = closed.getsockname()
    with (
        pytest.raises(FetchFailed) as raised,
        fetch(URL, rules(), resolve=source.resolve, connect=lambda *_: nowhere),
    ):
        pass
    assert told(raised.value) == "https://data.example.com: no connection"


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), None])
def test_a_name_that_dns_does_not_know_may_be_known_later(
    source: Source, error: Exception | None
) -> None:
    def resolve(host: str, port: int) -> list[str]:
        if error:
            raise error
        return []

    with (
        pytest.raises(FetchFailed) as raised,
        fetch(URL, rules(), resolve=resolve, connect=source.connect),
    ):
        pass
    assert "DNS" in told(raised.value)


def test_the_resolver_of_production_gives_the_addresses_of_the_system() -> None:
    assert "127.0.0.1" in connection.resolve_host("localhost", 443)
    assert connection.connect_to(PUBLIC, 443) == (PUBLIC, 443)


# Certificates


def test_a_certificate_for_another_name_is_refused(source: Source) -> None:
    source.answers["/file"] = reply(200, b"content")
    message = refusal(source, f"https://unnamed.example.com/file?{SECRET}")
    assert "certificate must be valid: Hostname mismatch" in message
    assert source.requests == []


def test_a_certificate_for_another_address_is_refused(source: Source) -> None:
    source.answers["/file"] = reply(200, b"content")
    message = refusal(source, "https://8.8.8.8/file", rules("8.8.8.8"))
    assert "certificate must be valid: IP address mismatch" in message
    assert source.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.answers["/file"] = reply(200, b"content")
    monkeypatch.delenv("SSL_CERT_FILE")
    connection._context.cache_clear()
    assert "certificate must be valid" in refusal(source)
    assert source.requests == []


def test_a_system_without_certificates_is_helped_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    connection._context.cache_clear()
    context = connection._context()
    connection._context.cache_clear()
    assert context.cert_store_stats()["x509_ca"] > 50
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("/there", "data.example.com"),
        ("there?a=b", "data.example.com"),
        ("//other.example.com/there", "other.example.com"),
        ("https://a.files.example.com/there#x", "a.files.example.com"),
    ],
)
def test_a_redirect_is_followed(source: Source, status: int, location: str, host: str) -> None:
    source.answers["/file"] = redirect(location, status)
    source.answers[f"{host}/there"] = reply(200, b"content")
    assert source.content() == b"content"
    assert source.asked == [("data.example.com", 443), (host, 443)]
    assert source.names == ["data.example.com", host]


@pytest.mark.parametrize(
    ("location", "rule"),
    [
        ("http://data.example.com/there", "begin with https"),
        ("http://169.254.169.254/latest/meta-data/", "begin with https"),
        ("file:///etc/passwd", "begin with https"),
        ("ftp://other.example.com/", "begin with https"),
        ("https://evil.example.org/", "must have allowed"),
        ("//evil.example.org/", "must have allowed"),
        ("https://169.254.169.254/latest/meta-data/", "must have allowed"),
        ("https://other.example.com:8443/", "must have allowed"),
        ("https://user:password@other.example.com/", "user"),
        ("https://private.files.example.com/", "must be public"),
        ("https://unnamed.example.com/there", "certificate"),
        ("https://[bad/", "must be a URL"),
        ("https://other.example.com\\@evil.org/", "must be a URL"),
        ("/a b", "must be a URL"),
        ("/\tb", "must be a URL"),
        ("/there\r\nLocation: /elsewhere", "exactly one Location"),
    ],
)
def test_the_target_of_a_redirect_has_to_keep_all_the_rules(
    source: Source, location: str, rule: str
) -> None:
    source.answers["/file"] = redirect(location.replace("there", f"there?{SECRET}"))
    source.answers["/there"] = source.answers["/"] = reply(200, b"content")
    source.dns["private.files.example.com"] = [["10.0.0.1"]]
    assert rule in refusal(source)
    assert len(source.requests) == 1


def test_a_redirect_without_a_target_is_refused(source: Source) -> None:
    source.answers["/file"] = reply(302)
    assert "exactly one Location" in refusal(source)


def test_five_redirects_are_followed_and_no_more(source: Source) -> None:
    source.answers["/6"] = redirect("/5")
    for step in range(1, 6):
        source.answers[f"/{step}"] = redirect(f"/{step - 1}")
    source.answers["/0"] = reply(200, b"content")
    assert source.content("https://data.example.com/5") == b"content"
    assert "more than 5 redirects" in refusal(source, "https://data.example.com/6")


def test_redirects_in_a_circle_come_to_an_end(source: Source) -> None:
    source.answers["/file"] = redirect(f"https://other.example.com/back?{SECRET}")
    source.answers["/back"] = redirect(URL)
    assert "more than 5 redirects" in refusal(source)
    assert len(source.requests) == 6


# Statuses and headers


@pytest.mark.parametrize(
    "status", [201, 202, 203, 204, 205, 206, 300, 304, 305, 400, 401, 403, 404, 410, 416, 451]
)
def test_a_status_that_will_stay_is_refused(source: Source, status: int) -> None:
    source.answers["/file"] = reply(status, b"")
    assert refusal(source) == f"https://data.example.com: the status must be 200; it is {status}"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_a_status_that_may_change_is_a_failure(source: Source, status: int) -> None:
    source.answers["/file"] = reply(status, b"later")
    assert failure(source) == f"https://data.example.com: status {status}"


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("Content-Encoding: gzip", "Content-Encoding"),
        ("Content-Encoding: identity\r\nContent-Encoding: br", "Content-Encoding"),
        ("Transfer-Encoding: gzip, chunked", "Transfer-Encoding"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding"),
        ("Content-Length: 5\r\nContent-Length: 7", "Content-Length"),
        ("Content-Length: -7", "Content-Length"),
        ("Content-Length: 0x7", "Content-Length"),
        ("Content-Length: +7", "Content-Length"),
        ("Content-Length: 7_0", "Content-Length"),
        ("Content-Length: " + "7" * 5000, "Content-Length"),
    ],
)
def test_content_that_is_encoded_is_refused(source: Source, header: str, rule: str) -> None:
    source.answers["/file"] = reply(200, b"content", header, length=False)
    assert rule in refusal(source)


@pytest.mark.parametrize("header", ["Content-Encoding: identity", "Content-Encoding:"])
def test_identity_is_no_encoding(source: Source, header: str) -> None:
    source.answers["/file"] = reply(200, b"content", header)
    assert source.content() == b"content"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_failure(source: Source, answer: bytes) -> None:
    source.answers["/file"] = answer
    assert "cut off" in failure(source)


# Sizes


def test_content_that_says_it_is_too_large_is_not_read(source: Source) -> None:
    source.answers["/file"] = reply(200, b"", "Content-Length: 3001", length=False)
    with pytest.raises(FetchRefused, match="more than 3000 bytes"):
        source.fetch(URL, rules(max_bytes=3000)).__enter__()


@pytest.mark.parametrize("chunked", [True, False])
def test_content_that_turns_out_to_be_too_large_is_refused(source: Source, chunked: bool) -> None:
    body = b"x" * 3001
    if chunked:
        body = b"".join(b"7d0\r\n" + b"x" * 2000 + b"\r\n" for _ in range(3))
    headers = ["Transfer-Encoding: chunked"] if chunked else []
    source.answers["/file"] = reply(200, b"", *headers, length=False) + body
    with source.fetch(URL, rules(max_bytes=3000)) as fetched:
        for _ in range(3):
            assert fetched.read(900) == b"x" * 900
        with pytest.raises(FetchRefused, match="more than 3000 bytes"):
            fetched.read(900)
        with pytest.raises(ValueError, match="over"):
            fetched.read(1)


def test_no_more_than_what_is_asked_for_is_held(source: Source) -> None:
    """http.client alone takes a chunk of -1 bytes for all that there is."""
    head = reply(200, b"", "Transfer-Encoding: chunked", length=False)
    source.answers["/file"] = head + b"-1\r\n" + b"x" * 500_000
    with source.fetch() as fetched:
        tracemalloc.start()
        try:
            with suppress(FetchFailed):
                assert len(fetched.read(1000)) <= 1000
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 250_000


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, b"x" * 2500, "Content-Length: 2501", length=False),
        reply(200, b"", "Content-Length: 1", length=False),
        reply(200, b"", "Transfer-Encoding: chunked", length=False),
        reply(200, b"", "Transfer-Encoding: chunked", length=False) + b"5\r\nabc",
        reply(200, b"", "Transfer-Encoding: chunked", length=False) + b"3\r\nabc\r\n",
        reply(200, b"", "Transfer-Encoding: chunked", length=False) + b"zz\r\nabc\r\n",
    ],
)
def test_content_that_is_cut_off_is_a_failure(source: Source, answer: bytes) -> None:
    source.answers["/file"] = answer
    assert "cut off" in failure(source)


def test_an_end_that_anybody_could_have_made_is_no_end(source: Source) -> None:
    """TCP's, without TLS's: of content of unknown length it may be in the middle."""

    def answer(tls: ssl.SSLSocket) -> None:
        tls.sendall(reply(200, b"x" * 2500, length=False))
        tls.close()

    source.answers["/file"] = answer
    assert "cut off" in failure(source)


# Times


def dripping(before: bytes, drop: bytes) -> Behaviour:
    """A byte now and then, long before a wait for it would be too long; it ends one day."""

    def answer(tls: ssl.SSLSocket) -> None:
        tls.sendall(before)
        for _ in range(1000):
            clock.sleep(1)
            tls.sendall(drop)

    return answer


CHUNKED = reply(200, b"", "Transfer-Encoding: chunked", length=False)


@pytest.mark.parametrize(
    ("before", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"A"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (reply(200, b"", "Content-Length: 100000", length=False), b"x"),
        (reply(200, b"", length=False), b"x"),
        (CHUNKED, b"1\r\nx\r\n"),
        (CHUNKED, b"0"),
        (CHUNKED + b"0\r\n", b"Trailer: x\r\n"),
    ],
    ids=["status", "header", "continue", "length", "open", "chunks", "chunk size", "trailer"],
)
def test_a_server_that_sends_byte_by_byte_does_not_get_more_time(
    source: Source, before: bytes, drop: bytes
) -> None:
    source.answers["/file"] = dripping(before, drop)
    assert "too long" in failure(source, URL, rules(max_seconds=60))


def test_a_server_that_sends_nothing_is_not_waited_for(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for as long as all of the content may take."""
    monkeypatch.setattr(connection, "READ_SECONDS", 0.1)

    def answer(tls: ssl.SSLSocket) -> None:
        source.over.wait(HANGING_SECONDS)

    source.answers["/file"] = answer
    assert "too long" in failure(source)


def test_the_time_of_who_reads_counts_too(source: Source, stopped: StoppedClock) -> None:
    source.answers["/file"] = reply(200, b"x" * 100)
    with source.fetch() as fetched:
        assert fetched.read(10) == b"x" * 10
        stopped.advance(ALLOWED_SECONDS)
        with pytest.raises(FetchFailed, match="too long"):
            fetched.read(10)


def test_a_server_that_does_not_shake_hands_is_not_waited_for() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(FetchFailed, match="too long"),
        fetch(
            URL,
            rules(max_seconds=0.2),
            resolve=lambda *_: [PUBLIC],
            connect=lambda *_: silent.getsockname(),
        ),
    ):
        pass


def test_a_resolver_that_does_not_answer_is_not_waited_for(source: Source) -> None:
    def resolve(host: str, port: int) -> list[str]:
        source.over.wait(HANGING_SECONDS)
        return [PUBLIC]

    with (
        pytest.raises(FetchFailed, match="DNS"),
        fetch(URL, rules(max_seconds=0.2), resolve=resolve, connect=source.connect),
    ):
        pass


def test_redirects_share_the_time(source: Source) -> None:
    def slowly(tls: ssl.SSLSocket) -> None:
        clock.sleep(20)
        tls.sendall(redirect(URL))
        end(tls)

    source.answers["/file"] = slowly
    assert "too long" in failure(source, URL, rules(max_seconds=30))


def test_nothing_is_left_open(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    real = connection._open_address

    def open_address(*arguments: Any) -> Any:
        opened.append(real(*arguments))
        return opened[-1]

    monkeypatch.setattr(connection, "_open_address", open_address)
    source.answers["/file"] = redirect("/there")
    source.answers["/there"] = reply(200, b"x" * 100_000)
    with source.fetch() as fetched:
        fetched.read(1)
    source.answers["/there"] = reply(404)
    refusal(source)
    assert len(opened) == 4
    assert [one.fileno() for one in opened] == [-1] * 4
