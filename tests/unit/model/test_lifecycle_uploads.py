"""What came by an upload: its digests come later, and its replicas may be written in parts."""

from dataclasses import replace

from mcos.model import lifecycle
from mcos.model.lifecycle import Outcome
from mcos.model.objects import ObjectRecord, State
from tests.support.builders import CLUSTERS, KEY, record, stored, version

UPLOADED = replace(version(2), digested=False, md5="", sha256="", part_size=10)
KNOWN = replace(UPLOADED, md5="0" * 32, sha256="digest", parts_md5="1" * 32, digested=True)
TAGS = {name: f"tag of {name}" for name in CLUSTERS}


def put(found: ObjectRecord | None) -> ObjectRecord:
    return lifecycle.accept_put(found, UPLOADED, key=KEY, cluster="s3")


def test_a_put_creates_what_is_not_there_and_updates_what_is() -> None:
    assert put(None).state is State.CREATING
    failed = record(State.FAILED, last=version(1))
    assert put(failed).state is State.CREATING
    there = record(current=version(1, stored=CLUSTERS))
    updated = put(there)
    assert (updated.state, updated.current) == (State.UPDATING, there.current)
    assert put(record(State.DELETING, last=version(1))).state is State.CREATING


def test_a_put_that_was_taken_is_not_taken_again() -> None:
    taken = put(None)
    assert put(taken) is taken


def test_a_tag_that_was_sent_stays_when_the_version_is_digested() -> None:
    sent = "0" * 32 + "-2"
    assert replace(UPLOADED, sent_tag=sent).etag == f'"{sent}"'
    assert replace(KNOWN, sent_tag=sent).etag == f'"{sent}"'


def test_an_undigested_version_of_an_older_release_has_its_id_for_a_tag() -> None:
    assert UPLOADED.etag == f'"{UPLOADED.id}"'
    assert KNOWN.etag == f'"{KNOWN.md5}"'


def test_digests_are_recorded_once_and_for_what_is_known() -> None:
    taken = put(None)
    digested = lifecycle.record_digests(taken, KNOWN)
    assert digested is not None
    assert (digested.current, digested.pending) == (KNOWN, ())
    assert digested is not taken
    other = replace(KNOWN, md5="f" * 32)
    assert lifecycle.record_digests(digested, other) is digested
    assert lifecycle.record_digests(None, KNOWN) is None
    elsewhere = record(current=version(1, stored=CLUSTERS))
    assert lifecycle.record_digests(elsewhere, KNOWN) is elsewhere


def test_a_commit_keeps_what_the_services_say_of_parts() -> None:
    digested = lifecycle.record_digests(put(None), KNOWN)
    committed, outcome = lifecycle.commit(digested, KNOWN.id, stored(CLUSTERS, 2, TAGS))
    assert committed is not None
    assert committed.current is not None
    assert outcome is Outcome.COMMITTED
    assert {name: committed.current.tag(name) for name in CLUSTERS} == TAGS
    # A commit that knows nothing of tags takes none away.
    again, _ = lifecycle.commit(committed, KNOWN.id, stored(CLUSTERS, 2))
    assert again is committed


def test_a_replica_that_is_lost_has_no_tag_any_more() -> None:
    whole = KNOWN.with_stored(stored(CLUSTERS, 2, TAGS))
    damaged = lifecycle.lose(record(current=whole), whole.id, "s3", copy="s3-2", by="another")
    assert damaged is not None
    assert damaged.current is not None
    assert damaged.current.replicas["s3"].tag is None
    assert damaged.current.tag("s3") == whole.md5
