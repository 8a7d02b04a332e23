"""Exit codes that scripts can tell apart. README has the table."""

from enum import IntEnum

from mcos_client import errors


class ExitCode(IntEnum):
    OK = 0
    OTHER = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    NOT_PERMITTED = 5
    UNAVAILABLE = 6
    NOT_DONE = 7


_OF_ERRORS: tuple[tuple[type[errors.McosError], ExitCode], ...] = (
    (errors.InvalidRequest, ExitCode.USAGE),
    (errors.NotFound, ExitCode.NOT_FOUND),
    (errors.Conflict, ExitCode.CONFLICT),
    (errors.PreconditionFailed, ExitCode.CONFLICT),
    (errors.ObjectChanged, ExitCode.CONFLICT),
    (errors.NotAuthenticated, ExitCode.NOT_PERMITTED),
    (errors.NotPermitted, ExitCode.NOT_PERMITTED),
    (errors.QuotaExceeded, ExitCode.NOT_PERMITTED),
    (errors.Unavailable, ExitCode.UNAVAILABLE),
    (errors.Unreachable, ExitCode.UNAVAILABLE),
    (errors.NotSettled, ExitCode.NOT_DONE),
    (errors.ObjectFailed, ExitCode.NOT_DONE),
)

# What a gateway answers in the API's place when it cannot reach it, or throttles.
_GATEWAY_STATUSES = (429, 502, 503, 504)


def exit_code_of(error: errors.McosError) -> ExitCode:
    """Look up the exit code of an error."""
    for kind, code in _OF_ERRORS:
        if isinstance(error, kind):
            return code
    if error.status in _GATEWAY_STATUSES:
        return ExitCode.UNAVAILABLE
    return ExitCode.OTHER
