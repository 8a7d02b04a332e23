"""Every TCP port of the local clouds, decided in this one place.

An instance owns a block of :data:`BLOCK` ports from its base upwards. The base
is moved with ``MCOS_UP_PORT_BASE`` or ``MCOS_TEST_PORT_BASE``.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from clouds import wait
from clouds.errors import CloudsError

HOST = "127.0.0.1"
BLOCK = 100
_FREE_SECONDS = 1.0
DEFAULT_BASES = {"up": 4566, "test": 5566}


@dataclass(frozen=True)
class Ports:
    """The ports of one instance."""

    emulator: int
    s3: int
    swift: int
    swift_object: int
    swift_container: int
    swift_account: int
    third: int
    """Ceph RGW, or the proxy of the Swift that stands in for it."""
    third_object: int
    third_container: int
    third_account: int
    ceph_mon: int
    ceph_osd_first: int
    ceph_osd_last: int
    """An OSD takes four free ports from the range first..last, both included."""
    swift_2: int
    swift_2_object: int
    swift_2_container: int
    swift_2_account: int
    keystone: int
    s3_2: int

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        """Lay the block out. 4566 is LocalStack's port, so 4600 is the first storage service."""
        return cls(
            emulator=base,
            s3=base + 34,
            swift=base + 44,
            swift_object=base + 45,
            swift_container=base + 46,
            swift_account=base + 47,
            third=base + 54,
            third_object=base + 55,
            third_container=base + 56,
            third_account=base + 57,
            ceph_mon=base + 58,
            ceph_osd_first=base + 60,
            # An OSD that was taken for dead moves on to four others, so it needs more than it
            # holds; twenty leave the rest of the block to other services.
            ceph_osd_last=base + 79,
            swift_2=base + 84,
            swift_2_object=base + 85,
            swift_2_container=base + 86,
            swift_2_account=base + 87,
            keystone=base + 88,
            s3_2=base + 94,
        )


def variable(instance: str) -> str:
    """Name of the environment variable that moves the ports of ``instance``."""
    return f"MCOS_{instance.upper()}_PORT_BASE"


def base_of(instance: str, environment: Mapping[str, str]) -> int:
    """The first port of ``instance``; raises :class:`CloudsError` when it is not usable."""
    text = environment.get(variable(instance), "") or str(DEFAULT_BASES[instance])
    highest = 65535 - BLOCK + 1
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= highest:
        raise CloudsError(f"{variable(instance)}={text!r} is not a port from 1024 to {highest}")
    return int(text)


def ports_of(instance: str, environment: Mapping[str, str]) -> Ports:
    """The ports of ``instance``; raises :class:`CloudsError` when two instances would overlap."""
    base = base_of(instance, environment)
    for other in DEFAULT_BASES:
        if other != instance and abs(base_of(other, environment) - base) < BLOCK:
            raise CloudsError(
                f"the ports of {instance} and {other} overlap: "
                f"move {variable(instance)} or {variable(other)} by {BLOCK} or more"
            )
    return Ports.from_base(base)


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def require_free(service: str, instance: str, *ports: int) -> None:
    """Raise :class:`CloudsError` when another program holds one of ``ports``.

    A program that is just ending gets a moment to let go.
    """
    for port in ports:
        if not wait.until(partial(is_free, port), _FREE_SECONDS):
            raise CloudsError(
                f"{service}: port {port} is taken by another program; "
                f"stop it, or choose other ports with {variable(instance)}"
            )
