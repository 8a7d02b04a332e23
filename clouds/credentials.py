"""Credentials of an instance's storage services, kept in one private file."""

import json
import secrets
import string
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from clouds.files import write_whole
from clouds.instance import lock

_FILE = "credentials.json"
_LOCK = "credentials.lock"
"""Not the instance's lock: services that start side by side, under that one, change the file."""
_UPPER = string.ascii_uppercase + string.digits
_MIXED = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Credentials:
    """What the storage services of one instance ask of their clients."""

    swift_key: str
    swift_hash_suffix: str
    """Salt of Swift's placement. Not a password, but data is lost without it."""
    ceph_access_key: str
    ceph_secret_key: str
    fallback_key: str
    fallback_hash_suffix: str
    s3_access_key: str = ""
    """Its IAM makes this one, when it first runs: empty until then."""
    s3_secret_key: str = ""
    # Those below have been added later: a file from before gets them when it is next read.
    swift_2_key: str = field(default_factory=lambda: _random(32, _MIXED))
    swift_2_hash_suffix: str = field(default_factory=lambda: _random(32, _MIXED))
    s3_2_access_key: str = ""
    s3_2_secret_key: str = ""
    keystone_admin_password: str = field(default_factory=lambda: _random(32, _MIXED))
    keystone_service_password: str = field(default_factory=lambda: _random(32, _MIXED))

    @classmethod
    def generate(cls) -> "Credentials":
        """Random ones, of AWS's lengths where S3 clients look at them."""
        return cls(
            swift_key=_random(32, _MIXED),
            swift_hash_suffix=_random(32, _MIXED),
            ceph_access_key="AKIA" + _random(16, _UPPER),
            ceph_secret_key=_random(40, _MIXED),
            fallback_key=_random(32, _MIXED),
            fallback_hash_suffix=_random(32, _MIXED),
        )


def load_or_create(folder: Path) -> Credentials:
    """The credentials in ``folder``: made at the first call, and completed if a field is new."""
    with lock(folder / _LOCK):
        return _load_or_create(folder)


def update(folder: Path, **changes: str) -> Credentials:
    """Keep ``changes`` in ``folder``, beside what others have changed; returns all of them."""
    with lock(folder / _LOCK):
        changed = replace(_load_or_create(folder), **changes)
        _save(folder, changed)
        return changed


def _load_or_create(folder: Path) -> Credentials:
    path = folder / _FILE
    if not path.exists():
        _save(folder, Credentials.generate())
    kept = json.loads(path.read_text())
    complete = Credentials(**kept)
    if asdict(complete) != kept:
        _save(folder, complete)
    return complete


def _save(folder: Path, credentials: Credentials) -> None:
    text = json.dumps(asdict(credentials), indent=2) + "\n"
    write_whole(folder / _FILE, text, private=True)


def _random(length: int, alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
