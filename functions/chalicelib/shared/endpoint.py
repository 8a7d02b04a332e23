"""Handling of errors, logging and metrics of the API functions."""

import logging
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from chalicelib.shared.http import Request, Response
from chalicelib.shared.problems import problem
from mcos import clock
from mcos.aws import is_throttled
from mcos.errors import Busy, McosError
from mcos.settings import settings

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]

logger = Logger()
# The library logs through it too; the runtime's own handler would print every line again.
logging.getLogger(logger.service).propagate = False
metrics = Metrics()
_READS = ("GET", "HEAD")
_counting = Lock()  # a worker may process several messages at once


def endpoint(call: str) -> Callable[[Callable[[Request], Response]], Handler]:
    """Make a Lambda handler from a function that answers a request.

    It writes one log line with the request's id, the account, the call, its outcome and its
    duration (ms), but never with names, content, headers or tokens.
    """

    def decorate(answer: Callable[[Request], Response]) -> Handler:
        def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            started = clock.elapsed()
            request = Request(event)
            outcome = "ok"
            unforeseen: Exception | None = None
            try:
                response = answer(request)
            except McosError as error:
                outcome = error.code
                response = problem(error, request.request_id)
            except Exception as error:
                if is_throttled(error):
                    busy = Busy("AWS turns calls away at the moment; try again later.")
                    outcome = busy.code
                    # A change may have been accepted before the call that was turned away.
                    reads = request.method in _READS
                    response = problem(busy, request.request_id, says_when=reads)
                else:
                    outcome, unforeseen = "internal_error", error
                    response = problem(error, request.request_id)
            finding = event.get("requestContext", {}).get("authorizer", {}).get("lambda") or {}
            record(
                call,
                outcome,
                started,
                error=unforeseen,
                request_id=request.request_id,
                account=finding.get("account"),
                status=response.status,
            )
            reply = response.for_gateway(head=request.method == "HEAD")
            reply["headers"] |= request.own_name
            return reply

        return handle

    return decorate


def record(
    call: str, outcome: str, started: float, *, error: Exception | None = None, **fields: Any
) -> None:
    """Write the one log line of a call and count it.

    Parameters
    ----------
    started
        ``clock.elapsed()`` when it began.
    error
        An unexpected exception, which is logged with its traceback.
    fields
        Further fields of the line.
    """
    duration = round((clock.elapsed() - started) * 1000, 1)
    line = {"call": call, "outcome": outcome, "duration_ms": duration, **fields}
    cluster = settings().cluster
    extra = {"cluster": cluster, **line}
    if error is None:
        logger.info("call", extra=extra)
    else:
        logger.error("call", extra=extra, exc_info=error)
    with _counting:
        metrics.add_dimension(name="cluster", value=cluster)
        metrics.add_dimension(name="call", value=call)
        metrics.add_dimension(name="outcome", value=outcome)
        metrics.add_metric(name="Calls", unit=MetricUnit.Count, value=1)
        metrics.add_metric(name="Duration", unit=MetricUnit.Milliseconds, value=duration)
        metrics.flush_metrics()


def count(name: str, value: int) -> None:
    """Write a metric of the cluster that does not belong to a single call."""
    with single_metric(name=name, unit=MetricUnit.Count, value=value) as metric:
        metric.add_dimension(name="cluster", value=settings().cluster)
