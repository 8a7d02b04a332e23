"""A private authority, and a listener that speaks TLS before a service that does not."""

import asyncio
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HOST = "127.0.0.1"
_PIECE = 65536


class Authority:
    """Signs certificates that only those trust who are told of it.

    Attributes
    ----------
    pem
        Its own certificate.
    """

    def __init__(self, name: str = "An authority of our own") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(self._name, self._key.public_key(), authority=True)
        self.pem = certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _signed(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        address = x509.IPAddress(ip_address(_HOST))
        own = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def context(self, folder: Path) -> ssl.SSLContext:
        """What a server needs that is reached at 127.0.0.1; its files are left in ``folder``."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A service")])
        certificate = self._signed(name, key.public_key(), authority=False)
        file = folder / "service.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@contextmanager
def speaking_tls(context: ssl.SSLContext, port: int) -> Iterator[str]:
    """Listen with TLS before a service on ``port`` of this machine; yields ``https://...``."""

    async def copy(source: StreamReader, sink: StreamWriter) -> None:
        try:
            while piece := await source.read(_PIECE):
                sink.write(piece)
                await sink.drain()
        except OSError:
            return  # one side has gone, and so does the other
        finally:
            sink.close()

    async def serve(source: StreamReader, sink: StreamWriter) -> None:
        answers, asked = await asyncio.open_connection(_HOST, port)
        await asyncio.gather(copy(source, asked), copy(answers, sink))

    async def listen(ready: Future[int], done: asyncio.Event) -> None:
        async with await asyncio.start_server(serve, _HOST, 0, ssl=context) as server:
            ready.set_result(server.sockets[0].getsockname()[1])
            await done.wait()

    ready: Future[int] = Future()
    loop, done = asyncio.new_event_loop(), asyncio.Event()
    loop.set_exception_handler(lambda *_: None)  # clients that do not trust us go away

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(listen(ready, done))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"https://{_HOST}:{ready.result()}"
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
