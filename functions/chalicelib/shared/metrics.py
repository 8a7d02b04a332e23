"""Metrics, which CloudWatch reads out of log lines (its embedded metric format).

A metric costs by the hour in which it is written. So an idle deployment writes one, the sign that
it is watched; a call writes those of its name; and a concern is written only while there is one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mcos import clock
from mcos.settings import metrics_namespace, table_prefix

_UNITS = {"Duration": "Milliseconds"}


def embedded(
    values: Mapping[str, float],
    dimensions: Mapping[str, str] | None = None,
    *,
    sets: Sequence[Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Return the fields of a log line that make it metrics; none if the deployment wants none.

    Parameters
    ----------
    values
        The value of each metric.
    dimensions
        Names that have few values; the deployment's is added.
    sets
        By which of them each metric is kept, beside the deployment; None: by all of them.
    """
    namespace = metrics_namespace()
    if not namespace:
        return {}
    named = {"deployment": table_prefix(), **(dimensions or {})}
    kept = [[*named]] if sets is None else [["deployment", *one] for one in sets]
    metrics = [{"Name": name, "Unit": _UNITS.get(name, "None")} for name in values]
    directive = {"Namespace": namespace, "Dimensions": kept, "Metrics": metrics}
    at = int(clock.moment().timestamp() * 1000)
    return {"_aws": {"Timestamp": at, "CloudWatchMetrics": [directive]}, **named, **values}
