"""Several backends of a deployment as one: what one of them lacks, another may have.

Keys of the journal are written once, so whatever lies under the same key is the same.
"""

from collections.abc import Sequence
from contextlib import suppress

from mcos_rescue.errors import NotThere
from mcos_rescue.stores.contract import Listed, Opened, Store


class Union:
    """A store of what any of some stores has.

    Parameters
    ----------
    stores
        At least one.
    """

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = stores

    @property
    def kind(self) -> str:
        """That of the first."""
        return self._stores[0].kind

    def page(self, prefix: str, after: str) -> list[Listed]:
        """Return the next keys that any of the stores has."""
        pages = [found for one in self._stores if (found := one.page(prefix, after))]
        if not pages:
            return []
        # Behind the end of the shortest page, its store may have keys that are not listed yet.
        end = min(found[-1].key.encode() for found in pages)
        union = {one.key: one for found in pages for one in found if one.key.encode() <= end}
        return sorted(union.values(), key=lambda one: one.key.encode())

    def open(self, key: str, first: int = 0) -> Opened:
        """Open what is under a key of the first store that has it.

        Raises
        ------
        NotThere
        """
        for one in self._stores:
            with suppress(NotThere):
                return one.open(key, first)
        raise NotThere(f"{key} is not there")
