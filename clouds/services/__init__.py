"""The services of an instance: the emulator and a storage service per cluster."""

from collections.abc import Callable

from clouds import ceph_packages, clusters, emulators, settings
from clouds.credentials import load_or_create
from clouds.errors import CloudsError
from clouds.files import write_whole
from clouds.instance import Instance
from clouds.services.base import Backend, Service
from clouds.services.ceph import Ceph
from clouds.services.keystone import SwiftWithKeystone
from clouds.services.ministack import S3, Emulator, SecondS3
from clouds.services.other import OtherEmulator
from clouds.services.swift import SecondSwift, Swift, SwiftInPlaceOfCeph

__all__ = [
    "Backend",
    "Emulator",
    "OtherEmulator",
    "Service",
    "backends_of",
    "check_third",
    "emulator_of",
]

_THIRD: dict[str, type[Backend]] = {"ceph": Ceph, "swift-s3api": SwiftInPlaceOfCeph}
_SECOND_SWIFT: dict[str, type[Backend]] = {"keystone": SwiftWithKeystone, "tempauth": SecondSwift}


def emulator_of(instance: Instance) -> Emulator | OtherEmulator:
    """The AWS emulator of ``instance``."""
    credentials = load_or_create(instance.folder)
    if url := emulators.url_of(instance):
        return OtherEmulator(instance, credentials, url)
    return Emulator(instance, credentials)


def backends_of(instance: Instance) -> dict[str, Backend]:
    """The storage services of ``instance`` by name. Call it under the instance's lock."""
    credentials = load_or_create(instance.folder)
    classes: dict[str, Callable[[], type[Backend]]] = {
        "s3": lambda: S3,
        "swift": lambda: Swift,
        "ceph": lambda: _THIRD[_third_name(instance)],
        "swift-2": lambda: _SECOND_SWIFT[_second_swift(instance)],
        "s3-2": lambda: SecondS3,
    }
    return {name: classes[name]()(instance, credentials) for name in clusters.names_of(instance)}


def check_third(instance: Instance) -> None:
    """Raise :class:`CloudsError` when the third backend of ``instance`` cannot or must not run."""
    chosen = _third_name(instance)
    afresh = f"`clean --instance {instance.name}` starts afresh"
    if chosen == "ceph" and not _ceph_available():
        raise CloudsError(
            f"{instance.name} keeps its data on Ceph, which is not here now; {afresh}"
        )
    if chosen != "ceph" and settings.requires_ceph():
        raise CloudsError(
            f"{instance.name} has the stand-in for Ceph, and a real one is required; {afresh}"
        )


def _third_name(instance: Instance) -> str:
    """Ceph or what stands in for it: chosen once, since the data of one is not in the other."""
    record = instance.folder / "third-backend"
    if not record.exists():
        write_whole(record, "ceph\n" if _ceph_available() else "swift-s3api\n")
    return record.read_text().strip()


def _second_swift(instance: Instance) -> str:
    """How the second Swift knows its users: where there was one before Keystone, as it did then."""
    record = instance.folder / "second-swift"
    if not record.exists():
        there = (instance.folder / SecondSwift.name).exists()
        write_whole(record, "tempauth\n" if there else "keystone\n")
    return record.read_text().strip()


def _ceph_available() -> bool:
    return settings.wants_ceph() and ceph_packages.installed()
