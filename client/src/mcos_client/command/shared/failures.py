"""Failures as one line on standard error and an exit code."""

import re

from mcos_client.command.shared.exit_codes import ExitCode, exit_code_of
from mcos_client.command.shared.session import Session
from mcos_client.command.shared.terminal import json_line
from mcos_client.config import ConfigProblem, NotLoggedIn
from mcos_client.errors import McosError, TokenExpired, TokenInvalid, TokenRevoked


def report(session: Session, failure: Exception, subject: str | None = None) -> ExitCode:
    """Print a failure, and give its exit code.

    Parameters
    ----------
    subject
        The file or object that it is about, where there are several.
    """
    code, detail = code_of(failure), _detail(failure)
    if session.json:
        status = failure.status if isinstance(failure, McosError) else None
        told = {"code": code, "detail": detail, "status": status, "subject": subject}
        given = {name: value for name, value in told.items() if value is not None}
        session.errors.print(json_line(given))
    else:
        about = "" if subject is None else f"{subject}: "
        session.note(f"{about}{detail} [{code}]")
    return exit_code(failure)


def exit_code(failure: Exception) -> ExitCode:
    """Look up the exit code of a failure."""
    if isinstance(failure, McosError):
        return exit_code_of(failure)
    return ExitCode.NOT_PERMITTED if isinstance(failure, NotLoggedIn) else ExitCode.OTHER


def code_of(failure: Exception) -> str:
    """Give the API's code; for other failures, their name in the same style."""
    if isinstance(failure, McosError) and failure.code is not None:
        return failure.code
    if isinstance(failure, OSError) and not isinstance(failure, McosError):
        return "file_error"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(failure).__name__).lower()


def _detail(failure: Exception) -> str:
    if isinstance(failure, OSError) and failure.strerror:
        return f"{failure.filename}: {failure.strerror}" if failure.filename else failure.strerror
    detail = " ".join(str(failure).split()) or type(failure).__name__
    if not isinstance(failure, McosError | ConfigProblem | NotLoggedIn | OSError):
        detail = f"this should not have happened: {detail} (MCOS_TRACEBACK=1 says where)"
    if isinstance(failure, TokenExpired | TokenRevoked | TokenInvalid):
        return f"{detail} Run mcos login."
    return detail
