"""Containers: made once, deleted when empty, and every reply that is lost."""

import pytest
from pynamodb.exceptions import DeleteError

from mcos.catalog import containers, objects
from mcos.errors import Conflict, ContainerNotEmpty, ContainerNotFound
from mcos.model.objects import ObjectRecord
from tests.support.builders import KEY, record, version
from tests.support.network import Manner, Network

pytestmark = pytest.mark.usefixtures("network")


def create(name: str = "photos", account: str = "ada") -> bool:
    return containers.create(account, name, storage_policy="default")[1]


def add_object() -> None:
    def transition(found: ObjectRecord | None) -> ObjectRecord:
        return record(last=version(1))

    objects.change(KEY, transition)


def names(**asked: object) -> tuple[list[str], str | None]:
    arguments = {"prefix": "", "after": None, "limit": 100, **asked}
    page = containers.page("ada", **arguments)  # type: ignore[arg-type]
    return [one.name for one in page.containers], page.more_after


def test_a_container_is_made_once() -> None:
    assert create()
    before = containers.get("ada", "photos")
    assert not create()
    assert containers.get("ada", "photos") == before
    assert before.storage_policy == "default"


def test_a_container_that_is_not_there_is_not_found() -> None:
    for missing in (
        lambda: containers.get("ada", "photos"),
        lambda: containers.admit("ada", "photos"),
        lambda: containers.delete("ada", "photos"),
    ):
        with pytest.raises(ContainerNotFound):
            missing()


def test_an_empty_container_is_deleted_and_can_be_made_again() -> None:
    create()
    containers.delete("ada", "photos")
    with pytest.raises(ContainerNotFound):
        containers.get("ada", "photos")
    assert create()


def test_a_container_with_an_object_is_kept_and_nothing_of_the_try_is_left() -> None:
    create()
    add_object()
    with pytest.raises(ContainerNotEmpty):
        containers.delete("ada", "photos")
    assert containers.get("ada", "photos").deletion is None


def test_a_container_with_the_same_name_of_another_account_is_another() -> None:
    create()
    add_object()
    create(account="bob")
    containers.delete("bob", "photos")
    assert containers.get("ada", "photos")


def test_whoever_writes_into_a_container_stops_its_deletion(network: Network) -> None:
    create()

    def before(name: str) -> None:
        if name == "dynamodb:DeleteItem":
            network.before = None
            containers.admit("ada", "photos")

    network.before = before
    with pytest.raises(Conflict):
        containers.delete("ada", "photos")
    assert containers.get("ada", "photos").deletion is None


def test_a_deletion_that_died_does_not_stay_in_the_way(network: Network) -> None:
    create()
    with network.record((3, Manner.FAILS)), pytest.raises(DeleteError):
        containers.delete("ada", "photos")
    assert containers.get("ada", "photos").deletion is not None
    assert containers.admit("ada", "photos")
    assert containers.get("ada", "photos").deletion is None
    containers.delete("ada", "photos")


def test_of_two_deletions_at_the_same_time_one_is_done(network: Network) -> None:
    create()

    def before(name: str) -> None:
        if name == "dynamodb:DeleteItem":
            network.before = None
            containers.delete("ada", "photos")

    network.before = before
    containers.delete("ada", "photos")
    with pytest.raises(ContainerNotFound):
        containers.get("ada", "photos")


@pytest.mark.parametrize("number", range(4))
def test_a_deletion_one_of_whose_replies_was_lost_is_done(network: Network, number: int) -> None:
    create()
    with network.record((number, Manner.LOST)) as calls:
        containers.delete("ada", "photos")
    assert len(calls) > number
    with pytest.raises(ContainerNotFound):
        containers.get("ada", "photos")


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("number", range(2))
def test_a_create_one_of_whose_replies_was_lost_says_whether_it_made_it(
    network: Network, number: int, there: bool
) -> None:
    if there:
        create()
    with network.record((number, Manner.LOST)):
        assert create() is not there
    assert containers.get("ada", "photos")


@pytest.mark.parametrize("number", range(2))
def test_an_admission_one_of_whose_replies_was_lost_stops_the_deletion(
    network: Network, number: int
) -> None:
    create()
    marked = containers.get("ada", "photos")
    assert containers._update(marked, containers.ContainerItem.name.exists(), deletion="d1")
    with network.record((number, Manner.LOST)):
        containers.admit("ada", "photos")
    assert containers.get("ada", "photos").deletion is None


def test_a_page_costs_one_query_and_says_where_the_next_begins(network: Network) -> None:
    for name in ("b", "a", "é", "b2", "c"):
        create(name)
    create("z", account="bob")
    with network.record() as calls:
        assert names() == (["a", "b", "b2", "c", "é"], None)
        assert names(limit=2) == (["a", "b"], "b")
        assert names(after="b", limit=2) == (["b2", "c"], "c")
        assert names(prefix="b") == (["b", "b2"], None)
        assert names(prefix="b", after="b") == (["b2"], None)
        assert names(prefix="x") == ([], None)
    assert [call.name for call in calls] == ["dynamodb:Query"] * 6
