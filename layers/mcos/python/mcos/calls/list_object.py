"""list_object: the objects of a container, listed as Swift does."""

from dataclasses import dataclass
from itertools import takewhile

from mcos.catalog import containers, objects
from mcos.model import listing
from mcos.model.names import check_container_name
from mcos.model.objects import ObjectRecord
from mcos.model.reservation import is_reserved


@dataclass(frozen=True)
class Listing:
    """A page: objects, common prefixes, and the marker of the next page (None: the last page)."""

    objects: list[ObjectRecord]
    common_prefixes: list[str]
    next_marker: str | None


def list_object(
    account: str, container: str, *, prefix: str, delimiter: str, marker: str, limit: int
) -> Listing:
    """Return one page: one Query of at most ``limit`` names, however many are folded or skipped.

    A page may have fewer entries than ``limit`` although more follow: all names that were read
    count, even those folded into one common prefix. The next page skips the rest of that prefix.

    Raises
    ------
    InvalidName, ContainerNotFound
    """
    check_container_name(container)
    start = listing.start(prefix, delimiter, marker)
    if start is None:
        containers.get(account, container)
        return Listing([], [], None)
    page = objects.page(
        account, container, prefix=prefix, after=start.after, first=start.first, limit=limit
    )
    if not page.records:
        containers.get(account, container)
    records = list(takewhile(lambda one: one.name.startswith(prefix), page.records))
    folded = listing.fold_all((one.name for one in records), prefix, delimiter)
    shown = set(folded.names)
    ended = page.more_after is None or len(records) < len(page.records)
    return Listing(
        objects=[one for one in records if one.name in shown and not is_reserved(one)],
        common_prefixes=folded.common_prefixes,
        next_marker=None if ended else folded.last,
    )
