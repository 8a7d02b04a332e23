"""The fault proxy: everything passes unchanged, and each fault does what its name says."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.faults.proxy.fault import Fault, What
from tests.support.faults.proxy.proxies import HOST, Listener, Proxies
from tests.support.faults.proxy.schedule import Script, Seeded
from tests.support.faults.small_servers import Scripted, Store, served
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
CONTENT = b"what is kept" * 1000
SECONDS = 30

BROKEN = (httpx.NetworkError, httpx.RemoteProtocolError)
"""A reset: what a client sees of it depends on whether it was writing or reading then."""


@pytest.fixture
def store() -> Iterator[Store]:
    server = Store()
    with served(server):
        yield server


@pytest.fixture
def proxies() -> Iterator[Proxies]:
    with Proxies() as proxies:
        yield proxies


@pytest.fixture
def listener(proxies: Proxies, store: Store) -> Listener:
    return proxies.listen("store", store.address)


@pytest.fixture
def client(listener: Listener) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=listener.url, timeout=SECONDS) as client:
        yield client


def talk(port: int, request: bytes, *, reply_bytes: int) -> bytes:
    """Send bytes, read so many of the reply."""
    with socket.create_connection((HOST, port), timeout=SECONDS) as connection:
        connection.sendall(request)
        received = b""
        while len(received) < reply_bytes and (more := connection.recv(65536)):
            received += more
    return received


def received_until_reset(connection: socket.socket) -> int:
    """How many bytes came before the connection was reset."""
    received = 0
    try:
        while piece := connection.recv(1000):
            received += len(piece)
    except ConnectionResetError:
        return received
    raise AssertionError(f"it ended in order after {received} bytes")


# Nothing wrong

REQUESTS = {
    "a length": b"PUT /a%2Fb//c?x=%20&y HTTP/1.1\r\nhOsT: proxy:1\r\nContent-Length: 4\r\n\r\nbody",
    "chunks": (
        b"PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: one\r\n\r\n"
    ),
    "no body": b"GET / HTTP/1.1\r\nHost:h\r\nX-Twice: 1\r\nX-Twice:  2 \r\n\r\n",
}
REPLIES = {
    "a length": b"HTTP/1.1 200 Fine\r\nContent-Length: 4\r\nx-Odd:  a \r\n\r\nbody",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nT: 1\r\n\r\n",
    "an early reply": b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", REQUESTS.values(), ids=REQUESTS.keys())
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_every_byte_passes_as_it_is(proxies: Proxies, request_bytes: bytes, reply: bytes) -> None:
    server = Scripted(reply, ends=lambda received: len(received) == len(request_bytes))
    with served(server):
        listener = proxies.listen("scripted", server.address)
        assert talk(listener.port, request_bytes, reply_bytes=len(reply)) == reply
        assert server.received == request_bytes


def test_a_connection_carries_one_request_after_another(
    listener: Listener, client: httpx.Client, store: Store
) -> None:
    assert client.put("/one", content=CONTENT).status_code == 201
    assert client.get("/one").content == CONTENT
    assert client.head("/one").headers["content-length"] == str(len(CONTENT))
    assert client.delete("/one").status_code == 204
    assert client.get("/one").status_code == 404
    assert listener.requests == len(store.asked) == 5


def test_a_body_in_chunks_passes_both_ways(client: httpx.Client, store: Store) -> None:
    client.put("/chunked", content=iter([CONTENT, b"more"]))
    assert store.kept["/chunked"] == CONTENT + b"more"
    assert client.get("/chunked").content == CONTENT + b"more"


def test_a_signature_that_names_the_proxy_is_good_at_the_server(
    listener: Listener, store: Store
) -> None:
    """The server is told the host that the client has signed."""
    auth = S3SigV4Auth(Credentials("key", "secret"), "s3", "us-east-1")
    signed = AWSRequest("PUT", f"{listener.url}/bucket/a%20b", data=CONTENT)
    auth.add_auth(signed)
    prepared = signed.prepare()
    with httpx.Client(timeout=SECONDS) as client:
        sent = {name: str(value) for name, value in prepared.headers.items()}
        client.put(prepared.url, content=CONTENT, headers=sent)
    received = {name.lower(): value for name, value in store.headers}
    said = dict(part.split("=", 1) for part in received["authorization"].split(" ")[1:])
    names = said["SignedHeaders"].rstrip(",").split(";")
    assert "host" in names
    again = AWSRequest(
        "PUT",
        f"http://{received['host']}/bucket/a%20b",
        data=CONTENT,
        headers={name: received[name] for name in names},
    )
    again.context["timestamp"] = received["x-amz-date"]
    to_sign = auth.string_to_sign(again, auth.canonical_request(again))
    assert auth.signature(to_sign, again) == said["Signature"]


def test_a_server_that_is_gone_is_a_broken_connection(proxies: Proxies) -> None:
    store = Store()
    store.server_close()
    listener = proxies.listen("gone", store.address)
    with pytest.raises(BROKEN):
        httpx.get(listener.url, timeout=SECONDS)


# Faults of a connection


def test_refused_until_it_is_switched_off(
    listener: Listener, client: httpx.Client, store: Store
) -> None:
    client.put("/a", content=CONTENT)
    listener.switch(Fault(What.REFUSE))
    with pytest.raises(BROKEN):
        client.get("/a")  # on a connection that was open
    with pytest.raises(httpx.ConnectError):
        client.get("/a")
    listener.switch(None)
    assert client.get("/a").content == CONTENT
    assert store.asked == ["PUT /a", "GET /a"]


def test_reset(listener: Listener, client: httpx.Client, store: Store) -> None:
    listener.switch(Fault(What.RESET))
    with pytest.raises(BROKEN):
        client.put("/a", content=CONTENT)
    assert store.asked == []
    assert listener.injected == {What.RESET: 1}


def test_hang(listener: Listener, client: httpx.Client, store: Store) -> None:
    listener.switch(Fault(What.HANG))
    with pytest.raises(httpx.ReadTimeout):
        client.get("/a", timeout=httpx.Timeout(SECONDS, read=0.05))
    listener.switch(None)
    assert client.get("/a").status_code == 404
    assert store.asked == ["GET /a"]


@pytest.mark.parametrize("after_bytes", [0, 1, 200, 5000])
def test_cut_in_the_request(proxies: Proxies, after_bytes: int) -> None:
    server = Scripted(b"", ends=lambda received: False)
    with served(server):
        listener = proxies.listen("scripted", server.address)
        listener.switch(Fault(What.CUT_REQUEST, after_bytes=after_bytes))
        with pytest.raises(BROKEN):
            httpx.put(f"{listener.url}/a", content=CONTENT, timeout=SECONDS)
        assert len(server.received) <= after_bytes


@pytest.mark.parametrize("after_bytes", [0, 1, 200, 5000])
def test_cut_in_the_reply(
    listener: Listener, client: httpx.Client, store: Store, after_bytes: int
) -> None:
    store.kept["/a"] = CONTENT
    listener.switch(Fault(What.CUT_REPLY, after_bytes=after_bytes))
    request = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
    with socket.create_connection((HOST, listener.port), timeout=SECONDS) as connection:
        connection.sendall(request)
        assert received_until_reset(connection) <= after_bytes
    assert store.asked == ["GET /a"]


@pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}], ids=["plain", "expect"])
def test_drop_reply_after_the_work_was_done(
    listener: Listener, client: httpx.Client, store: Store, headers: dict[str, str]
) -> None:
    """Not with the interim reply that asks for the body: nothing would be done yet."""
    listener.switch(Fault(What.DROP_REPLY))
    with pytest.raises(httpx.RemoteProtocolError):
        client.put("/a", content=CONTENT, headers=headers)
    assert store.kept["/a"] == CONTENT
    listener.switch(None)
    assert client.get("/a").content == CONTENT


# Faults that wait for the test


@pytest.mark.parametrize(("what", "done"), [(What.DELAY, False), (What.DELAY_REPLY, True)])
def test_held_back_until_released(
    listener: Listener, client: httpx.Client, store: Store, what: What, done: bool
) -> None:
    listener.schedule = Script([Fault(what)])
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(client.put, "/a", content=CONTENT)
        wait_until(lambda: listener.held == 1, "the request is held back")
        assert ("/a" in store.kept) == done
        assert httpx.put(f"{listener.url}/b", content=b"").status_code == 201
        assert not held.done()
        listener.release()
        assert held.result(SECONDS).status_code == 201
    assert store.kept["/a"] == CONTENT


# Faults that only HTTP knows


def test_an_error_in_place_of_the_reply(
    listener: Listener, client: httpx.Client, store: Store
) -> None:
    listener.schedule = Script([Fault(What.ERROR, status=500)])
    assert client.put("/a", content=CONTENT).status_code == 500
    assert store.asked == []
    assert client.put("/a", content=CONTENT).status_code == 201


@pytest.mark.parametrize("path", ["/a", "/chunked"])
def test_wrong_bytes(listener: Listener, client: httpx.Client, store: Store, path: str) -> None:
    listener.switch(Fault(What.WRONG_BYTES))
    assert client.put(path, content=CONTENT).status_code == 201
    assert store.kept[path] == CONTENT
    wrong = client.get(path).content
    assert len(wrong) == len(CONTENT)
    assert wrong != CONTENT
    assert listener.injected == {What.WRONG_BYTES: 1}
    listener.switch(None)
    assert client.get(path).content == CONTENT


@pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}], ids=["plain", "expect"])
def test_nothing_stored(
    listener: Listener, client: httpx.Client, store: Store, headers: dict[str, str]
) -> None:
    listener.switch(Fault(What.NOT_STORED))
    s3 = client.put("/a", content=CONTENT, headers=headers)
    swift = client.put("/a", content=CONTENT, headers={**headers, "X-Auth-Token": "t"})
    assert (s3.status_code, swift.status_code) == (200, 201)
    assert s3.headers["etag"] == f'"{swift.headers["etag"]}"'
    assert client.delete("/a").status_code == 204
    assert store.asked == []
    assert client.get("/a").status_code == 404  # reading goes well


def test_nothing_stored_of_a_body_with_signed_chunks(
    listener: Listener, client: httpx.Client
) -> None:
    listener.switch(Fault(What.NOT_STORED))
    signed = b"5;chunk-signature=ab\r\nhello\r\n0;chunk-signature=cd\r\n\r\n"
    headers = {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    plain = client.put("/a", content=b"hello")
    assert (
        client.put("/a", content=signed, headers=headers).headers["etag"] == (plain.headers["etag"])
    )


def test_a_fault_of_some_methods_spares_the_others(
    listener: Listener, client: httpx.Client
) -> None:
    listener.switch(Fault(What.ERROR, methods=frozenset({"PUT"})))
    assert client.get("/a").status_code == 404
    assert client.put("/a", content=CONTENT).status_code == 503
    assert listener.injected == {What.ERROR: 1}


# Any protocol


@pytest.fixture
def echo(proxies: Proxies) -> Iterator[Listener]:
    server = Scripted(b"pong", ends=lambda received: received.endswith(b"\n"))
    with served(server):
        yield proxies.listen("echo", server.address, http=False)


def test_any_protocol_passes(echo: Listener) -> None:
    assert talk(echo.port, b"\x00ping\n", reply_bytes=4) == b"pong"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(What.RESET),
        Fault(What.CUT_REQUEST, after_bytes=2),
        Fault(What.CUT_REPLY, after_bytes=2),
        Fault(What.DROP_REPLY),
    ],
    ids=lambda fault: fault.what.value,
)
def test_any_protocol_breaks(echo: Listener, fault: Fault) -> None:
    echo.schedule = Script([fault])
    with pytest.raises(ConnectionResetError):
        talk(echo.port, b"ping\n", reply_bytes=4)
    assert talk(echo.port, b"ping\n", reply_bytes=4) == b"pong"
    assert echo.injected == {fault.what: 1}


def test_what_only_http_knows_is_refused_for_another_protocol(echo: Listener) -> None:
    with pytest.raises(ValueError, match="only HTTP"):
        echo.switch(Fault(What.WRONG_BYTES))


# Schedules


def test_a_seed_gives_the_same_faults_again() -> None:
    rates = {What.RESET: 0.2, What.DROP_REPLY: 0.2, What.CUT_REPLY: 0.1}
    one, same, other, elsewhere = (
        [schedule.next() for _ in range(1000)]
        for schedule in (
            Seeded(7, "s3", rates),
            Seeded(7, "s3", rates),
            Seeded(8, "s3", rates),
            Seeded(7, "swift", rates),
        )
    )
    assert one == same
    assert one != other
    assert one != elsewhere
    share = {what: sum(fault is not None and fault.what is what for fault in one) for what in rates}
    assert all(abs(share[what] - 1000 * rate) < 60 for what, rate in rates.items()), share


def test_rates_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="RESET"):
        Seeded(7, "s3", {What.REFUSE: 0.1})
    with pytest.raises(ValueError, match="more than one"):
        Seeded(7, "s3", {What.RESET: 0.6, What.ERROR: 0.6})


# A process of its own


def test_the_proxy_as_a_process_obeys_lines_of_json(store: Store) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.faults.proxy", f"s3=0:{HOST}:{store.server_port}"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["s3"]["url"]

        def order(**said: object) -> object:
            assert process.stdin is not None
            assert process.stdout is not None
            print(json.dumps({"listener": "s3", **said}), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        order(fault="error", status=507, methods=["PUT"])
        assert httpx.put(f"{url}/a", content=CONTENT, timeout=SECONDS).status_code == 507
        assert order(fault="nonsense") == {
            "error": "ValueError(\"'nonsense' is not a valid What\")"
        }
        state = order()
        assert state == {"s3": {"url": url, "requests": 1, "held": 0, "injected": {"error": 1}}}
        assert httpx.put(f"{url}/a", content=CONTENT, timeout=SECONDS).status_code == 201
        process.stdin.close()
        assert process.wait(SECONDS) == 0
