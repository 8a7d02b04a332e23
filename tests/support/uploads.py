"""Uploads in tests: parts of a few bytes, sent as a user sends them to signed URLs."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.support.cloud import Cloud
from tests.support.environment import cluster_environment
from tests.support.gateway import Reply
from tests.support.user import User

JSON = {"content-type": "application/json"}

PART = 1000
"""Bytes of a part; what has more is large in these tests (``small_parts`` in ``conftest``)."""


class Sender:
    """A user who uploads to ``photos`` at one cluster."""

    def __init__(self, user: User, at: str = "s3") -> None:
        self.user = user
        self.at = at

    @property
    def cloud(self) -> Cloud:
        return self.user.cloud

    def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        """Make a call under ``/v1/uploads``."""
        content = b"" if body is None else json.dumps(body).encode()
        return self.user.call(method, f"/v1/uploads{target}", content, {**JSON, **headers}, self.at)

    def begin(self, name: str, content: bytes, **more: Any) -> Any:
        """Begin an upload of content whose size is known; a create if nothing else is said."""
        wanted = {"container": "photos", "object": name, "action": "create", "size": len(content)}
        reply = self.ask("POST", "", {**wanted, **more})
        assert reply.status == 201, reply
        return reply.json()

    def send(self, upload: Any, content: bytes, *, but: int = 0) -> None:
        """Send the content to the signed URLs; the part of that number is left out."""
        if upload["put"] is not None:
            self.put(upload["put"]["url"], content)
            return
        for part in upload["parts"]:
            begin = (part["number"] - 1) * upload["part_size"]
            if part["number"] != but:
                self.put(part["url"], content[begin : begin + upload["part_size"]])

    def put(self, url: str, content: bytes) -> None:
        """What S3 does with a PUT to a signed URL; whether it is signed is another test's."""
        parts = urlsplit(url)
        query = dict(one.partition("=")[::2] for one in parts.query.split("&"))
        bucket = cluster_environment(self.at)["MCOS_STAGING_BUCKET"]
        assert bucket in url
        key = unquote(parts.path).removeprefix("/").removeprefix(f"{bucket}/")
        with self.cloud.network.outside():
            s3 = self.cloud.client("s3")
            if "uploadId" in query:
                s3.upload_part(
                    Bucket=bucket,
                    Key=key,
                    UploadId=unquote(query["uploadId"]),
                    PartNumber=int(query["partNumber"]),
                    Body=content,
                )
            else:
                s3.put_object(Bucket=bucket, Key=key, Body=content)

    def complete(self, upload: Any, **body: Any) -> Reply:
        return self.ask("POST", f"/{upload['upload']}/complete", body or None)

    def event(self, upload: Any) -> Any:
        """What S3 tells of an upload whose content is there."""
        key = f"uploads/{self.user.account}/{upload['upload']}"
        return self.cloud.arrival(self.at, key, self.cloud.staged_version(self.at, key))
