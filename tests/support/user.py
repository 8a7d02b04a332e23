"""A user of the clusters."""

from typing import Any

from tests.support.cloud import Cloud
from tests.support.gateway import Reply
from tests.support.paths import container_path, object_path, stat_path


class User:
    """An account with a container ``photos``."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.account = cloud.new_account()
        self.token = cloud.token(self.account)
        assert self.call("PUT", container_path("photos")).status == 201

    def call(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        at: str = "s3",
    ) -> Reply:
        return self.cloud.call(at, method, target, headers=headers, body=body, token=self.token)

    def create(self, name: str, body: bytes, headers: dict[str, str], at: str = "s3") -> Reply:
        return self.call("POST", object_path("photos", name), body, headers, at)

    def update(self, name: str, body: bytes, headers: dict[str, str], at: str = "s3") -> Reply:
        return self.call("PUT", object_path("photos", name), body, headers, at)

    def download(self, name: str, headers: dict[str, str] | None = None, at: str = "s3") -> Reply:
        return self.call("GET", object_path("photos", name), b"", headers, at)

    def stat(self, name: str) -> Any:
        return self.call("GET", stat_path("photos", name)).json()
