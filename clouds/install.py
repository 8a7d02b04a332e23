"""Everything the local clouds need on this machine. Fast when it is all there."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from clouds import ceph_packages, progress, settings, venvs
from clouds.errors import CephUnavailable, CloudsError
from clouds.instance import STATE, lock


def install() -> None:
    """Install what every instance needs, side by side; one command at a time does it."""
    with lock(STATE / "install.lock"), ThreadPoolExecutor() as pool:
        jobs = [pool.submit(venvs.install, name) for name in ("emulator", "swift")]
        if settings.wants_ceph():
            jobs.append(pool.submit(_install_ceph))
        for job in jobs:
            job.result()


def install_environments(names: Iterable[str]) -> None:
    """Install virtual environments that not every instance needs."""
    with lock(STATE / "install.lock"):
        for name in names:
            venvs.install(name)


def _install_ceph() -> None:
    try:
        ceph_packages.install(settings.requires_ceph())
    except CephUnavailable as reason:
        if settings.requires_ceph():
            raise CloudsError(f"Ceph cannot be had ({reason}), and is required") from None
        progress.say("ceph", f"cannot be had ({reason}): a second Swift, by its S3 API, stands in")
