"""The alarms as Terraform makes them, and what CloudWatch would make of metrics.

The emulator turns no log line into a metric and knows neither missing data nor several periods, so
alarms are judged here: the same alarms, by CloudWatch's rules.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

LIST = Path(__file__).parents[2] / "infra/terraform/modules/watch/alarms.json"
PERIOD = 300
NAMESPACE = "MCOS"


@dataclass(frozen=True)
class Point:
    """One value of a metric; ``at`` in seconds since 1970."""

    at: float
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    value: float


@dataclass(frozen=True)
class Alarm:
    """An alarm: it fires if ``periods`` of the last ``of`` periods are on the wrong side."""

    name: str
    description: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    threshold: float
    is_below: bool
    periods: int
    of: int
    missing: str
    period: int = PERIOD

    def state(self, points: Iterable[Point], at: datetime) -> str:
        """OK or ALARM at a moment; INSUFFICIENT_DATA if nothing is known and nothing is assumed.

        A period counts once it has ended.
        """
        end = int(at.timestamp() // self.period) * self.period
        values: list[float | None] = [None] * self.of
        series: dict[int, list[float]] = {}
        for point in points:
            if (point.namespace, point.name) != (self.namespace, self.metric):
                continue
            back = int((end - point.at) // self.period) if point.at < end else -1
            if point.dimensions == self.dimensions and 0 <= back < self.of:
                series.setdefault(back, []).append(point.value)
        for back, found in series.items():
            values[back] = _statistic(self.statistic, found)
        if self.missing == "missing" and not series:
            return "INSUFFICIENT_DATA"
        wrong = sum(
            self.missing == "breaching" if value is None else self._is_wrong(value)
            for value in values
        )
        return "ALARM" if wrong >= self.periods else "OK"

    def _is_wrong(self, value: float) -> bool:
        return value < self.threshold if self.is_below else value >= self.threshold


def _statistic(name: str, values: list[float]) -> float:
    if name.startswith("p"):
        share = float(name[1:]) / 100
        return sorted(values)[max(ceil(share * len(values)) - 1, 0)]
    return {
        "Sum": sum(values),
        "Maximum": max(values),
        "Average": sum(values) / len(values),
        "SampleCount": float(len(values)),
    }[name]


def points_of(line: Mapping[str, Any]) -> list[Point]:
    """Read the metrics out of a log line, as CloudWatch does; none if it has none."""
    if "_aws" not in line:
        return []
    at = line["_aws"]["Timestamp"] / 1000
    return [
        Point(
            at,
            directive["Namespace"],
            metric["Name"],
            tuple(sorted((name, line[name]) for name in names)),
            float(line[metric["Name"]]),
        )
        for directive in line["_aws"]["CloudWatchMetrics"]
        for names in directive["Dimensions"]
        for metric in directive["Metrics"]
    ]


def firing(alarms: Iterable[Alarm], points: Iterable[Point], at: datetime) -> list[str]:
    """Names of the alarms that fire at a moment."""
    known = list(points)
    return sorted(one.name for one in alarms if one.state(known, at) == "ALARM")


def written_alarms(
    calls: Mapping[str, float], *, prefix: str = "mcos", publisher: str = "s3"
) -> list[Alarm]:
    """The alarms of the list, by their names there.

    Parameters
    ----------
    calls
        The calls that have alarms of their own, and how long one of a hundred may take, in ms.
    """
    listed = json.loads(LIST.read_text())
    own = ("deployment", prefix)
    found = [
        Alarm(
            name,
            text,
            NAMESPACE,
            "Concern",
            (("concern", name), own),
            "Maximum",
            threshold=0.001,
            is_below=False,
            periods=1,
            of=2,
            missing="notBreaching",
        )
        for name, text in listed["concerns"].items()
    ]
    for name, one in listed["others"].items():
        dimensions: tuple[tuple[str, str], ...] = (own,) if "by" in one else ()
        if "function" in one:
            dimensions = (("FunctionName", f"{prefix}-{publisher}-{one['function']}"),)
        found.append(
            _alarm(name, one, one["namespace"], dimensions, one.get("from"), one["description"])
        )
    for kind, one in listed["calls"].items():
        for call, limit in calls.items():
            text = one["description"].replace("{call}", call).replace("{p99_ms}", f"{limit:g}")
            threshold = one.get("from", limit)
            name = f"{call.replace('_', '-')}-{kind}"
            found.append(_alarm(name, one, NAMESPACE, (("call", call), own), threshold, text))
    return found


def _alarm(
    name: str,
    one: Mapping[str, Any],
    namespace: str,
    dimensions: tuple[tuple[str, str], ...],
    threshold: float | None,
    description: str,
) -> Alarm:
    return Alarm(
        name,
        description,
        namespace,
        one["metric"],
        dimensions,
        one["statistic"],
        one["below"] if threshold is None else threshold,
        threshold is None,
        one["periods"],
        one["of"],
        one.get("missing", "notBreaching"),
    )
