"""Kinds of backends by name. An SDK is imported only when a backend that needs it is opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from mcos.storage import keystone
from mcos.storage.certificates import check_certificates
from mcos.storage.contract import BackendMisconfigured, StorageBackend, Timeouts


@dataclass(frozen=True, slots=True)
class _Kind:
    module: str
    backend: str
    layer: str
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    keystone: bool = False
    """Whether a login may be one of Keystone's, instead of ``user`` and ``key``."""


_CA = "ca_certificate"
_S3_OPTIONAL = frozenset({"endpoint_url", "access_key", "secret_key", _CA})
_VERSION_1 = frozenset({"user", "key"})

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
        optional=frozenset({_CA}),
    ),
    "swift": _Kind(
        module="mcos.storage.swift",
        backend="SwiftBackend",
        layer="swift",
        required=frozenset({"auth_url", "container"}),
        optional=frozenset({_CA}),
        keystone=True,
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
        ``secret_key`` (without them, the credentials of the function itself). A bucket whose name
        has dots needs ``endpoint_url``.
        ``ceph``: ``endpoint_url``, ``region``, ``bucket``, ``access_key``, ``secret_key``.
        ``swift``: ``auth_url``, ``container``, and how to log in there. Auth version 1: ``user``,
        ``key``. Keystone, version 3: ``password``, ``username`` or ``user_id``, ``project_name``
        or ``project_id``, where names are those of ``user_domain_name`` or ``user_domain_id`` and
        ``project_domain_name`` or ``project_domain_id`` (the domain ``default`` if left out); or
        ``application_credential_id`` and ``application_credential_secret``. Optional with
        Keystone: ``region_name``, ``interface`` (``public``), ``endpoint_override`` (the URL of
        the project's object store, instead of the catalog's).
        All: ``ca_certificate``, PEM; the service's certificate must be signed by it, and
        those that the system trusts are not trusted.
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
    given = {name for name, value in settings.items() if value}
    required, optional = known.required, known.optional
    is_keystone = known.keystone and bool(given & keystone.SETTINGS)
    if is_keystone:
        optional |= keystone.SETTINGS
    elif known.keystone:
        required |= _VERSION_1
    missing = sorted(required - given)
    if missing:
        raise BackendMisconfigured(
            f"a backend of kind {kind!r} needs the settings {', '.join(missing)}"
        )
    # A misspelt "access_key" would silently become the function's own credentials.
    unknown = sorted(set(settings) - required - optional)
    if unknown:
        raise BackendMisconfigured(
            f"a backend of kind {kind!r} must not have the settings {', '.join(unknown)}"
            + (" together with those of Keystone" if is_keystone else "")
        )
    if bool(settings.get("access_key")) != bool(settings.get("secret_key")):
        raise BackendMisconfigured("access_key and secret_key must be given together")
    if is_keystone:
        keystone.check(settings)
    if settings.get(_CA):
        check_certificates(settings[_CA])
