"""``Prefer`` (RFC 7240): how the caller of a write waits."""

import re

from chalicelib.shared.http import Request
from mcos import limits
from mcos.settings import settings
from mcos.versions.make import Prefer

_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,9})\"?")


def read_prefer(request: Request) -> Prefer:
    """Return the preference to apply; unknown ones are ignored, as RFC 7240 requires."""
    wait = None
    for preference in request.headers.get("prefer", "").split(","):
        asked = preference.partition(";")[0].strip().lower()
        if asked == "respond-async":
            return Prefer("respond-async")
        if wait is None and (found := _WAIT.fullmatch(asked)):
            wait = int(found[1])
    if wait is None:
        return Prefer(settings().default_prefer)
    return Prefer("wait", min(max(wait, limits.WAIT_SECONDS_MIN), limits.WAIT_SECONDS_MAX))


def is_redirect_refused(request: Request) -> bool:
    """Whether the caller refuses redirects."""
    preferences = request.headers.get("prefer", "").split(",")
    return "no-redirect" in [one.partition(";")[0].strip().lower() for one in preferences]


def preference_applied(preference: Prefer) -> dict[str, str]:
    """Return the header ``Preference-Applied``."""
    mode = preference.mode
    text = mode if mode == "respond-async" else f"wait={preference.wait_seconds}"
    return {"Preference-Applied": text}
