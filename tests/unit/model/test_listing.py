"""Listings against a naive one, paged through with every limit."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcos import limits
from mcos.calls.list_container import list_container
from mcos.calls.list_object import list_object
from mcos.catalog import containers, objects
from mcos.errors import ContainerNotFound
from mcos.model import listing
from mcos.model.objects import Container, ObjectRecord
from tests.support.builders import NOW, record
from tests.support.stateful.listing import expected_listing, in_order

# Few characters, so that names meet; the ends of the code space among them.
LETTERS = "ab/-\x7fé\ud7ff\ue000日😀\U0010ffff"
FEW = "ab/"
NAMES = st.text(FEW, min_size=1, max_size=5) | st.text(LETTERS, min_size=1, max_size=5)
PREFIXES = st.text(FEW, max_size=2) | st.text(LETTERS, max_size=2)
DELIMITERS = st.sampled_from(["", "/", "//", "ab", "a/b"]) | st.text(LETTERS, max_size=3)


@dataclass
class Table:
    """A container's names, and the queries that were made."""

    names: list[str]
    queries: int = 0
    looks: int = 0

    def page(
        self,
        account: str,
        container: str,
        *,
        prefix: str,
        after: str | None,
        first: str | None,
        limit: int,
    ) -> objects.RecordPage:
        self.queries += 1
        assert after is None or first is None
        assert after is None or after.startswith(prefix)
        found = [
            name
            for name in self.names
            if (first is not None or name.startswith(prefix))
            and (after is None or name.encode() > after.encode())
            and (first is None or name.encode() >= first.encode())
        ]
        records = [_named(name) for name in found[:limit]]
        more = records[-1].name if records and len(found) >= limit else None
        return objects.RecordPage(records, more_after=more)

    def get(self, account: str, name: str) -> Container:
        self.looks += 1
        return Container(account, name, NOW, "default")


def _named(name: str) -> ObjectRecord:
    return replace(record(), name=name)


