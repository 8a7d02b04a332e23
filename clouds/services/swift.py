"""A real OpenStack Swift on disk, in one process; also as an S3 service through its S3 API."""

import contextlib
import getpass
from pathlib import Path
from typing import ClassVar

from clouds import ports, venvs, wait
from clouds.errors import CloudsError
from clouds.files import write_whole
from clouds.instance import REPLICAS
from clouds.process import ServerProcess
from clouds.services.base import Backend, wait_until_it_answers
from clouds.services.buckets import S3Access
from clouds.templates import render

_SERVER = Path(__file__).parent.parent / "servers" / "swift_server.py"
_START_SECONDS = 60.0
_ACCOUNT, _ACCOUNT_USER = "mcos", "replicas"
_USER = f"{_ACCOUNT}:{_ACCOUNT_USER}"


class Swift(Backend):
    """The storage service of the cluster ``swift``."""

    name = kind = "swift"
    description = "OpenStack Swift"
    servers: ClassVar[str] = "swift"
    """The virtual environment that it runs in."""

    @property
    def key(self) -> str:
        """The password of the one user."""
        return self.credentials.swift_key

    @property
    def hash_suffix(self) -> str:
        """The salt of its placement."""
        return self.credentials.swift_hash_suffix

    @property
    def server_ports(self) -> dict[str, int]:
        """The port of each of Swift's servers."""
        chosen = self.instance.ports
        return {
            "proxy": chosen.swift,
            "object": chosen.swift_object,
            "container": chosen.swift_container,
            "account": chosen.swift_account,
        }

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.server_ports['proxy']}"

    @property
    def auth_url(self) -> str:
        """Where a client logs in (auth v1)."""
        return f"{self.url}/auth/v1.0"

    @property
    def folder(self) -> Path:
        """Where its configuration and data are."""
        return self.instance.folder / self.name

    @property
    def processes(self) -> list[ServerProcess]:
        return [self.server]

    @property
    def server(self) -> ServerProcess:
        """Its process."""
        return ServerProcess(self.instance, self.name)

    def launch(self) -> None:
        process = self.server
        if not process.alive():
            self._configure()
            command = [venvs.python_of(self.servers), _SERVER, self.folder / "etc"]
            process.start(command, {"TZ": "UTC"}, self.server_ports.values())
        wait_until_it_answers(
            process, lambda: wait.http_status(f"{self.url}/healthcheck") == 200, _START_SECONDS
        )

    def authentication(self) -> tuple[str, str]:
        """How it knows its users: names of filters of its pipeline, and their sections."""
        sections = render(
            "swift/tempauth.conf", account=_ACCOUNT, account_user=_ACCOUNT_USER, key=self.key
        )
        return "s3api tempauth", sections

    def _configure(self) -> None:
        (self.folder / "devices" / "disk").mkdir(parents=True, exist_ok=True)
        common = {"folder": self.folder, "user": getpass.getuser()}
        files = {"swift.conf": render("swift/swift.conf", hash_suffix=self.hash_suffix)}
        for server, port in self.server_ports.items():
            if server == "proxy":
                authentication, filters = self.authentication()
                files["proxy.conf"] = render(
                    "swift/proxy.conf",
                    **common,
                    port=port,
                    authentication=authentication,
                    filters=filters,
                )
            else:
                files[f"{server}.conf"] = render(
                    "swift/storage.conf", **common, port=port, server=server
                )
        for name, text in files.items():
            write_whole(self.folder / "etc" / name, text, private=True)

    def secret(self) -> dict[str, str]:
        return {
            "auth_url": self.auth_url,
            "user": _USER,
            "key": self.key,
            "container": REPLICAS,
        }

    def create_replicas_container(self) -> None:
        self.create_container(authurl=self.auth_url, user=_USER, key=self.key, auth_version="1")

    def create_container(self, **login: str) -> None:
        """Make the container of the replicas, unless it is there; takes swiftclient's login."""
        # Imported here: most commands need it not.
        from swiftclient.client import Connection
        from swiftclient.exceptions import ClientException

        try:
            with contextlib.closing(Connection(**login, timeout=30)) as client:
                client.put_container(REPLICAS)
        except ClientException as error:
            raise CloudsError(f"{self.url}: {error}") from error


class SecondSwift(Swift):
    """The storage service of the cluster ``swift-2``: another one, which shares nothing."""

    name = "swift-2"

    @property
    def key(self) -> str:
        return self.credentials.swift_2_key

    @property
    def hash_suffix(self) -> str:
        return self.credentials.swift_2_hash_suffix

    @property
    def server_ports(self) -> dict[str, int]:
        chosen = self.instance.ports
        return {
            "proxy": chosen.swift_2,
            "object": chosen.swift_2_object,
            "container": chosen.swift_2_container,
            "account": chosen.swift_2_account,
        }


class SwiftInPlaceOfCeph(Swift):
    """A second Swift, reached by its S3 API, where Ceph's packages cannot be had."""

    name = kind = "ceph"
    description = "OpenStack Swift (S3 API)"

    @property
    def key(self) -> str:
        return self.credentials.fallback_key

    @property
    def hash_suffix(self) -> str:
        return self.credentials.fallback_hash_suffix

    @property
    def server_ports(self) -> dict[str, int]:
        chosen = self.instance.ports
        return {
            "proxy": chosen.third,
            "object": chosen.third_object,
            "container": chosen.third_container,
            "account": chosen.third_account,
        }

    @property
    def access(self) -> S3Access:
        """How to reach it by its S3 API."""
        return S3Access(self.url, access_key=_USER, secret_key=self.key)

    def secret(self) -> dict[str, str]:
        return self.access.secret()

    def create_replicas_container(self) -> None:
        self.access.create_bucket()
