"""What a release leaves on a backend beside its replicas, as data: recorded once, read ever after.

Journal and identities are there in plain text, and sealed to ``KEY``.
"""

from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from mcos.catalog import journaled, registry
from mcos.catalog.journaled import TABLES
from mcos.catalog.objects import item_of
from mcos.catalog.registry import current_registry
from mcos.model.kept import Kept
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.versions import Lender, Loan, Removal, Replica, Staged, Version
from mcos.replicas import identity
from mcos.replicas.sealing import is_sealing, seal_identity
from tests.support.cloud import SYNC, Cloud, arn
from tests.support.paths import object_path
from tests.support.release import ACCOUNT, fill, replica, replica_of, seen

KEY = "AGE-SECRET-KEY-1M2LS5RX7WYMXG8M6HMZQ52KW99XVRP7Q5AZ8FGRAV6LPJPNP2C2SP2XEP6"
"""Opens what is recorded sealed; it is of use to these tests alone."""

BACKEND = "swift"
READ = ("small", "large", "renewed")
# Longer than any name may be, and hard to pack: of that one only the digest is in an identity.
_LONG = "".join(sha256(b"%d" % number).hexdigest() for number in range(50))
NAMES = ("may/sea.jpg", "line\nfeed ..//%41 \u202e", _LONG)

Recorded = dict[str, Any]


def recorded(cloud: Cloud) -> Recorded:
    """What a cloud leaves once every kind of thing was done in it, with a snapshot meanwhile."""
    ada = fill(cloud)
    cloud.settle()
    with cloud.network.outside():
        item_of(full_record()).save()
    cloud.journal()
    assert cloud.invoke(arn("s3", "write_snapshot"), {"now": True})["outcome"] == "complete"
    cloud.clock.advance(5)
    assert ada.create("late", b"after the snapshot", SYNC).status == 201
    path = object_path("photos", "owed")
    assert ada.call("DELETE", path, headers=SYNC).status == 204
    cloud.run_executions()
    cloud.pump()
    cloud.journal()
    with cloud.network.outside():
        registry.forget()
        deployment = current_registry(fresh=True).deployment.id
        records = {table: list(_records(table)) for table in TABLES}
    return {
        "deployment": deployment,
        "recorded_at": cloud.clock.moment().isoformat(),
        "backend": {key: replica(*held) for key, held in cloud.backends[BACKEND].replicas.items()},
        "records": records,
        "objects": {name: seen(ada, name) for name in READ},
        "identities": [
            {"name": name, "text": seal_identity(_identity(deployment, name))} for name in NAMES
        ],
        "sealed": is_sealing(),
    }


def _records(table: str) -> Any:
    page = journaled.scan(table, None, limit=1000, secrets=is_sealing())
    assert page.cursor is None
    for entry in page.entries:
        yield [list(entry.key), entry.record]


def _identity(deployment: str, name: str) -> str:
    return identity.write(deployment, ObjectKey(ACCOUNT, "photos", name), "2026-11-22T10:00:00Z")


def put_back(cloud: Cloud, kept: Recorded) -> None:
    """Give a backend of a freshly deployed cloud what a release has left there."""
    cloud.clock.go_to(datetime.fromisoformat(kept["recorded_at"]))
    left = {key: replica_of(cloud, held) for key, held in kept["backend"].items()}
    cloud.backends[BACKEND].replicas = left


def full_record() -> ObjectRecord:
    """A record of which no field, and no field of what is in it, has its default."""
    staged = Staged("s3", "versions/key", version="s3's", etag='"etag"')
    loan = Loan("more photos", "borrower", "01M8B0KJTPDEA5FGMS13YW8DST")
    lender = Version(
        id="01M8B0KJTPDEA5FGMS13YW8DSP",
        size=12,
        md5="00112233445566778899aabbccddeeff",
        sha256="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        content_type="image/jpeg",
        metadata={},
        created_at="2026-11-21T10:00:00.000Z",
        mode="respond-async",
        staged=None,
        storage_policy="pair",
        readable_from=1,
        replicas={"swift": Replica("swift", "8899aabbccddeeff", True)},
    )
    version = Version(
        id="01M8B0KJTPDEA5FGMS13YW8DSQ",
        size=12,
        md5="00112233445566778899aabbccddeeff",
        sha256="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        content_type="image/jpeg",
        metadata={"colour": "blue", "plače": "Žižkov"},
        created_at="2026-11-22T10:00:00.000Z",
        mode="respond-async",
        staged=staged,
        storage_policy="pair",
        readable_from=1,
        replicas={
            "swift": Replica("swift", "0011223344556677", True, True, "tag", "8899aabbccddeeff")
        },
        digested=False,
        part_size=4,
        parts_md5="ffeeddccbbaa99887766554433221100",
        taken_from="01M8B0KJTPDEA5FGMS13YW8DSR",
        restored_from="01M8B0KJTPDEA5FGMS13YW8DSS",
        retained_until="2026-12-22T10:00:00.000Z",
        sent_tag=f"{0:032x}-2",
        described_at="2026-11-22T10:30:00.000Z",
        borrowed_from=Lender("photos", "lender", lender),
        lent_to=(loan,),
    )
    times = ("2026-11-22T09:00:00.000Z", "2026-11-22T11:00:00.000Z", "2026-11-23T11:00:00.000Z")
    removal = Removal("ceph", version.id, "0011", True, True, "taken", "restored", "moved", (loan,))
    return ObjectRecord(
        account=ACCOUNT,
        container="photos",
        name="every field",
        state=State.UPDATING,
        sweeper="ceph",
        created_at=times[0],
        last_modified=times[1],
        revision="01M8B0KJTPDEA5FGMS13YW8DST",
        current=version,
        previous=replace(version, id="01M8B0KJTPDEA5FGMS13YW8DSP"),
        pending=(replace(version, id="01M8B0KJTPDEA5FGMS13YW8DSV"),),
        removals=(removal,),
        unstagings=(staged,),
        kept=(Kept(replace(version, id="01M8B0KJTPDEA5FGMS13YW8DSM"), "deletion", *times),),
        last=replace(version, id="01M8B0KJTPDEA5FGMS13YW8DSN"),
        reason="why",
        sweeps=3,
        admitted=True,
        missed_since="2026-11-22T10:30:00.000Z",
    )


def unused(value: Any, where: str = "") -> list[str]:
    """Fields of a document that have their defaults, wherever they are in it."""
    if isinstance(value, tuple | list):
        return [one for item in value for one in unused(item, where)]
    if isinstance(value, dict):
        return [one for item in value.values() for one in unused(item, where)]
    if not is_dataclass(value) or isinstance(value, Lender):  # which keeps only what it needs
        return []
    found = []
    for field in fields(value):
        if field.name in ("unknown", "schema"):
            continue
        own = getattr(value, field.name)
        if own == field.default:
            found.append(f"{type(value).__name__}.{field.name}")
        found += unused(own)
    return found


def lost(kept: Any, found: Any, where: str = "") -> list[str]:
    """Where a document that was read and written again lacks something that was in it before."""
    if isinstance(kept, dict) and isinstance(found, dict):
        return [
            one
            for name, value in kept.items()
            for one in (lost(value, found[name], f"{where}.{name}") if name in found else [name])
        ]
    if isinstance(kept, list) and isinstance(found, list) and len(kept) == len(found):
        pairs = zip(kept, found, strict=True)
        return [one for a, b in pairs for one in lost(a, b, f"{where}[]")]
    return [] if kept == found else [where]
