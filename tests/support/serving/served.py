"""The gateway behind a socket, in a thread, with MCOS in this process behind it; and boto3."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.httpsession import URLLib3Session

from mcos_client import AsyncClient
from mcos_serve.account import Account
from mcos_serve.app import Gateway
from mcos_serve.clock import Clock
from mcos_serve.server import server_of
from mcos_serve.settings import Ack, Settings
from tests.support.serving.signer import ACCESS_KEY, REGION, SECRET
from tests.unit.client.system import ENTRY_POINT, System


class GatewayClock(Clock):
    """The wall's time, but for pauses: while the gateway waits, the clusters work."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._system.clock.go_on(seconds)


@dataclass
class Serving:
    """A gateway that is running.

    Attributes
    ----------
    logins
        How often it has logged in.
    lines
        What it has logged, a line a request.
    """

    system: System
    settings: Settings
    clock: GatewayClock
    url: str = ""
    certificate: Path | None = None
    logins: int = 0
    lines: list[str] = field(default_factory=list)
    gateway: Gateway = field(init=False)

    def __post_init__(self) -> None:
        self.gateway = Gateway(self.settings, self._account, self.clock)

    def _account(self) -> Account:
        system = self.system

        async def login(client: AsyncClient) -> None:
            self.logins += 1
            client.token = system.token

        client = AsyncClient(ENTRY_POINT, transport=httpx.MockTransport(system), clock=system.clock)
        return Account(system.account, client, login, self.clock)

    def client(self, *, secret: str = SECRET, **config: Any) -> Any:
        """A client of boto3 that speaks with the gateway, and with nothing else."""
        style = {"addressing_style": "path", **config.pop("s3", {})}
        made = boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=secret,
            region_name=REGION,
            config=Config(s3=style, retries={"total_max_attempts": 1}, **config),
            verify=str(self.certificate) if self.certificate else None,
        )
        session = URLLib3Session(verify=str(self.certificate) if self.certificate else True)

        def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
            return session.send(request)

        # Before moto, which stands in the way of every client of this process.
        made.meta.events.register_first("before-send.s3", send)
        made.meta.events.register("after-call.s3", lambda **_: None)
        self._sessions.append(session)
        return made

    _sessions: list[URLLib3Session] = field(default_factory=list)


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@contextmanager
def serving(
    system: System,
    *,
    ack: Ack = "durable",
    domains: Sequence[str] = (),
    certificate: Path | None = None,
    trusted: Path | None = None,
    region: str = REGION,
) -> Iterator[Serving]:
    """Run a gateway for the account of a system."""
    settings = Settings(
        (ENTRY_POINT,),
        system.account,
        "a-password",
        {ACCESS_KEY: SECRET},
        region=region,
        domains=tuple(domains),
        ack=ack,
    )
    made = Serving(system, settings, GatewayClock(system), certificate=trusted)
    server = server_of(made.gateway, host="127.0.0.1", port=0, certificate=certificate)
    started = threading.Event()
    startup = server.startup

    async def start(sockets: Any = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = start  # type: ignore[method-assign]
    log = logging.getLogger("mcos_serve.requests")
    handler, level = _Lines(made.lines), log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    thread = threading.Thread(target=server.run, name="gateway")
    thread.start()
    try:
        assert started.wait(30), "the gateway does not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        made.url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        yield made
    finally:
        for session in made._sessions:
            session.close()
        server.should_exit = True
        thread.join(30)
        log.removeHandler(handler)
        log.setLevel(level)
