"""Everything the local clouds need on this machine. Fast when it is all there."""

import os
from concurrent.futures import ThreadPoolExecutor

from clouds import ceph_packages, progress, venvs
from clouds.errors import CephUnavailable, CloudsError
from clouds.instance import STATE, lock


def install() -> None:
    """Install what is missing, side by side; one command at a time does it."""
    with lock(STATE / "install.lock"), ThreadPoolExecutor() as pool:
        jobs = [pool.submit(venvs.install, name) for name in ("emulator", "swift")]
        if wants_ceph():
            jobs.append(pool.submit(_install_ceph))
        for job in jobs:
            job.result()


def requires_ceph() -> bool:
    """Whether running without a real Ceph is an error (``MCOS_REQUIRE_CEPH=1``)."""
    return os.environ.get("MCOS_REQUIRE_CEPH", "") not in ("", "0")


def wants_ceph() -> bool:
    """Whether to try for a real Ceph: yes, unless ``MCOS_CEPH=fallback``."""
    choice = os.environ.get("MCOS_CEPH", "")
    if choice not in ("", "fallback"):
        raise CloudsError(f"MCOS_CEPH={choice!r}: the only value it knows is 'fallback'")
    if choice and requires_ceph():
        raise CloudsError("MCOS_CEPH=fallback and MCOS_REQUIRE_CEPH=1 exclude each other")
    return not choice


def _install_ceph() -> None:
    try:
        ceph_packages.install(requires_ceph())
    except CephUnavailable as reason:
        if requires_ceph():
            raise CloudsError(f"Ceph cannot be had ({reason}), and is required") from None
        progress.say("ceph", f"cannot be had ({reason}): a second Swift, by its S3 API, stands in")
