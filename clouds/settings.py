"""What the environment says of the local clouds, beside their ports (``ports.py``)."""

import os

from clouds.errors import CloudsError


def requires_ceph() -> bool:
    """Whether running without a real Ceph is an error (``MCOS_REQUIRE_CEPH=1``)."""
    return _switched_on("MCOS_REQUIRE_CEPH")


def wants_ceph() -> bool:
    """Whether to try for a real Ceph: yes, unless ``MCOS_CEPH=fallback``."""
    choice = os.environ.get("MCOS_CEPH", "")
    if choice not in ("", "fallback"):
        raise CloudsError(f"MCOS_CEPH={choice!r}: the only value it knows is 'fallback'")
    if choice and requires_ceph():
        raise CloudsError("MCOS_CEPH=fallback and MCOS_REQUIRE_CEPH=1 exclude each other")
    return not choice


def wants_layers() -> bool:
    """Whether functions have layers on the embedded emulator too, as on AWS (``MCOS_LAYERS=1``)."""
    return _switched_on("MCOS_LAYERS")


def _switched_on(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")
