"""What a deployment costs in a month in which nobody uses it, from what Terraform plans.

List prices of us-east-1 without any free allowance, as of November 2026; storage services apart.
https://aws.amazon.com/cloudwatch/pricing, /secrets-manager/pricing, /sqs/pricing,
/eventbridge/pricing, /lambda/pricing, /dynamodb/pricing/on-demand, /kms/pricing
"""

from collections.abc import Iterable, Mapping
from typing import Any

MINUTES = 43_800

METRIC = 0.30
ALARM = 0.10
DASHBOARD = 3.00
"""Of an account's dashboards the first three cost nothing while they have at most 50 metrics."""

SECRET = 0.40
KEY = 1.00
SQS_REQUEST = 0.40e-6
SCHEDULED = 1.00e-6
CALL = 0.20e-6
GB_SECOND = 0.0000133334
READ_UNIT = 0.125e-6
WRITE_UNIT = 0.625e-6
KMS_REQUEST = 3e-6
LOG_BYTE = 0.50 / 2**30

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
        "secrets": count("aws_secretsmanager_secret") * SECRET,
        "keys": count("aws_kms_key") * KEY,
        "queues": len(queues) * POLLS_A_MINUTE * MINUTES * SQS_REQUEST,
        # The sweeper looks at one queue, who watches at seven.
        "looking at queues": (checks + 7 * watches) * SQS_REQUEST,
        "schedules": sum(times for _, times in schedules) * SCHEDULED,
        "functions": called * CALL
        + sum(times * memory[name] * SECONDS.get(name, 0.03) * GB_SECOND for name, times in calls),
        # A check reads and writes its health; the sweeper has five queries, others a read.
        "tables": checks * (WRITE_UNIT + 6 * READ_UNIT) + watches * (WRITE_UNIT + 6 * READ_UNIT),
        # Each role asks for the key of the tables once in five minutes.
        "the tables' key": 35_000 * 3 * KMS_REQUEST,
        "logs": called * LINES_BYTES * LOG_BYTE,
        "metrics": IDLE_METRICS * METRIC if count("aws_cloudwatch_metric_alarm") else 0.0,
        "alarms": count("aws_cloudwatch_metric_alarm") * ALARM,
        "dashboards": count("aws_cloudwatch_dashboard") * DASHBOARD,
    }


def _minutes(expression: str) -> float:
    number, unit = expression.removeprefix("rate(").removesuffix(")").split()
    return float(number) * {"minute": 1, "hour": 60, "day": 1440}[unit.removesuffix("s")]
