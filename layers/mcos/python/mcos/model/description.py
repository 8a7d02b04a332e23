"""What describes content: its type, user metadata and headers; and changes of it.

A change is a JSON merge patch (RFC 7396): what it does not name stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mcos.model.names import check_metadata
from mcos.model.representation import check_headers
from mcos.model.versions import Version

UNKNOWN_TYPE = "application/octet-stream"
"""The type of content whose sender gives none."""

Changes = Mapping[str, str | None] | None
"""New values by names in lower case; None as a value removes it, None as a whole removes all."""


@dataclass(frozen=True)
class DescriptionChange:
    """A change of what describes content.

    Attributes
    ----------
    content_type
        The new type; empty: it stays.
    metadata, headers
        See ``Changes``; none by default.
    """

    content_type: str = ""
    metadata: Changes = field(default_factory=dict)
    headers: Changes = field(default_factory=dict)

    def of(self, version: Version) -> Version:
        """Return a version with the change; it is equal to the given one if nothing changes.

        Raises
        ------
        InvalidMetadata, InvalidHeader
        """
        return replace(
            version,
            content_type=self.content_type or version.content_type,
            metadata=check_metadata(_merged(version.metadata, self.metadata)),
            headers=check_headers(_merged(version.headers, self.headers)),
        )


def _merged(before: Mapping[str, str], changes: Changes) -> dict[str, str]:
    if changes is None:
        return {}
    merged = {**before, **changes}
    return {name: value for name, value in merged.items() if value is not None}
