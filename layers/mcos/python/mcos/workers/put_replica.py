"""put_replica: write one replica of a version to this cluster's backend, verified."""

from base64 import b64decode
from collections.abc import Mapping
from io import BytesIO
from typing import Any, BinaryIO

from mcos import staging
from mcos.aws import AWS_ERRORS
from mcos.backend import own_backend, replica_key
from mcos.settings import settings
from mcos.storage import StorageError


def put_replica(replica: Mapping[str, Any], content: Mapping[str, str]) -> dict[str, Any]:
    """Write a replica. Harmless to repeat: a replica that is there is only verified.

    Parameters
    ----------
    replica
        ``account``, ``version``, ``size`` (bytes), ``md5`` (hexadecimal), ``sha256`` (base64),
        ``content_type``.
    content
        ``inline`` (base64), or ``staging_bucket`` and ``staging_key``.

    Returns
    -------
    ``{"cluster", "stored": true}``, or ``{"cluster", "stored": false, "reason"}``: what is decided
    is a value, not an exception, so that the state machine can choose by it.
    """
    try:
        stream = _open(content)
        if stream is None:
            return _result(reason="the staged content is not there")
        with stream:
            own_backend().put(
                replica_key(replica["account"], replica["version"]),
                stream,
                size=replica["size"],
                md5=replica["md5"],
                sha256=replica["sha256"],
                content_type=replica["content_type"],
            )
    except StorageError as error:
        return _result(reason=f"{type(error).__name__}: {error}")
    except AWS_ERRORS as error:
        return _result(reason=f"staging or secrets: {type(error).__name__}")
    return _result()


def _open(content: Mapping[str, str]) -> BinaryIO | None:
    if "inline" in content:
        return BytesIO(b64decode(content["inline"]))
    return staging.open_content(content["staging_bucket"], content["staging_key"])


def _result(reason: str | None = None) -> dict[str, Any]:
    result: dict[str, Any] = {"cluster": settings().cluster, "stored": reason is None}
    return result if reason is None else {**result, "reason": reason}
