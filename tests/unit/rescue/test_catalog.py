"""A backend's journal is read whole, and what cannot be read is said."""

from datetime import timedelta

import pyrage
import pytest

from mcos_rescue import journal
from mcos_rescue.catalog import Catalog, open_catalog
from mcos_rescue.encryption import NO_KEYS, Keys
from mcos_rescue.entries import Entry
from mcos_rescue.errors import NoCatalog, Sealed
from tests.unit.rescue.memory import BEGINNING, DEPLOYMENT, OTHER, Deployment, Memory


@pytest.fixture
def deployment() -> Deployment:
    made = Deployment()
    made.mark()
    return made


def names(memory: Memory, keys: Keys = NO_KEYS, deployment: str | None = None) -> set[str]:
    with open_catalog(memory, keys=keys, deployment=deployment) as catalog:
        return living(catalog)


def living(catalog: Catalog) -> set[str]:
    return {one.key[-1] for one in catalog.fold.states("objects") if one.record is not None}


def removal(of: Entry, at: str = "2026-11-22T11:00:00Z") -> Entry:
    return Entry(of.table, of.key, f"{of.revision}~", of.revision, at, None)


def test_segments_alone_are_a_catalog(deployment: Deployment) -> None:
    for number in range(20):
        deployment.object(f"{number}", None)
        deployment.write_segment(number)
    with open_catalog(deployment.memory) as catalog:
        assert living(catalog) == {str(number) for number in range(20)}
        assert (catalog.cluster, catalog.segments, catalog.problems) == ("s3", 20, [])


def test_the_newest_snapshot_and_the_segments_since_it_are_read(deployment: Deployment) -> None:
    old = deployment.object("old", None)
    too_old = deployment.write_segment(0)
    kept = deployment.object("kept", None)
    deployment.write_snapshot(2000, [kept, old])
    deployment.write_segment(1500, [removal(old)])
    deployment.entries = []
    deployment.object("new", None)
    deployment.write_segment(3000)
    assert names(deployment.memory) == {"kept", "new"}
    assert too_old not in deployment.memory.asked


def test_a_damaged_snapshot_is_said_and_the_one_before_is_read(deployment: Deployment) -> None:
    first = deployment.object("first", None)
    deployment.write_snapshot(1000, [first])
    second = deployment.object("second", None)
    deployment.write_segment(1100)
    (part,) = deployment.write_snapshot(2000, [first, second])
    deployment.memory.kept[part].content = deployment.memory.kept[part].content[:-1]
    with open_catalog(deployment.memory) as catalog:
        assert living(catalog) == {"first", "second"}
        assert [one for one in catalog.problems if "skipped" in one]


@pytest.mark.parametrize("damage", ["part gone", "part changed", "complete changed", "fewer"])
def test_without_a_whole_snapshot_all_segments_are_read(
    deployment: Deployment, damage: str
) -> None:
    entries = [deployment.object("a", None), deployment.object("b", None)]
    deployment.write_segment(0)
    (part,) = deployment.write_snapshot(2000, entries)
    kept = deployment.memory.kept
    last = part.rpartition("/")[0] + "/complete.json"
    if damage == "part gone":
        del kept[part]
    elif damage == "part changed":
        kept[part].content = journal.write(deployment.header("snapshot"), entries[:1])
    elif damage == "complete changed":
        kept[last].content = kept[last].content.replace(b'"size":', b'"size":1')
    else:
        kept[last].content = kept[last].content.replace(b'{"objects":2}', b'{"objects":3}')
    with open_catalog(deployment.memory) as catalog:
        assert living(catalog) == {"a", "b"}
        assert catalog.snapshot is None
        assert len(catalog.problems) == 2


def test_a_snapshot_that_is_not_complete_is_none(deployment: Deployment) -> None:
    entry = deployment.object("a", None)
    deployment.write_segment(0)
    (part,) = deployment.write_snapshot(2000, [entry])
    del deployment.memory.kept[part.rpartition("/")[0] + "/complete.json"]
    with open_catalog(deployment.memory) as catalog:
        assert (living(catalog), catalog.problems) == ({"a"}, [])


