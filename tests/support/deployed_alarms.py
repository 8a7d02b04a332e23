"""The deployed alarms, and what deployed functions and the emulator give them to judge."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from localstack_client.session import Session

from tests.support.alarms import PERIOD, Alarm, Point, firing, points_of
from tests.support.waiting import wait_until

CLUSTERS = ("s3", "swift", "ceph")


class Watch:
    """The deployed alarms, and the metrics in the functions' logs."""

    def __init__(self, emulator: Session, invoke: Callable[..., Any]) -> None:
        self._logs = emulator.client("logs")
        self._alarms = emulator.client("cloudwatch")
        self._invoke = invoke

    @property
    def alarms(self) -> list[Alarm]:
        """The alarms as the emulator has them."""
        found = self._alarms.get_paginator("describe_alarms").paginate()
        return [_alarm(one) for page in found for one in page["MetricAlarms"]]

    def points(self, function: str, since: datetime) -> list[Point]:
        """What a function of all clusters has written as metrics since a time."""
        found = []
        for cluster in CLUSTERS:
            pages = self._logs.get_paginator("filter_log_events").paginate(
                logGroupName=f"/aws/lambda/mcos-{cluster}-{function}",
                startTime=int(since.timestamp() * 1000),
            )
            for page in pages:
                for event in page["events"]:
                    found += points_of(_read(event["message"]))
        return [one for one in found if one.at >= since.timestamp()]

    def fires(self, since: datetime, *functions: str) -> list[str]:
        """Let all clusters be watched; the alarms that fire by what was written since a time.

        The period in which that was counts as if it had ended.
        """
        for cluster in CLUSTERS:
            self._invoke(cluster, "watch_cluster", {})
        wait_until(lambda: self._has_looked(since), "the logs say that all was looked at")
        points = [
            point
            for function in ("watch_cluster", *functions)
            for point in self.points(function, since)
        ]
        return self.firing_by(points)

    def _has_looked(self, since: datetime) -> bool:
        looks = [one for one in self.points("watch_cluster", since) if one.name == "Watched"]
        return len(looks) >= len(CLUSTERS)

    def firing_by(self, points: Iterable[Point], *, periods: int = 2) -> list[str]:
        """The alarms that fire by what was measured just now, if it has been so for some periods.

        Who watches comes once in five minutes, and here only now.
        """
        earlier = [
            Point(one.at - PERIOD * back, *_rest(one)) for one in points for back in range(periods)
        ]
        alarms = [one for one in self.alarms if one.metric != "Watched"]
        return firing(alarms, earlier, datetime.now(UTC) + timedelta(seconds=PERIOD))

    def measured(self, namespace: str, metric: str, since: datetime, **dimensions: str) -> float:
        """The sum of a metric since a time, as CloudWatch tells it; without dimensions, of all."""
        named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        what = {"Namespace": namespace, "MetricName": metric, "Dimensions": named}
        stat = {"Metric": what, "Period": PERIOD, "Stat": "Sum"}
        reply = self._alarms.get_metric_data(
            MetricDataQueries=[{"Id": "asked", "MetricStat": stat}],
            StartTime=since,
            EndTime=datetime.now(UTC) + timedelta(seconds=PERIOD),
        )
        return float(sum(reply["MetricDataResults"][0]["Values"]))


def _rest(point: Point) -> tuple[str, str, tuple[tuple[str, str], ...], float]:
    return point.namespace, point.name, point.dimensions, point.value


def _read(message: str) -> Any:
    try:
        return json.loads(message)
    except ValueError:
        return {}  # Lambda's own lines


def _alarm(one: dict[str, Any]) -> Alarm:
    return Alarm(
        one["AlarmName"].removeprefix("mcos-"),
        one["AlarmDescription"].partition(" docs/runbook.md")[0],
        one["Namespace"],
        one["MetricName"],
        tuple(sorted((each["Name"], each["Value"]) for each in one.get("Dimensions", ()))),
        one.get("ExtendedStatistic") or one["Statistic"],
        one["Threshold"],
        one["ComparisonOperator"] == "LessThanThreshold",
        one["DatapointsToAlarm"],
        one["EvaluationPeriods"],
        one["TreatMissingData"],
        one["Period"],
    )
