"""What a deployment costs in a month in which nobody uses it, from what Terraform plans.

By the list prices of ``bench.cost.prices``; storage services apart.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bench.cost import prices

MINUTES = 43_800

POLLS_A_MINUTE = 15
"""Of each queue that Lambda reads: five readers, each of which waits 20 s for a message."""

SECONDS = {
    "check_health": 0.26,
    "sweep_pending": 0.03,
    "run_jobs": 0.015,
    "scrub_backend": 0.015,
    "watch_cluster": 0.1,
    "write_snapshot": 0.03,
}
"""How long each function takes while there is nothing to do, on a Graviton2 processor of half its
power: measured on another machine, and half as long again."""

LINES_BYTES = 800
"""Of each call: its line, and three of Lambda's."""

IDLE_METRICS = 1
"""How many metrics an idle deployment writes; ``tests/inprocess/test_alarms.py`` counts them."""


def idle_cost(resources: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The dollars of a month, by what they are spent on.

    Parameters
    ----------
    resources
        The attributes of what is planned, each with its ``type`` and ``address``.
    """
    known = list(resources)
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for one in known:
        by_type.setdefault(one["type"], []).append(one)

    def count(kind: str) -> int:
        return len(by_type.get(kind, ()))

    schedules = [
        (one["name"].rsplit("-", 1)[1], MINUTES / _minutes(one["schedule_expression"]))
        for one in by_type["aws_scheduler_schedule"]
    ]
    memory = {
        one["function_name"].rsplit("-", 1)[1]: one["memory_size"] / 1024
        for one in by_type["aws_lambda_function"]
    }
    checks = sum(times for name, times in schedules if name == "check_health")
    watches = sum(times for name, times in schedules if name == "watch_cluster")
    # What the journal's writer reads is the health checks' writes.
    calls = [*schedules, ("write_journal", checks + watches)]
    called = sum(times for _, times in calls)
    queues = [
        one
        for one in by_type["aws_lambda_event_source_mapping"]
        if not one.get("starting_position")
    ]
    return {
        "secrets": count("aws_secretsmanager_secret") * prices.SECRET_MONTH,
        "keys": count("aws_kms_key") * prices.KEY_MONTH,
        "queues": len(queues) * POLLS_A_MINUTE * MINUTES * prices.SQS_REQUEST,
        # The sweeper looks at one queue, who watches at seven.
        "looking at queues": (checks + 7 * watches) * prices.SQS_REQUEST,
        "schedules": sum(times for _, times in schedules) * prices.SCHEDULED_CALL,
        "functions": called * prices.LAMBDA_REQUEST
        + sum(
            times * memory[name] * SECONDS.get(name, 0.03) * prices.LAMBDA_GB_SECOND
            for name, times in calls
        ),
        # A check reads and writes its health; the sweeper has five queries, others a read.
        "tables": checks * (prices.DYNAMODB_WRITE_UNIT + 6 * prices.DYNAMODB_READ_UNIT)
        + watches * (prices.DYNAMODB_WRITE_UNIT + 6 * prices.DYNAMODB_READ_UNIT),
        # Each role asks for the key of the tables once in five minutes.
        "the tables' key": 35_000 * 3 * prices.KMS_REQUEST,
        "logs": called * LINES_BYTES * prices.LOG_BYTE,
        "metrics": IDLE_METRICS * prices.METRIC_MONTH
        if count("aws_cloudwatch_metric_alarm")
        else 0.0,
        "alarms": count("aws_cloudwatch_metric_alarm") * prices.ALARM_MONTH,
        "dashboards": count("aws_cloudwatch_dashboard") * prices.DASHBOARD_MONTH,
    }


def _minutes(expression: str) -> float:
    number, unit = expression.removeprefix("rate(").removesuffix(")").split()
    return float(number) * {"minute": 1, "hour": 60, "day": 1440}[unit.removesuffix("s")]
