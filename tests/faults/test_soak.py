"""The tally of many runs says what was wrong, and when it is over it is over."""

from collections import Counter
from collections.abc import Iterator
from itertools import count

from tests.support.faults.history import Kind, Outcome, Recorder, Result
from tests.support.faults.run import Report
from tests.support.faults.soak import soak, table


def report(seed: int, *, lost: int = 0, stuck: int = 0) -> Report:
    recorder = Recorder()
    recorder.begin("ada", "a", Kind.CREATE, value="A").end(Outcome(Result.DONE))
    return Report(
        seed=seed,
        history=recorder.history(),
        faults=Counter({"lost": 2, "dies": 1}),
        calls=10,
        wrong_reads=[],
        lost=["a: lost"] * lost,
        stuck=["a: still UPDATING"] * stuck,
        misplaced=[],
    )


def test_runs_are_made_until_it_is_over_and_their_seeds_told() -> None:
    runs = ((f"trouble {seed % 2}", report(seed)) for seed in count(7))
    over = iter([False, False, True])
    told: list[str] = []
    tallies = soak(runs, is_over=lambda: next(over), tell=told.append)
    assert told == [
        "trouble 1: seed 7, 1 acknowledged: well",
        "trouble 0: seed 8, 1 acknowledged: well",
        "trouble 1: seed 9, 1 acknowledged: well",
    ]
    assert (tallies["trouble 1"].runs, tallies["trouble 0"].runs) == (2, 1)
    assert not any(tally.complaints for tally in tallies.values())


def test_what_is_wrong_is_told_and_counted() -> None:
    def runs() -> Iterator[tuple[str, Report]]:
        yield "one", report(1, lost=2)
        yield "one", report(2, stuck=1)
        yield "other", report(3)

    told: list[str] = []
    tallies = soak(runs(), is_over=lambda: False, tell=told.append)
    assert "seed 1:\na: lost\na: lost" in told
    assert [tallies[name].complaints for name in ("one", "other")] == [3, 0]
    assert table(tallies).splitlines() == [
        "| trouble | runs | calls | acknowledged | lost | wrong reads | stuck | misplaced "
        "| faults |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| one | 2 | 20 | 2 | 2 | 0 | 1 | 0 | dies 2, lost 4 |",
        "| other | 1 | 10 | 1 | 0 | 0 | 0 | 0 | dies 1, lost 2 |",
    ]
