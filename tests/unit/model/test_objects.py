"""Records are plain values that survive JSON."""

import json

from hypothesis import given
from hypothesis import strategies as st

from mcos.model.objects import ObjectRecord, State
from mcos.model.versions import Version
from tests.support.builders import CLUSTERS, RECORDS, VERSIONS, record, stored, version


@given(RECORDS)
def test_a_record_survives_json(one: ObjectRecord) -> None:
    assert ObjectRecord.from_json(json.loads(json.dumps(one.as_json()))) == one


@given(VERSIONS)
def test_a_version_survives_json(one: Version) -> None:
    assert Version.from_json(json.loads(json.dumps(one.as_json()))) == one


@given(st.sets(st.sampled_from([*CLUSTERS, "elsewhere"])), st.sets(st.sampled_from(CLUSTERS)))
def test_what_is_stored_only_grows(first: set[str], second: set[str]) -> None:
    here = version().with_stored(stored(first)).with_stored(stored(second))
    assert set(here.stored) == (first | second) & set(CLUSTERS)
    assert here.is_complete == (set(here.stored) == set(CLUSTERS))
    assert here.is_readable == (len(here.stored) >= 2)
    assert set(here.replicas) == set(CLUSTERS)


def test_readers_are_shown_the_current_version_and_conditions_speak_of_the_latest() -> None:
    here = record(State.UPDATING, current=version(1), pending=(version(2), version(3)))
    assert here.shown == version(1)
    assert here.latest == version(3)
    assert record(State.CREATING, pending=(version(2),)).shown == version(2)
    assert record(State.FAILED, last=version(4)).latest == version(4)


def test_only_what_has_nothing_left_to_do_is_settled() -> None:
    assert not record(State.CREATED, current=version(1, stored=CLUSTERS)).is_unsettled
    assert record(State.CREATED, current=version(1)).is_unsettled
    assert not record(State.FAILED, last=version(1)).is_unsettled
    for state in (State.CREATING, State.UPDATING, State.DELETING):
        assert record(state, last=version(1)).is_unsettled
    assert record(State.CREATED, current=version(2), removals=version(1).removals()).is_unsettled
    assert record(State.FAILED, last=version(1), removals=version(1).removals()).is_unsettled


def test_versions_are_found_among_current_and_pending_only() -> None:
    here = record(
        current=version(1), pending=(version(2),), removals=version(3).removals(), last=version(4)
    )
    assert here.find(version(1).id) == version(1)
    assert here.find(version(2).id) == version(2)
    assert here.find(version(3).id) is None
    assert here.find(version(4).id) is None
