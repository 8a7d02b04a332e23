"""Lists that come in pages, as series of their items."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from mcos_client.api.call import Call
from mcos_client.api.method import Item, Series, Show, ask
from mcos_client.errors import UnexpectedReply


class _Page(Protocol):
    @property
    def next_marker(self) -> str | None: ...


Page = TypeVar("Page", bound=_Page)


def each(
    page_after: Callable[[str | None], Call[Page]], items_of: Callable[[Page], Iterable[Item]]
) -> Series[Item]:
    """Show the items of each page, up to the page without a ``next_marker``.

    Parameters
    ----------
    page_after
        The call for the page behind a marker; None is for the first.

    Raises
    ------
    UnexpectedReply
        A page says that it is followed by itself.
    """
    marker = None
    while True:
        page = yield from ask(page_after(marker))
        for item in items_of(page):
            yield Show(item)
        if page.next_marker is None:
            return
        if page.next_marker == marker:
            raise UnexpectedReply("A page of a listing must not be followed by itself.")
        marker = page.next_marker
