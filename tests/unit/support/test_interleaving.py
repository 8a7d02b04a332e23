"""Of all orders of some calls those are played that end differently, and few others."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from mcos.catalog import registry
from tests.support.interleaving import Access, interleavings
from tests.support.network import Network


def add(name: str, letter: str) -> str:
    """Read a fact and write it with a letter more; what was read. Who comes between is lost."""
    found = registry.read("race", name) or {"text": ""}
    registry.write("race", name, {"text": found["text"] + letter})
    return str(found["text"])


def copy(source: str, target: str) -> str:
    found = registry.read("race", source) or {"text": "-"}
    registry.write("race", target, found)
    return str(found["text"])


def count() -> int:
    return len(registry.current_registry(fresh=True).revoked)


def ends(network: Network, *calls: Callable[[], Any]) -> list[tuple[Any, ...]]:
    """How each order ended: what the calls returned, and what is there."""
    found = []
    for stage in interleavings(network):
        with network.outside():
            for name in ("a", "b", "c"):
                registry.remove("race", name)
            registry.remove(registry.REVOCATION, "ada")
        outcomes = stage.play(*calls)
        assert not [one for one in outcomes if isinstance(one, Exception)], outcomes
        with network.outside():
            left = [str(registry.read("race", name)) for name in ("a", "b", "c")]
        found.append((*outcomes, *left))
    return found


Race = list[Callable[[], Any]]

RACES: dict[str, Race] = {
    "one item": [lambda: add("a", "x"), lambda: add("a", "y")],
    "two items": [lambda: copy("a", "b"), lambda: copy("b", "a")],
    "a scan": [
        count,
        lambda: registry.write(registry.REVOCATION, "ada", {"before": "now"}),
        lambda: add("c", "x"),
    ],
}
# Each has 1,680 orders.
LARGE_RACES: dict[str, Race] = {
    "one item, three times": [partial(add, "a", letter) for letter in "xyz"],
    "in a row": [lambda: add("a", "x"), lambda: copy("a", "b"), lambda: copy("b", "c")],
    "in a ring": [lambda: copy("a", "b"), lambda: add("b", "x"), lambda: copy("b", "a")],
}


def check_every_end_is_found(network: Network, race: Race) -> None:
    found = ends(network, *race)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Access, "minds", lambda self, other: True)
        all_orders = ends(network, *race)
    assert set(found) == set(all_orders)
    assert len(found) < len(all_orders)


@pytest.mark.parametrize("race", RACES.values(), ids=RACES)
def test_every_end_is_found(network: Network, race: Race) -> None:
    check_every_end_is_found(network, race)


@pytest.mark.long
@pytest.mark.parametrize("race", LARGE_RACES.values(), ids=LARGE_RACES)
def test_every_end_of_a_large_race_is_found(network: Network, race: Race) -> None:
    check_every_end_is_found(network, race)


def test_what_touches_nothing_of_each_other_is_played_in_one_order(network: Network) -> None:
    found = ends(network, lambda: add("a", "x"), lambda: add("b", "x"), lambda: add("c", "x"))
    assert len(found) == 1


def test_readers_are_played_in_one_order(network: Network) -> None:
    found = ends(network, count, lambda: registry.read("race", "a"), count)
    assert len(found) == 1


def test_an_item_is_read_before_it_is_written_and_after(network: Network) -> None:
    found = ends(network, lambda: copy("a", "b"), lambda: add("a", "x"))
    assert len(set(found)) == 2
