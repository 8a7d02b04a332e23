"""Handling of errors, logging and metrics of the API functions."""

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from aws_lambda_powertools import Logger

from chalicelib.shared import metrics
from chalicelib.shared.http import Request, Response
from chalicelib.shared.problems import problem
from mcos import clock
from mcos.aws import is_throttled
from mcos.catalog.access import Access, accessing
from mcos.errors import Busy, CatalogUnavailable, McosError, OutcomeUnknown
from mcos.model.concerns import Concern
from mcos.settings import settings

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]

Target = Callable[[Request], Mapping[str, str]]
"""Says on what a request acts, by the kind of each name."""

logger = Logger()
# The library logs through it too; the runtime's own handler would print every line again.
logging.getLogger(logger.service).propagate = False


CONSISTENCY = "X-MCOS-Consistency"


def endpoint(
    call: str,
    *,
    needs_token: bool = True,
    only_reads: bool = False,
    audited: bool = False,
    who: Callable[[Request], str | None] | None = None,
    target: Target | None = None,
) -> Callable[[Callable[[Request], Response]], Handler]:
    """Make a Lambda handler from a function that answers a request.

    Parameters
    ----------
    needs_token
        Whether a request without a good token is refused, before anything else is looked at.
    only_reads
        Whether it changes nothing, and so may be answered by eventually consistent reads where
        there are no others; the reply has ``X-MCOS-Consistency: eventual`` then.
    audited
        Whether it writes a line of the audit log too: see ``_audit``.
    who
        Returns the account that a request without a token names.
    target
        Returns the names of what an audited call is about; without it, its path says that.

    Notes
    -----
    It writes one log line with the request's id, the account, the call, its outcome and its
    duration (ms), but never with names, content, headers or tokens. The line is metrics too: for
    each call whether it failed, which is an answer of 500 and more, and how long it took, unless
    its caller wanted it to wait.
    """

    if needs_token:
        # While the function is initialised, and the processor runs at full speed.
        import_module("mcos.auth.caller")

    def decorate(answer: Callable[[Request], Response]) -> Handler:
        def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            started = clock.elapsed()
            request = Request(event)
            account = None
            outcome = "ok"
            unforeseen: Exception | None = None
            with accessing(may_be_stale=only_reads) as access:
                try:
                    account = request.account if needs_token else None
                    response = answer(request)
                except Exception as error:
                    told = _told(error, access)
                    outcome = told.code if isinstance(told, McosError) else "internal_error"
                    unforeseen = error if told is error and outcome == "internal_error" else None
                    response = problem(told, request.request_id)
            if access.is_stale:
                response = response.with_headers({CONSISTENCY: "eventual"})
            record(
                call,
                outcome,
                started,
                error=unforeseen,
                request_id=request.request_id,
                account=account,
                status=response.status,
                failed=response.status >= 500,
                waited=request.wants_to_wait,
            )
            if audited:
                named = (target(request) if target else None) or request.path
                _audit(call, outcome, request, who(request) if who else account, named)
            reply = response.for_gateway(head=request.method == "HEAD")
            reply["headers"] |= request.own_name
            return reply

        return handle

    return decorate


def _told(error: Exception, access: Access) -> Exception:
    """Return what a caller is told of an error: a service that has no time is not unexpected."""
    if isinstance(error, McosError):
        return error
    # Imported here: who did not use the catalog did not fail by it, and starts without it.
    from mcos.catalog.tables import is_unavailable

    throttled = is_throttled(error)
    if not throttled and not is_unavailable(error):
        return error
    logger.warning("no answer: %s", error)
    if access.has_written:
        return OutcomeUnknown("The call was not completed. The change may have been accepted.")
    if throttled:
        return Busy("AWS turns calls away at the moment; nothing was changed. Try again later.")
    return CatalogUnavailable("The catalog does not answer; nothing was changed. Try again.")


def _audit(
    call: str,
    outcome: str,
    request: Request,
    account: str | None,
    target: str | Mapping[str, str],
) -> None:
    """Write a line of the audit log: who tried what, on what, from where, and what came of it.

    All lines have the same fields, empty if they are not known. The target is the
    path, or the names in it, and never has a secret; of the body and the headers nothing is logged.
    """
    line = {
        "cluster": settings().cluster,
        "call": call,
        "account": account or "",
        "address": request.address,
        "target": target,
        "outcome": outcome,
        "request_id": request.request_id,
    }
    logger.info("audit", extra=line)


def record(
    call: str,
    outcome: str,
    started: float,
    *,
    error: Exception | None = None,
    failed: bool | None = None,
    waited: bool = False,
    **fields: Any,
) -> None:
    """Write the one log line of a call.

    Parameters
    ----------
    started
        ``clock.elapsed()`` when it began.
    error
        An unexpected exception, which is logged with its traceback.
    failed
        Whether it failed, for the metrics of its name; None: there are none.
    waited
        Whether its caller wanted it to wait, so that its duration says nothing.
    fields
        Further fields of the line.
    """
    duration = round((clock.elapsed() - started) * 1000, 1)
    line = {"call": call, "outcome": outcome, "duration_ms": duration, **fields}
    extra = {"cluster": settings().cluster, **line}
    if failed is not None:
        values = {"Errors": int(failed), **({} if waited else {"Duration": duration})}
        extra |= metrics.embedded(values, {"call": call}, sets=[[], ["call"]])
    if error is None:
        logger.info("call", extra=extra)
    else:
        logger.error("call", extra=extra, exc_info=error)


def tell(concern: Concern, value: float, **fields: Any) -> None:
    """Write a log line, and the metric, of something that an operator must know of.

    Parameters
    ----------
    value
        How much: a number of things, or seconds for what is late; more than 0.
    fields
        Further fields of the line; none names an account's container or object.
    """
    embedded = metrics.embedded({"Concern": value}, {"concern": concern.value})
    extra = {"cluster": settings().cluster, "concern": concern.value, **fields, **embedded}
    logger.warning("concern", extra=extra)
