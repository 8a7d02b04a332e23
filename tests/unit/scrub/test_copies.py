"""What a key on a backend is, and whether a record names it."""

from dataclasses import replace

import pytest
from hypothesis import given

from mcos.model.objects import ObjectRecord
from mcos.model.versions import Removal
from mcos.replicas.backend import replica_key
from mcos.scrub.copies import CopyKey, is_old_probe, is_referenced
from tests.support.builders import RECORDS, record, version

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def test_the_keys_of_copies_are_read_as_they_are_made() -> None:
    for incarnation in ("0123456789abcdef", ""):
        key = replica_key("ada@example.org", ID, incarnation)
        assert CopyKey.read(key) == ("ada@example.org", ID, incarnation)


@pytest.mark.parametrize(
    "key",
    ["ada", f"ada/{ID}/", f"ada/{ID}/a/b", "ada/no-id/x", f"ada/{ID.lower()}/x", f"~parts/x/{ID}"],
)
def test_other_keys_are_no_copies(key: str) -> None:
    assert CopyKey.read(key) is None


@given(RECORDS)
def test_whatever_a_record_has_or_owes_is_referenced(one: ObjectRecord) -> None:
    versions = [found for found in (one.current, one.previous, *one.pending) if found is not None]
    for found in versions:
        if one.find(found.id) is not found:
            continue  # two versions of one id: no record has such
        for replica in found.replicas.values():
            assert is_referenced(one, CopyKey(one.account, found.id, replica.incarnation))
            if replica.replaces is not None:
                assert is_referenced(one, CopyKey(one.account, found.id, replica.replaces))
    for owed in one.removals:
        assert is_referenced(one, CopyKey(one.account, owed.version, owed.incarnation))


def test_what_no_record_names_is_not_referenced() -> None:
    known = version(1, stored=("ceph",))
    one = replace(record(current=known), removals=(Removal("ceph", "2", "x"),))
    assert not is_referenced(None, CopyKey("ada", known.id, "ceph-1"))
    assert is_referenced(one, CopyKey("ada", known.id, "ceph-1"))
    assert not is_referenced(one, CopyKey("ada", known.id, "another"))
    assert not is_referenced(one, CopyKey("ada", "another", "ceph-1"))
    assert not is_referenced(one, CopyKey("ada", "2", "y"))


def test_only_what_is_a_probe_is_taken_for_one() -> None:
    """The marker and the generations lie beside them."""
    assert is_old_probe(f"~health/s3-2-{ID}")
    assert not is_old_probe("~health/s3-2-3ZZZZZZZZZZZZZZZZZZZZZZZZZ")  # it is yet to come
    assert not is_old_probe("~health/marker")
    assert not is_old_probe(f"~health/generation/0000000001-{ID}")
    assert not is_old_probe(f"~health/{ID}")
