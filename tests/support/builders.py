"""Records, versions and clusters for tests that need one and care about little of it."""

from collections.abc import Iterable, Mapping

from hypothesis import strategies as st

from mcos import clock
from mcos.model import lifecycle
from mcos.model.clusters import Cluster, ClusterState, Health
from mcos.model.objects import ObjectKey, ObjectRecord, State
from mcos.model.versions import Removal, Replica, Staged, Stored, Version
from mcos.settings import Mode

CLUSTERS = ("ceph", "s3", "swift")
NOW = "2026-11-22T10:00:00.000Z"
KEY = ObjectKey("ada", "photos", "may/sea.jpg")


def version(
    number: int = 1,
    mode: Mode = "respond-async",
    stored: Iterable[str] = (),
    metadata: dict[str, str] | None = None,
) -> Version:
    """The version of that number, with replicas on three clusters."""
    held = set(stored)
    return Version(
        id=f"{number:026}",
        size=number,
        md5=f"{number:032x}",
        sha256="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        content_type="image/jpeg",
        metadata=metadata or {},
        created_at=NOW,
        mode=mode,
        staged=Staged("s3", f"versions/{number:026}") if mode == "respond-async" else None,
        storage_policy="default",
        readable_from=2,
        replicas={
            name: Replica(name, incarnation(name, number), stored=name in held) for name in CLUSTERS
        },
    )


def incarnation(cluster: str, number: int = 1) -> str:
    """The incarnation of the replica of the version of that number."""
    return f"{cluster}-{number}"


def stored(
    clusters: Iterable[str], number: int = 1, tags: Mapping[str, str] | None = None
) -> dict[str, Stored]:
    """The copies of the version of that number, as stored on these clusters."""
    given = tags or {}
    return {name: Stored(incarnation(name, number), given.get(name)) for name in clusters}


def record(
    state: State = State.CREATED,
    current: Version | None = None,
    pending: tuple[Version, ...] = (),
    removals: tuple[Removal, ...] = (),
    last: Version | None = None,
    reason: str | None = None,
) -> ObjectRecord:
    """A record of ``KEY``."""
    account, container, name = KEY
    return ObjectRecord(
        account=account,
        container=container,
        name=name,
        state=state,
        sweeper="s3",
        created_at=NOW,
        last_modified=NOW,
        current=current,
        pending=pending,
        removals=removals,
        last=last,
        reason=reason,
        revision=clock.new_id(),
    )


def cluster(
    name: str,
    *,
    provider: str | None = None,
    location: str = "here",
    labels: Mapping[str, str] | None = None,
    weight: float = 1,
    state: ClusterState = ClusterState.ACTIVE,
    healthy: bool = True,
) -> Cluster:
    """A cluster of the registry; a state other than ACTIVE is an operator's word."""
    return Cluster(
        name=name,
        entry_point=f"https://{name}.test",
        backend=name,
        provider=provider or name,
        location=location,
        labels=labels or {},
        weight=weight,
        put_replica=f"arn:put-{name}",
        put_parts=f"arn:parts-{name}",
        get_replica=f"arn:get-{name}",
        repair_queue_url=f"https://queues.test/{name}",
        staging_bucket=f"staging-{name}",
        operator_state=None if state is ClusterState.ACTIVE else state,
        health=Health(healthy=healthy),
    )


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)

VERSIONS = st.builds(
    Version,
    id=st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26),
    size=st.integers(0, 2**40),
    md5=st.text("0123456789abcdef", min_size=32, max_size=32),
    sha256=TEXTS,
    content_type=TEXTS,
    metadata=st.dictionaries(TEXTS, TEXTS, max_size=3),
    created_at=TEXTS,
    mode=st.sampled_from(["respond-async", "wait"]),
    staged=st.none() | st.builds(Staged, TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS),
    storage_policy=TEXTS,
    readable_from=st.integers(1, 4),
    replicas=st.dictionaries(
        TEXTS,
        st.builds(
            Replica,
            TEXTS,
            TEXTS,
            st.booleans(),
            st.booleans(),
            st.none() | TEXTS,
            st.none() | TEXTS,
        ),
        max_size=4,
    ),
    digested=st.booleans(),
    part_size=st.integers(0, 2**30),
    parts_md5=TEXTS,
    retained_until=st.none() | TEXTS,
)

RECORDS = st.builds(
    ObjectRecord,
    account=TEXTS,
    container=TEXTS,
    name=TEXTS,
    state=st.sampled_from(State),
    sweeper=TEXTS,
    created_at=TEXTS,
    last_modified=TEXTS,
    revision=TEXTS,
    current=st.none() | VERSIONS,
    pending=st.lists(VERSIONS, max_size=2).map(tuple),
    previous=st.none() | VERSIONS,
    removals=st.lists(
        st.builds(Removal, TEXTS, TEXTS, TEXTS, st.booleans(), st.booleans()), max_size=2
    ).map(tuple),
    unstagings=st.lists(
        st.builds(Staged, TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS), max_size=2
    ).map(tuple),
    last=st.none() | VERSIONS,
    reason=st.none() | TEXTS,
)


def all_paid(record: ObjectRecord) -> ObjectRecord | None:
    """The record once everything that it owes was seen to."""
    return lifecycle.pay(record, record.removals, record.unstagings, record.kept)
