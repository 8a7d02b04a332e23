"""The settings of one backend, from a file: secrets are in no command line."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mcos_rescue.errors import BadSettings
from mcos_rescue.stores import keystone
from mcos_rescue.stores.contract import Session, Store
from mcos_rescue.stores.http import Http
from mcos_rescue.stores.s3 import S3Store
from mcos_rescue.stores.signature import Credentials
from mcos_rescue.stores.swift import FirstLogin, SwiftStore

_REQUIRED = {
    "s3": ("region", "bucket"),
    "ceph": ("region", "bucket", "endpoint_url", "access_key", "secret_key"),
    "swift": ("auth_url", "container"),
}
_VERSION_1 = ("user", "key")
_CA = "ca_certificate"
_OPTIONAL = {"s3": ("endpoint_url", "access_key", "secret_key")}


def store_of_file(path: Path) -> Store:
    """Return the store whose settings a JSON file has.

    Raises
    ------
    BadSettings
        The message names settings, never their values.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"the settings cannot be read ({type(error).__name__})") from None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise BadSettings("the file of the settings must be JSON") from None
    if not isinstance(found, dict):
        raise BadSettings("the file of the settings must be a JSON object")
    return open_store(found, os.environ)


def open_store(settings: Mapping[str, Any], environment: Mapping[str, str]) -> Store:
    """Return a store, without a network call.

    Parameters
    ----------
    settings
        ``kind``, and as for ``mcos.storage.open_backend``.
    environment
        Has the credentials of an S3 backend whose settings have none.

    Raises
    ------
    BadSettings
    """
    kind = settings.get("kind")
    if kind not in _REQUIRED:
        raise BadSettings(f"kind must be one of {', '.join(_REQUIRED)}")
    required, optional = _REQUIRED[kind], (_CA, *_OPTIONAL.get(kind, ()))
    given = {name: value for name, value in settings.items() if name != "kind" and value != ""}
    if kind == "swift":
        if set(given) & set(keystone.SETTINGS):
            optional += keystone.SETTINGS
        else:
            required += _VERSION_1
    if missing := sorted(set(required) - set(given)):
        raise BadSettings(f"a backend of kind {kind} needs the settings {', '.join(missing)}")
    if unknown := sorted(set(given) - {*required, *optional}):
        raise BadSettings(
            f"a backend of kind {kind} must not have the settings {', '.join(unknown)}"
        )
    if not all(isinstance(value, str) for value in given.values()):
        raise BadSettings("every setting must be a text")
    # What Keystone is told goes as JSON; all else goes into headers and URLs.
    free = {_CA, *keystone.SETTINGS} - {"auth_url", "endpoint_override"}
    if not all(value.isascii() for name, value in given.items() if name not in free):
        raise BadSettings("every setting must be a text of ASCII")
    if any(not value.isprintable() for name, value in given.items() if name != _CA):
        raise BadSettings("no setting may have control characters")
    http = Http(given.pop(_CA, ""))
    if kind == "swift":
        return SwiftStore(container=given["container"], login=_login(given, http), http=http)
    return S3Store(
        kind,
        region=given["region"],
        bucket=given["bucket"],
        endpoint_url=given.get("endpoint_url", ""),
        credentials=_credentials(given, environment),
        http=http,
    )


def _login(given: Mapping[str, str], http: Http) -> Callable[[], Session]:
    if "key" in given:
        return FirstLogin(given["auth_url"], user=given["user"], key=given["key"], http=http)
    return keystone.KeystoneLogin(given["auth_url"], given, http)


def _credentials(given: Mapping[str, str], environment: Mapping[str, str]) -> Credentials:
    if ("access_key" in given) != ("secret_key" in given):
        raise BadSettings("access_key and secret_key must be given together")
    if "access_key" in given:
        return Credentials(given["access_key"], given["secret_key"])
    try:
        return Credentials(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment.get("AWS_SESSION_TOKEN", ""),
        )
    except KeyError:
        raise BadSettings(
            "without access_key and secret_key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must "
            "be in the environment"
        ) from None
