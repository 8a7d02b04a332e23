"""Manifests of static large objects: which there are, and what Swift makes of them."""

import hashlib
import json

from mcos.storage import Part
from mcos.storage.manifests import Entry, entries_of, make_manifests, tag_in_listing


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


PARTS = [Part(number, number * 10, md5(str(number))) for number in range(1, 6)]


def test_what_a_manifest_takes_needs_no_other() -> None:
    (own,) = make_manifests("a/b", PARTS, 5)
    assert own.name == "a/b"
    assert own.entries[4] == Entry("~parts/a/b/p/000005", md5("5"), 50)
    assert len(own.entries) == 5
    assert own.tag == md5("".join(part.md5 for part in PARTS))


def test_more_than_a_manifest_takes_is_folded() -> None:
    first, second, third, own = make_manifests("a/b", PARTS, 2)
    assert [one.name for one in own.entries] == [
        f"~parts/a/b/m/0000{number}" for number in (1, 2, 3)
    ]
    assert [one.name for one in (first, second, third)] == [one.name for one in own.entries]
    assert [one.size for one in own.entries] == [30, 70, 50]
    assert first.tag == md5(PARTS[0].md5 + PARTS[1].md5)
    assert [one.tag for one in own.entries] == [first.tag, second.tag, third.tag]
    assert [len(one.entries) for one in (first, second, third)] == [2, 2, 1]
    assert own.tag == md5(first.tag + second.tag + third.tag)


def test_swift_is_told_what_to_verify() -> None:
    (own,) = make_manifests("a/b", PARTS[:1], 5)
    assert json.loads(own.body("replicas")) == [
        {"path": "/replicas/~parts/a/b/p/000001", "etag": md5("1"), "size_bytes": 10}
    ]


def test_of_a_listing_only_the_keys_own_is_taken() -> None:
    names = ["a/p/000002", "a/m/00001", "a/p/p/000003", "a/p/", "a/p/x", "b/p/000004", "p/000005"]
    entries = [{"name": name} for name in ("p/000006", "a/p/000007")]
    entries += [{"name": f"~parts/{name}"} for name in names]
    assert [(number, one["name"]) for number, one in entries_of("a", entries)] == [
        (2, "~parts/a/p/000002"),
        (1, "~parts/a/m/00001"),
    ]


def test_a_manifest_is_listed_with_its_tag_in_one_of_two_ways() -> None:
    assert tag_in_listing({"hash": "0" * 32}) is None
    assert tag_in_listing({"hash": "0" * 32, "slo_etag": '"tag"'}) == "tag"
    assert tag_in_listing({"hash": f"{'0' * 32}; slo_etag=tag"}) == "tag"
