"""What a listing has to show, after OpenStack Swift (``swift/container/backend.py``)."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Expected:
    """Names and common prefixes, each in the order of their UTF-8 bytes."""

    names: list[str] = field(default_factory=list)
    common_prefixes: list[str] = field(default_factory=list)


def in_order(names: Iterable[str]) -> list[str]:
    """``names`` by the bytes of their UTF-8."""
    return sorted(names, key=lambda name: name.encode("utf-8"))


def expected_listing(
    names: Iterable[str], *, prefix: str = "", delimiter: str = "", marker: str = ""
) -> Expected:
    """Everything behind ``marker``, however many pages it takes."""
    expected = Expected()
    for name in in_order(names):
        if not name.startswith(prefix) or name.encode("utf-8") <= marker.encode("utf-8"):
            continue
        end = name.find(delimiter, len(prefix)) if delimiter else -1
        if end < 0:
            expected.names.append(name)
            continue
        common = name[: end + len(delimiter)]
        # A common prefix that is the marker was told of on the page before.
        if common != marker and common not in expected.common_prefixes[-1:]:
            expected.common_prefixes.append(common)
    return expected
