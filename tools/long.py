"""Run what takes long by nature, or a slice of it: ``tools/long.py [--slice 2/4]``.

That is every test with the mark ``long``, and what looks at new examples when
``HYPOTHESIS_PROFILE`` is ``explore``, farther than in ``make test``. A slice can be run alone; the
slices of a number take about the same time, and together they are all of it.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tools.functional import ALONE, OF_THE_DEPLOYMENT, ON_THREE, Clouds, processes  # noqa: E402

MARKED = ("-m", "long or explored or hypothesis")
EXPLORE = {"HYPOTHESIS_PROFILE": "explore"}
WITH_LAYERS = {"MCOS_LAYERS": "1"}
TWO = processes(2)


@dataclass(frozen=True)
class Part:
    """Tests that are run by one pytest.

    Attributes
    ----------
    minutes
        What it takes on two idle cores, by which slices are made equal.
    clusters
        How many it needs, 0 if none.
    apart
        It gets clouds of its own, and no other part gets them.
    environment
        What is set for it, and for the deployment that is made for it.
    """

    name: str
    minutes: float
    arguments: tuple[str, ...]
    clusters: int = 0
    apart: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: EXPLORE)


PARTS = (
    Part("unit", 2, (*MARKED, *TWO, "tests/unit", "tests/clouds", "tests/infrastructure")),
    Part("in process", 24, (*MARKED, *TWO, "tests/inprocess")),
    Part("faults", 1, (*MARKED, "tests/faults")),
    Part("repairs taken out", 3, (*MARKED, "tests/long/test_taken_out.py")),
    Part("API", 12, (*MARKED, *TWO, "tests/functional/api", "tests/functional/budgets"), 3),
    Part("storage", 1, (*MARKED, "tests/functional/storage", "tests/functional/clouds"), 3),
    Part("load, alarms, faults and outages", 32, (*MARKED, *ALONE), 3),
    Part("five clusters", 8, (*MARKED, "tests/functional/five"), 5),
    Part("2 GiB", 8, (*MARKED, "tests/functional/client"), 3, apart=True),
    # These have a copy of the checkout, and clouds of that.
    Part("what was killed", 25, (*MARKED, "tests/long/test_killed_up.py"), apart=True),
    Part("deployments", 20, (*MARKED, "tests/long/test_deployments.py"), apart=True),
    Part("another emulator", 6, (*MARKED, "tests/long/test_other_emulator.py"), apart=True),
    Part(
        "with layers",
        7,
        (*TWO, *ON_THREE, *OF_THE_DEPLOYMENT),
        3,
        apart=True,
        environment=WITH_LAYERS,
    ),
)
"""All of it. The marked tests of a folder are in one part; the last runs what make test runs, as on
AWS and on emulators elsewhere, which give functions their libraries as layers."""


def slice_of(parts: Sequence[Part], number: int, count: int) -> list[Part]:
    """The parts of slice ``number`` of ``count``: the longest first, each to the shortest slice."""
    slices: list[list[Part]] = [[] for _ in range(count)]
    for part in sorted(parts, key=lambda one: -one.minutes):
        min(slices, key=lambda one: sum(other.minutes for other in one)).append(part)
    return sorted(slices[number - 1], key=lambda one: (one.apart, one.clusters))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slice", type=_slice, default=(1, 1), metavar="I/N")
    number, count = parser.parse_args().slice
    os.environ.setdefault("MCOS_REQUIRE_CEPH", "1")
    clouds = Clouds()
    clouds.clean()
    linked = 0
    try:
        for part in slice_of(PARTS, number, count):
            print(f"  {part.name}, of slice {number}/{count} of what takes long", flush=True)
            began = time.monotonic()
            with _environment(part.environment):
                if part.apart:
                    clouds.clean()
                    linked = 0
                if part.clusters > linked:
                    clouds.link(part.clusters)
                    linked = part.clusters
                clouds.test(*part.arguments)
            print(f"  {part.name} took {time.monotonic() - began:.0f} s", flush=True)
    except subprocess.CalledProcessError as error:
        return error.returncode
    finally:
        clouds.clean()
    return clouds.status


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _slice(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not number.isdecimal() or not count.isdecimal() or not 1 <= int(number) <= int(count):
        raise argparse.ArgumentTypeError(f"{text!r} must be I/N, from 1/N to N/N")
    return int(number), int(count)


if __name__ == "__main__":
    sys.exit(main())