def pages(
    table: Table, prefix: str, delimiter: str, limit: int, marker: str = ""
) -> list[tuple[list[str], list[str]]]:
    """Every page from the marker on: names and common prefixes."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objects, "page", table.page)
        patch.setattr(containers, "get", table.get)
        for _ in range(len(table.names) + 2):
            before = table.queries
            page = list_object(
                "ada", "photos", prefix=prefix, delimiter=delimiter, marker=marker, limit=limit
            )
            assert table.queries - before <= 1
            found.append(([one.name for one in page.objects], page.common_prefixes))
            assert len(page.objects) + len(page.common_prefixes) <= limit
            if page.next_marker is None:
                return found
            marker = page.next_marker
    raise AssertionError("the listing has no end")


@given(
    names=st.sets(NAMES, max_size=12),
    prefix=PREFIXES,
    delimiter=DELIMITERS,
    limit=st.integers(1, 14),
)
@example(names={"a/b", "a/c", "b"}, prefix="", delimiter="/", limit=1)
@example(names={"axy", "bxy"}, prefix="", delimiter="xy", limit=1)
@example(names={"a/b", "a/c", "b"}, prefix="a", delimiter="/", limit=1)
@example(names={"a\U0010ffff", "b"}, prefix="", delimiter="\U0010ffff", limit=1)
@example(names={"\ud7ff/", "\ue000"}, prefix="", delimiter="\ud7ff", limit=1)
def test_paging_gives_every_entry_once_in_order_with_one_query_a_page(
    names: set[str], prefix: str, delimiter: str, limit: int
) -> None:
    table = Table(in_order(names))
    expected = expected_listing(names, prefix=prefix, delimiter=delimiter)
    found = pages(table, prefix, delimiter, limit)
    assert [name for page, _ in found for name in page] == expected.names
    assert [common for _, page in found for common in page] == expected.common_prefixes
    entries = [max(a[-1:] + b[-1:], key=str.encode) for a, b in found if a or b]
    assert entries == in_order(entries)


@given(
    names=st.sets(NAMES, max_size=12),
    prefix=PREFIXES,
    delimiter=DELIMITERS,
    marker=st.text(LETTERS, max_size=3),
)
def test_a_marker_of_the_users_own_means_what_it_means_in_swift(
    names: set[str], prefix: str, delimiter: str, marker: str
) -> None:
    found = pages(Table(in_order(names)), prefix, delimiter, 1000, marker)
    expected = expected_listing(names, prefix=prefix, delimiter=delimiter, marker=marker)
    assert [name for page, _ in found for name in page] == expected.names
    assert [common for _, page in found for common in page] == expected.common_prefixes


def test_a_million_names_in_one_prefix_are_skipped_not_scanned() -> None:
    names = [f"a/{number:04}" for number in range(2000)] + ["b"]
    table = Table(names)
    assert pages(table, "", "/", 10) == [([], ["a/"]), (["b"], [])]
    assert table.queries == 2


@pytest.mark.parametrize("names", [["b"], []])
def test_an_empty_page_makes_sure_that_there_is_a_container(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table(names)
    pages(table, "x", "", 10)
    assert table.looks == 1

    def gone(account: str, name: str) -> Container:
        raise ContainerNotFound(name)

    monkeypatch.setattr(table, "get", gone)
    with pytest.raises(ContainerNotFound):
        pages(table, "x", "", 10)
    with pytest.raises(ContainerNotFound):
        pages(table, "a", "", 10, marker="b")


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=4), st.text(LETTERS, max_size=3))
def test_the_successor_of_a_prefix_stands_behind_all_that_begins_with_it(
    prefix: str, rest: str
) -> None:
    first = listing._successor(prefix)
    if first is None:
        assert set(prefix) == {"\U0010ffff"}
        return
    assert (prefix + rest).encode() < first.encode()
    # And nothing that does not begin with it stands between.
    assert not first.startswith(prefix)
    assert first[:-1] == prefix[: len(first) - 1]


def test_where_a_page_begins_is_never_longer_than_a_name_can_be() -> None:
    """DynamoDB refuses a key of more than 1,024 bytes."""
    marker = "a" * (limits.OBJECT_NAME_BYTES - 1) + "\x7f"
    start = listing.start("", "\x7f", marker)
    assert start is not None
    where = start.first or start.after or ""
    assert len(where.encode()) <= limits.OBJECT_NAME_BYTES


def container_names(names: list[str], prefix: str, limit: int, marker: str = "") -> list[str]:
    """Every container's name from the marker on, page by page."""
    listed: list[str] = []

    def page(
        account: str, *, prefix: str, after: str | None, limit: int
    ) -> containers.ContainerPage:
        assert after is None or after.startswith(prefix)
        behind = [
            name
            for name in names
            if name.startswith(prefix) and (after is None or name.encode() > after.encode())
        ]
        made = [Container(account, name, NOW, "default") for name in behind[:limit]]
        return containers.ContainerPage(made, made[-1].name if len(behind) >= limit else None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(containers, "page", page)
        for _ in range(len(names) + 1):
            found = list_container("ada", prefix=prefix, marker=marker, limit=limit)
            assert len(found.containers) <= limit
            listed += [one.name for one in found.containers]
            if found.more_after is None:
                break
            marker = found.more_after
    return listed


@given(names=st.sets(NAMES, max_size=8), prefix=PREFIXES, limit=st.integers(1, 9))
def test_containers_are_paged_like_objects(names: set[str], prefix: str, limit: int) -> None:
    expected = expected_listing(names, prefix=prefix).names
    assert container_names(in_order(names), prefix, limit) == expected


@pytest.mark.parametrize(
    ("prefix", "marker", "expected"),
    [("b", "a", ["b", "ba"]), ("b", "b", ["ba"]), ("b", "c", []), ("", "b", ["ba", "c"])],
)
def test_a_marker_outside_the_prefix_is_before_or_behind_all_of_it(
    prefix: str, marker: str, expected: list[str]
) -> None:
    names = ["a", "b", "ba", "c"]
    assert container_names(names, prefix, 10, marker) == expected
    assert [name for page, _ in pages(Table(names), prefix, "", 10, marker) for name in page] == (
        expected
    )