def test_a_damaged_segment_is_left_out_and_said(deployment: Deployment) -> None:
    deployment.object("a", None)
    deployment.write_segment(0)
    deployment.object("b", None)
    bad = deployment.write_segment(1)
    deployment.memory.kept[bad].content = deployment.memory.kept[bad].content[:-9]
    with open_catalog(deployment.memory) as catalog:
        assert living(catalog) == {"a"}
        (problem,) = catalog.problems
        assert bad in problem


def test_a_segment_of_another_deployment_in_this_ones_place_is_left_out(
    deployment: Deployment,
) -> None:
    deployment.object("a", None)
    deployment.write_segment(0)
    other = Deployment(id=OTHER)
    data = journal.write(other.header(), [other.object("theirs", None)])
    deployment.memory.put(journal.log_key(DEPLOYMENT, "01KASW9E4S0000000000000009"), data)
    with open_catalog(deployment.memory) as catalog:
        assert living(catalog) == {"a"}
        assert len(catalog.problems) == 1


def test_of_several_deployments_the_one_that_wrote_last_is_read_and_said(
    deployment: Deployment,
) -> None:
    other = Deployment(deployment.memory, id=OTHER)
    deployment.object("ours", None)
    deployment.write_segment(10)
    other.object("theirs", None)
    other.write_segment(5)
    with open_catalog(deployment.memory) as catalog:
        assert living(catalog) == {"ours"}
        assert any(OTHER in note for note in catalog.notes)
    assert names(deployment.memory, deployment=OTHER) == {"theirs"}
    with pytest.raises(NoCatalog):
        names(deployment.memory, deployment="01KASW9E4S0000000000000009")


def test_without_a_journal_there_is_no_catalog(deployment: Deployment) -> None:
    with pytest.raises(NoCatalog):
        names(deployment.memory)


def test_the_marker_of_release_0_1_0_is_a_name_alone(deployment: Deployment) -> None:
    deployment.memory.put(journal.MARKER, b"swift")
    deployment.object("a", None)
    deployment.write_segment(0)
    with open_catalog(deployment.memory) as catalog:
        assert (catalog.cluster, catalog.problems) == ("swift", [])


def test_the_greatest_generation_seen_counts(deployment: Deployment) -> None:
    deployment.object("a", None)
    for number, generation in enumerate((3, 7, 5)):
        deployment.generation = generation
        deployment.write_segment(number, deployment.entries)
    with open_catalog(deployment.memory) as catalog:
        assert catalog.generation == 7
    deployment.memory.put(f"{journal.GENERATIONS}0000000009-{OTHER}", b"")
    with open_catalog(deployment.memory) as catalog:
        assert catalog.generation == 9


def test_an_encrypted_journal_is_read_with_its_key_alone() -> None:
    own, other = (pyrage.x25519.Identity.generate() for _ in range(2))
    deployment = Deployment(recipient=str(own.to_public()))
    deployment.mark()
    entry = deployment.object("a", None)
    deployment.write_snapshot(1000, [entry])
    deployment.entries = []
    deployment.object("b", None)
    deployment.write_segment(1001)
    keys = Keys([str(own)])
    assert names(deployment.memory, keys) == {"a", "b"}
    for wrong in (NO_KEYS, Keys([str(other)])):
        with pytest.raises(Sealed):
            names(deployment.memory, wrong)


def test_connections_that_break_are_continued(deployment: Deployment, hasty: list[float]) -> None:
    deployment.object("a", None)
    deployment.write_segment(0)
    deployment.memory.breaks = [3, 0, 5, 0, 0, 1]
    assert names(deployment.memory) == {"a"}
    assert hasty


def test_a_journal_tells_until_its_newest_segment_or_until_its_snapshot_began(
    deployment: Deployment,
) -> None:
    entry = deployment.object("a", None)
    deployment.write_snapshot(1000, [entry])
    last = max(key for key in deployment.memory.kept if key.endswith("complete.json"))
    deployment.memory.kept[last].modified += timedelta(seconds=500)
    with open_catalog(deployment.memory) as catalog:
        assert catalog.journal.newest_at == BEGINNING + timedelta(seconds=1000)
    deployment.write_segment(900)
    with open_catalog(deployment.memory) as catalog:
        assert catalog.journal.newest_at == BEGINNING + timedelta(seconds=900)
