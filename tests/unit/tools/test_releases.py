"""Which versions of the functions a rollback goes to."""

import pytest

from tools.releases import Function, Move, NoRelease, Version, complete, way_back


def function(name: str, *releases: str, live: int = 0) -> Function:
    """A function with a version of each release, published in the order of their names.

    Parameters
    ----------
    live
        Number of the version that is live; 0: the last one.
    """
    versions = tuple(Version(number, one, one) for number, one in enumerate(releases, start=1))
    return Function(name, versions[live - 1], versions)


def moved(functions: list[Function], release: str | None = None) -> dict[str, int]:
    return {one.function: one.version.number for one in way_back(functions, release)}


def test_all_functions_go_back_to_the_release_before() -> None:
    functions = [function("get", "1", "2"), function("put", "1", "2")]
    assert moved(functions) == {"get": 1, "put": 1}


def test_a_second_rollback_goes_further_back() -> None:
    functions = [function(name, "1", "2", "3", live=2) for name in ("get", "put")]
    assert moved(functions) == {"get": 1, "put": 1}


def test_a_rollback_that_was_cut_short_is_finished() -> None:
    functions = [function("get", "1", "2", "3", live=2), function("put", "1", "2", "3")]
    assert moved(functions) == {"put": 2}


def test_what_changed_within_a_release_goes_to_its_last_version() -> None:
    functions = [function("get", "1", "1", "2", "2"), function("put", "1", "2")]
    assert moved(functions) == {"get": 2, "put": 1}


def test_a_new_function_stays() -> None:
    functions = [function("get", "1", "2"), function("new", "2")]
    assert moved(functions) == {"get": 1}


def test_a_deployment_that_was_cut_short_is_not_gone_back_to() -> None:
    functions = [function("get", "1", "2", "3"), function("put", "1", "3")]
    assert complete(functions) == ["1", "3"]
    assert moved(functions) == {"get": 1, "put": 1}
    with pytest.raises(NoRelease, match="1, 3"):
        way_back(functions, "2")


def test_a_deployment_that_was_cut_short_is_gone_back_from() -> None:
    functions = [function("get", "1", "2"), function("put", "1")]
    assert moved(functions, "1") == {"get": 1}
    assert moved(functions) == {"get": 1}


def test_a_release_that_was_deployed_again_is_the_newest() -> None:
    versions = tuple(Version(int(at), of, at) for at, of in (("1", "a"), ("2", "b"), ("3", "a")))
    assert moved([Function("get", versions[-1], versions)]) == {"get": 2}


def test_a_release_can_be_named() -> None:
    functions = [function("get", "1", "2", "3")]
    assert moved(functions, "1") == {"get": 1}
    assert way_back(functions, "3") == []
    assert way_back(functions, "2") == [Move("get", functions[0].versions[1])]
    with pytest.raises(NoRelease, match="1, 2, 3"):
        way_back(functions, "4")


@pytest.mark.parametrize("functions", [[function("get", "1")], [function("get", "1", "2", live=1)]])
def test_before_the_first_release_there_is_none(functions: list[Function]) -> None:
    with pytest.raises(NoRelease):
        way_back(functions)
