"""Workloads on an in-process cloud with ever new seeds, until the time is over."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, cycle

from tests.support.cloud import running_cloud
from tests.support.faults.register import Visibility
from tests.support.faults.run import Report, Shape, run
from tests.support.faults.trouble import Trouble


@dataclass
class Tally:
    """What came of the runs with one kind of trouble."""

    runs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    acknowledged: int = 0
    lost: int = 0
    wrong_reads: int = 0
    stuck: int = 0
    misplaced: int = 0

    @property
    def complaints(self) -> int:
        """How much was wrong."""
        return self.lost + self.wrong_reads + self.stuck + self.misplaced

    def add(self, report: Report) -> None:
        self.runs += 1
        self.faults += report.faults
        self.calls += report.calls
        self.acknowledged += report.acknowledged
        self.lost += len(report.lost)
        self.wrong_reads += len(report.wrong_reads)
        self.stuck += len(report.stuck)
        self.misplaced += len(report.misplaced)


COLUMNS = ("runs", "calls", "acknowledged", "lost", "wrong_reads", "stuck", "misplaced")


def reports(
    troubles: Mapping[str, Trouble],
    *,
    first_seed: int,
    shape: Shape,
    visibility: Visibility,
) -> Iterator[tuple[str, Report]]:
    """Runs without end, one kind of trouble after the other; each has a seed of its own."""
    with running_cloud() as cloud:
        for seed, (name, trouble) in zip(count(first_seed), cycle(troubles.items()), strict=False):
            yield name, run(cloud, seed, trouble, shape=shape, visibility=visibility)


def soak(
    runs: Iterator[tuple[str, Report]],
    *,
    is_over: Callable[[], bool],
    tell: Callable[[str], object] = print,
) -> dict[str, Tally]:
    """Make runs until it is over, at least one; tell each seed, and everything that is wrong."""
    tallies: dict[str, Tally] = {}
    for name, report in runs:
        tallies.setdefault(name, Tally()).add(report)
        verdict = "wrong" if report.complaints else "well"
        tell(f"{name}: seed {report.seed}, {report.acknowledged} acknowledged: {verdict}")
        if report.complaints:
            tell(str(report))
        if is_over():
            break
    return tallies


def table(tallies: Mapping[str, Tally]) -> str:
    """A line for each kind of trouble, in Markdown, and the faults that were done."""
    heads = ["trouble", *(column.replace("_", " ") for column in COLUMNS), "faults"]
    lines = [heads, ["---"] * len(heads)]
    for name, tally in tallies.items():
        faults = ", ".join(f"{kind} {number}" for kind, number in sorted(tally.faults.items()))
        lines.append([name, *(str(getattr(tally, column)) for column in COLUMNS), faults])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
