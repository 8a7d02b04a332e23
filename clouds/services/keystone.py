"""The second Swift, which knows its users by a real OpenStack Keystone."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from clouds import ports, venvs, wait
from clouds.errors import CloudsError
from clouds.files import write_whole
from clouds.instance import REPLICAS
from clouds.process import ServerProcess
from clouds.services.base import wait_until_it_answers
from clouds.services.swift import SecondSwift
from clouds.templates import render

_SERVER = Path(__file__).parent.parent / "servers" / "keystone_server.py"
_START_SECONDS = 120.0
_REQUEST_SECONDS = 60.0
_ADMIN = "admin"  # name of a user, its project and its role, all of which Keystone makes itself
_SERVICE, _SERVICE_PROJECT, _SERVICE_ROLE = "swift", "service", "service"
_USER, _PROJECT, _ROLE = "replicas", "mcos", "member"
_REGION = "local"
_STORE = "object-store"
_TOKEN_SECONDS = 3600
_TOKEN_SECONDS_OF_TESTS = 20  # so that each long test sees tokens end
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class SwiftWithKeystone(SecondSwift):
    """The storage service of the cluster ``swift-2``, and its Keystone."""

    description = "OpenStack Swift, with Keystone"
    extra_environment = servers = "keystone"
    keystone_name: ClassVar[str] = "keystone"

    @property
    def identity_url(self) -> str:
        """Where Keystone is."""
        return f"http://{ports.HOST}:{self.instance.ports.keystone}/v3"

    @property
    def auth_url(self) -> str:
        return self.identity_url

    @property
    def keystone(self) -> ServerProcess:
        """Keystone's process."""
        return ServerProcess(self.instance, self.keystone_name)

    @property
    def processes(self) -> list[ServerProcess]:
        return [self.keystone, self.server]

    @property
    def keystone_folder(self) -> Path:
        """Where Keystone's configuration and data are."""
        return self.instance.folder / self.keystone_name

    def authentication(self) -> tuple[str, str]:
        sections = render(
            "swift/keystone.conf",
            auth_url=self.identity_url,
            service_user=_SERVICE,
            service_password=self.credentials.keystone_service_password,
            service_project=_SERVICE_PROJECT,
            role=_ROLE,
        )
        return "authtoken keystoneauth", sections

    def launch(self) -> None:
        ran = self.keystone.alive()
        if not ran:
            self._start_keystone()
        super().launch()  # it asks Keystone only when it is asked itself
        wait_until_it_answers(
            self.keystone, lambda: wait.http_status(self.identity_url) == 200, _START_SECONDS
        )
        if not ran:
            self._fill_keystone()

    def _start_keystone(self) -> None:
        seconds = _TOKEN_SECONDS if self.instance.durable else _TOKEN_SECONDS_OF_TESTS
        text = render("keystone/keystone.conf", folder=self.keystone_folder, token_seconds=seconds)
        write_whole(self.keystone_folder / "keystone.conf", text, private=True)
        port = self.instance.ports.keystone
        python = venvs.python_of(self.servers)
        command: list[str | Path] = [python, _SERVER, self.keystone_folder, str(port)]
        environment = {
            "TZ": "UTC",
            "PYTHONWARNINGS": "ignore",
            "KEYSTONE_ADMIN_PASSWORD": self.credentials.keystone_admin_password,
        }
        self.keystone.start(command, environment, [port])

    def _fill_keystone(self) -> None:
        """Make the users, their projects and Swift's endpoint, as far as they are not there."""
        admin = _Admin(self.identity_url, self.credentials.keystone_admin_password)
        domain = {"domain_id": "default"}
        people = (
            (_SERVICE, self.credentials.keystone_service_password, _SERVICE_PROJECT, _SERVICE_ROLE),
            (_USER, self.key, _PROJECT, _ROLE),
        )
        for name, password, project_name, role_name in people:
            project = admin.made("projects", {"name": project_name, **domain})
            user = admin.made("users", {"name": name, **domain}, password=password)
            (role,) = admin.found("roles", {"name": role_name})
            admin.ask("PUT", f"projects/{project}/users/{user}/roles/{role}")
        service = admin.made("services", {"type": _STORE, "name": "swift"})
        for interface in ("public", "internal"):
            url = f"{self.url}/v1/AUTH_$(project_id)s"
            place = {"service_id": service, "interface": interface, "region_id": _REGION}
            endpoint = admin.made("endpoints", place, url=url)
            admin.ask(
                "PATCH", f"endpoints/{endpoint}", {"endpoint": {"url": url}}
            )  # ports may move

    def secret(self) -> dict[str, str]:
        return {
            "auth_url": self.identity_url,
            "username": _USER,
            "password": self.key,
            "project_name": _PROJECT,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
            "region_name": _REGION,
            "container": REPLICAS,
        }

    def create_replicas_container(self) -> None:
        token, url = _login(self.identity_url, _USER, self.key, _PROJECT)
        self.create_container(preauthtoken=token, preauthurl=url)


class _Admin:
    """Keystone's API, for its admin."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url
        self._token, _ = _login(url, _ADMIN, password, _ADMIN)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Make a request; raises :class:`CloudsError` where it is refused."""
        return _ask(method, f"{self._url}/{path}", body, {"X-Auth-Token": self._token})[1]

    def found(self, kind: str, known_by: dict[str, str]) -> list[str]:
        """The ids of what is there of a kind."""
        return [one["id"] for one in self.ask("GET", f"{kind}?{urlencode(known_by)}")[kind]]

    def made(self, kind: str, known_by: dict[str, str], **more: str) -> str:
        """The id of what is there, or is made now, with the fields ``more``."""
        one = kind.removesuffix("s")
        if there := self.found(kind, known_by):
            return there[0]
        return str(self.ask("POST", kind, {one: {**known_by, **more}})[one]["id"])


def _login(url: str, user: str, password: str, project: str) -> tuple[str, str]:
    """A token, and the URL of the project's object store, if it has one already."""
    domain = {"id": "default"}
    who = {"user": {"name": user, "domain": domain, "password": password}}
    identity = {"methods": ["password"], "password": who}
    scope = {"project": {"name": project, "domain": domain}}
    headers, body = _ask(
        "POST", f"{url}/auth/tokens", {"auth": {"identity": identity, "scope": scope}}, {}
    )
    stores = [
        endpoint["url"]
        for service in body["token"]["catalog"]
        if service["type"] == _STORE
        for endpoint in service["endpoints"]
    ]
    return headers["X-Subject-Token"], next(iter(stores), "")


def _ask(method: str, url: str, body: object, headers: dict[str, str]) -> tuple[Any, Any]:
    request = urllib.request.Request(  # noqa: S310  (it is one of ours)
        url,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", **headers},
        method=method,
    )
    try:
        with _opener.open(request, timeout=_REQUEST_SECONDS) as reply:
            content = reply.read()
            return reply.headers, json.loads(content) if content else None
    except urllib.error.HTTPError as error:
        raise CloudsError(f"Keystone: {method} {url} was answered {error.code}") from None
    except OSError as error:
        raise CloudsError(f"Keystone: {method} {url} had no reply ({error})") from None
