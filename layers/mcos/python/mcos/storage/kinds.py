"""Kinds of backends by name. An SDK is imported only when a backend that needs it is opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from mcos.storage.contract import BackendMisconfigured, StorageBackend, Timeouts


@dataclass(frozen=True, slots=True)
class _Kind:
    module: str
    backend: str
    layer: str
    required: frozenset[str]
    optional: frozenset[str] = frozenset()


_S3_OPTIONAL = frozenset({"endpoint_url", "access_key", "secret_key"})

_KINDS = {
    "s3": _Kind(
        module="mcos.storage.s3",
        backend="S3Backend",
        layer="s3",
        required=frozenset({"region", "bucket"}),
        optional=_S3_OPTIONAL,
    ),
    "ceph": _Kind(
        module="mcos.storage.ceph",
        backend="CephBackend",
        layer="s3",
        required=frozenset({"region", "bucket", "endpoint_url", "access_key", "secret_key"}),
    ),
    "swift": _Kind(
        module="mcos.storage.swift",
        backend="SwiftBackend",
        layer="swift",
        required=frozenset({"auth_url", "user", "key", "container"}),
    ),
}

BACKEND_KINDS = tuple(_KINDS)
"""The kinds that ``open_backend`` knows."""

BACKEND_LAYERS = {name: kind.layer for name, kind in _KINDS.items()}
"""The layer that holds each kind's SDK: the build and Terraform have both from here."""


def open_backend(
    kind: str, settings: Mapping[str, str], timeouts: Timeouts | None = None
) -> StorageBackend:
    """Open a backend without a network call.

    Parameters
    ----------
    kind
        One of ``BACKEND_KINDS``.
    settings
        ``s3``: ``region``, ``bucket``; optional ``endpoint_url``, and ``access_key`` with
        ``secret_key`` (without them, the credentials of the function itself).
        ``ceph``: ``endpoint_url``, ``region``, ``bucket``, ``access_key``, ``secret_key``.
        ``swift``: ``auth_url`` (auth version 1), ``user``, ``key``, ``container``.
    timeouts
        ``Timeouts()`` when left out.

    Returns
    -------
    StorageBackend

    Raises
    ------
    BackendMisconfigured
        The kind is unknown; a setting is missing, empty or unknown; or the layer with the kind's
        SDK is missing. The message names settings, never their values.

    Examples
    --------
    >>> backend = open_backend("s3", {"region": "eu-central-1", "bucket": "replicas"})
    >>> backend.kind
    's3'
    """
    known = _KINDS.get(kind)
    if known is None:
        raise BackendMisconfigured(
            f"the kind of a backend must be one of {', '.join(BACKEND_KINDS)}; it is {kind!r}"
        )
    _check_settings(kind, known, settings)
    try:
        module = import_module(known.module)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "mcos":
            raise  # a bug, not a missing layer
        raise BackendMisconfigured(
            f"a backend of kind {kind!r} needs the Python package {missing!r}, "
            f"which is in the layer {known.layer!r}"
        ) from None
    backend = getattr(module, known.backend)(settings, timeouts or Timeouts())
    return cast(StorageBackend, backend)


def _check_settings(kind: str, known: _Kind, settings: Mapping[str, str]) -> None:
    missing = sorted(name for name in known.required if not settings.get(name))
    if missing:
        raise BackendMisconfigured(
            f"a backend of kind {kind!r} needs the settings {', '.join(missing)}"
        )
    # A misspelt "access_key" would silently become the function's own credentials.
    unknown = sorted(set(settings) - known.required - known.optional)
    if unknown:
        raise BackendMisconfigured(
            f"a backend of kind {kind!r} must not have the settings {', '.join(unknown)}"
        )
    if bool(settings.get("access_key")) != bool(settings.get("secret_key")):
        raise BackendMisconfigured("access_key and secret_key must be given together")
