"""Listings mean what they mean in Swift."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcos_client import Client, ContainerNotFound
from tests.functional.api.conftest import CLUSTERS, AccountFactory
from tests.support.effort import examples
from tests.support.stateful.listing import expected_listing, in_order
from tests.support.wire import Wire, code_of

FOLDED = [f"big/{number:03}" for number in range(12)]
NAMES = [
    *FOLDED,
    "a",
    "a/",
    "a/1",
    "a/1/x",
    "a/2",
    "a//b",
    "a0",
    "b&c=d",
    "big",
    "big0",
    "c d",
    "c+d",
    "c%20d",
    "e\u0301",
    "z",
    "é",
    "é/à",
    "日本/東京",
    "日本/大阪",
    "\uffee",
    "😀",
    "\U0010ffff",
]


@dataclass
class Walk:
    """What all pages of a listing show."""

    names: list[str]
    common_prefixes: list[str]
    pages: int


def walk(
    client: Client,
    container: str,
    *,
    prefix: str = "",
    delimiter: str = "",
    marker: str = "",
    limit: int = 1000,
) -> Walk:
    """Read a listing to its end."""
    seen = Walk([], [], 0)
    following: str | None = marker
    while following is not None:
        page = client.list_object(
            container, prefix=prefix, delimiter=delimiter, marker=following, limit=limit
        )
        assert len(page.objects) + len(page.common_prefixes) <= limit
        seen.names += [one.name for one in page.objects]
        seen.common_prefixes += page.common_prefixes
        seen.pages += 1
        assert seen.pages <= 2 * len(NAMES), "the listing does not end"
        following = page.next_marker
    return seen


@pytest.fixture(scope="module")
def filled(client: Client, clients: dict[str, Client]) -> str:
    """A container with an object of each of ``NAMES``.

    Done while the caller waits: what is taken asynchronously piles up faster than a small machine
    can start functions for it.
    """
    container = client.create_container(f"filled-{uuid4().hex[:12]}").name

    def create(name: str) -> None:
        at = clients[CLUSTERS[len(name) % len(CLUSTERS)]]
        at.create_object(container, name, name.encode("utf-8"), prefer="wait=25")

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(create, NAMES))
    return container


def test_a_listing_shows_every_object_in_the_order_of_its_bytes(
    client: Client, filled: str
) -> None:
    assert walk(client, filled).names == in_order(NAMES)


PIECES = st.sampled_from(
    ["", "a", "a/", "a//", "big", "big/", "big/0", "c", "é", "日本/", "zz", "😀"]
)


@given(
    prefix=PIECES,
    delimiter=st.sampled_from(["", "/", "//", "1", "%", "日", "b"]),
    marker=PIECES | st.sampled_from([*NAMES, "big/\U0010ffff", "~"]),
    limit=st.integers(1, 12) | st.just(1000),
    at=st.sampled_from(CLUSTERS),
)
@settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_prefix_delimiter_and_marker_mean_what_they_mean_in_swift(
    clients: dict[str, Client],
    filled: str,
    prefix: str,
    delimiter: str,
    marker: str,
    limit: int,
    at: str,
) -> None:
    seen = walk(clients[at], filled, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit)
    expected = expected_listing(NAMES, prefix=prefix, delimiter=delimiter, marker=marker)
    assert seen.names == expected.names
    assert seen.common_prefixes == expected.common_prefixes


def test_a_folded_prefix_is_skipped_and_not_walked_through(client: Client, filled: str) -> None:
    seen = walk(client, filled, prefix="big", delimiter="/", limit=2)
    assert (seen.names, seen.common_prefixes) == (["big", "big0"], ["big/"])
    assert seen.pages <= 4, "the names in the prefix were read page by page"


def test_a_common_prefix_as_marker_skips_all_that_is_in_it(client: Client, filled: str) -> None:
    page = client.list_object(filled, prefix="big", delimiter="/", marker="big/")
    assert ([one.name for one in page.objects], page.common_prefixes) == (["big0"], ())


def test_without_the_delimiter_the_same_marker_skips_nothing(client: Client, filled: str) -> None:
    page = client.list_object(filled, prefix="big/", marker="big/")
    assert [one.name for one in page.objects] == FOLDED


def test_a_listed_object_says_what_it_is(client: Client, container: str) -> None:
    written = client.create_object(
        container, "o", b"content", content_type="text/plain", prefer="wait=25"
    )
    [listed] = client.list_object(container).objects
    assert (listed.name, listed.size, listed.etag, listed.content_type, listed.state) == (
        "o",
        7,
        written.etag,
        "text/plain",
        "CREATED",
    )


def test_an_empty_container_has_an_empty_listing(client: Client, container: str) -> None:
    page = client.list_object(container)
    assert (page.objects, page.common_prefixes, page.next_marker) == ((), (), None)


def test_there_is_no_listing_of_no_container(client: Client) -> None:
    with pytest.raises(ContainerNotFound):
        client.list_object("no-such-container")
    with pytest.raises(ContainerNotFound):
        client.list_object("no-such-container", prefix="a", delimiter="/", marker="z")


@pytest.mark.parametrize("path", ["/v1/containers", "/v1/containers/{container}/objects"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1001",
        "limit=1e2",
        "limit=ten",
        "limit=1.0",
        "limit=99999999999999999999",
        "limit=%D9%A3",
        "prefix=%00",
        "marker=a%00",
        "marker=%FF",
    ],
)
def test_a_query_that_breaks_a_rule_is_refused(
    wire: Wire, container: str, path: str, query: str
) -> None:
    reply = wire.send("GET", f"{path.format(container=container)}?{query}")
    assert (reply.status_code, code_of(reply)) == (400, "invalid_query")


@pytest.fixture(scope="module")
def lister(new_account: AccountFactory) -> Iterator[Client]:
    """A client of an account that has the containers ``CONTAINERS`` and nothing else."""
    with new_account().client() as client:
        for name in CONTAINERS:
            client.create_container(name)
        yield client


CONTAINERS = ["a", "a b", "ab", "abc", "b", "%41", "é", "日本", "😀", "..."]


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
@pytest.mark.parametrize("prefix", ["", "a", "ab", "é", "😀", "none"])
@pytest.mark.parametrize("marker", ["", "a", "aa", "b", "~", "é"])
def test_containers_are_listed_page_by_page(
    lister: Client, limit: int, prefix: str, marker: str
) -> None:
    listed: list[str] = []
    following: str | None = marker
    pages = 0
    while following is not None:
        page = lister.list_container(prefix=prefix, marker=following, limit=limit)
        assert len(page.containers) <= limit
        listed += [one.name for one in page.containers]
        following = page.next_marker
        pages += 1
        assert pages <= 2 * len(CONTAINERS), "the listing does not end"
    assert listed == expected_listing(CONTAINERS, prefix=prefix, marker=marker).names
