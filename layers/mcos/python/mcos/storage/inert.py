"""Content types under which a service may serve content to a browser that trusts its host.

Pages, documents and drawings can hold scripts, and a browser that shows them runs these as the
service's own. Where a signed URL does not sign how content is served, a type that is not known to
be inert is not told to the service.
"""

import re

BYTES = "application/octet-stream"

_INERT = re.compile(
    r"(application/(gzip|json|octet-stream|x-ndjson|x-tar|zip|zstd)|text/(csv|plain)|font/[a-z0-9]+"
    r"|image/(avif|bmp|gif|heic|heif|jpeg|png|tiff|webp)|(audio|video)/[a-z0-9.+-]+)\s*(;.*)?",
    re.IGNORECASE,
)


def is_inert(content_type: str) -> bool:
    """Whether no browser runs content of this type."""
    return _INERT.fullmatch(content_type) is not None
