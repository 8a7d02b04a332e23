"""Ceph's programs: those of the system, or Debian's packages unpacked into a folder.

Nothing is installed into the system and no root is needed: apt downloads, dpkg
unpacks, and the programs are run with paths that point into the folder.
"""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clouds import progress
from clouds.errors import CephUnavailable, CloudsError
from clouds.files import write_whole
from clouds.instance import STATE

HOME = STATE / "ceph"
ROOT = HOME / "root"
"""Where the packages are unpacked."""
_UNAVAILABLE = HOME / "unavailable"
_PACKAGES = ("ceph-mon", "ceph-osd", "radosgw")
_PROGRAMS = ("ceph-mon", "monmaptool", "ceph-osd", "radosgw", "radosgw-admin")


def install(required: bool) -> None:
    """Have Ceph's programs, or raise :class:`CephUnavailable`.

    A failure is remembered, so that a machine without Ceph loses no time at every start; it is
    tried again when Ceph is ``required``, or once ``.mcos/ceph`` is removed.
    """
    if installed():
        return
    if _UNAVAILABLE.exists() and not required:
        raise CephUnavailable(_UNAVAILABLE.read_text().strip())
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    try:
        with progress.timed("ceph", "fetching Debian packages", "installed"):
            _fetch_and_unpack()
    except CephUnavailable as reason:
        shutil.rmtree(HOME)
        HOME.mkdir()
        write_whole(_UNAVAILABLE, f"{reason}\n")
        raise


def installed() -> bool:
    """Whether Ceph's programs are at hand."""
    return ROOT.exists() or _of_system()


def environment() -> dict[str, str]:
    """The environment that Ceph's programs need to find each other and their libraries."""
    return _environment_of(ROOT) if ROOT.exists() else {}


def _environment_of(root: Path) -> dict[str, str]:
    return {
        "PATH": f"{root}/usr/bin:{os.defpath}",
        "LD_LIBRARY_PATH": ":".join(str(folder) for folder in _libraries(root)),
    }


def library_folder() -> Path:
    """The folder that holds ``ceph/`` (plugins) and ``rados-classes/``."""
    root = ROOT if ROOT.exists() else Path("/")
    candidates = [*_libraries(root), root / "usr/lib64"]
    return next((f for f in candidates if (f / "rados-classes").exists()), root / "usr/lib")


def _of_system() -> bool:
    return all(shutil.which(program) for program in _PROGRAMS)


def _libraries(root: Path) -> list[Path]:
    triplets = sorted(root.glob("usr/lib/*-linux-gnu"))
    with_ceph = [folder / "ceph" for folder in triplets]
    return [*triplets, *with_ceph, *sorted(root.glob("lib/*-linux-gnu"))]


def _fetch_and_unpack() -> None:
    for program in ("apt-get", "dpkg"):
        if not shutil.which(program):
            raise CephUnavailable(f"no {program} on this system")
    archives = HOME / "archives"
    (archives / "partial").mkdir(parents=True)
    _download(archives)
    unpacked = HOME / "root.partial"
    packages = sorted(archives.glob("*.deb"))
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done in pool.map(lambda package: _run("dpkg", "-x", package, unpacked), packages):
            if done.returncode != 0:
                raise CephUnavailable(f"dpkg: {_last_line(done.stdout)}")
    for program in _PACKAGES:  # each has a program of its own name
        version = _run(program, "--version", **_environment_of(unpacked))
        if version.returncode != 0:
            raise CephUnavailable(f"{program} does not run here: {_last_line(version.stdout)}")
    unpacked.rename(ROOT)  # from now on they are installed
    for folder in (archives, HOME / "lists", HOME / "cache"):
        shutil.rmtree(folder, ignore_errors=True)


def _download(archives: Path) -> None:
    """Download the packages; when the system's package lists do not do, with fresh lists."""
    if _apt_get(archives, []).returncode == 0:
        return
    # Lists of our own, so that this needs no root and changes nothing of the system.
    lists = HOME / "lists"
    (lists / "partial").mkdir(parents=True)
    own_lists = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={HOME}/cache"]
    updated = _run("apt-get", "-qq", *_APT_OPTIONS, *own_lists, "update")
    if updated.returncode == 0:
        updated = _apt_get(archives, own_lists)
    if updated.returncode != 0:
        raise CephUnavailable(f"apt-get: {_last_line(updated.stdout)}")


_APT_OPTIONS = [
    *("-o", "Debug::NoLocking=1"),
    *("-o", "APT::Sandbox::User="),  # as root, apt would drop to a user that cannot write here
    *("-o", "Acquire::Retries=2"),
    *("-o", "Acquire::http::Timeout=20"),
    *("-o", "Acquire::https::Timeout=20"),
]


def _apt_get(archives: Path, options: list[str]) -> subprocess.CompletedProcess[str]:
    command = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", "--download-only"]
    return _run(
        *command, *_APT_OPTIONS, *options, "-o", f"Dir::Cache::archives={archives}", *_PACKAGES
    )


def _run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", **environment},
    )
    if done.returncode < 0:
        # That says nothing of whether Ceph can be had, which would be remembered.
        raise CloudsError(f"ceph: {command[0]} was killed by signal {-done.returncode}")
    return done


def _last_line(output: str) -> str:
    return (output.strip().splitlines() or ["it said nothing"])[-1]
