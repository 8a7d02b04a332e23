"""Several backends as one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos_rescue.errors import NotThere
from mcos_rescue.fetch import all_keys
from mcos_rescue.stores.contract import Listed, Opened
from mcos_rescue.stores.union import Union

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class Keys:
    """A store that lists two keys at a time and opens none."""

    kind = "s3"

    def __init__(self, keys: set[str]) -> None:
        self.keys = keys

    def page(self, prefix: str, after: str) -> list[Listed]:
        keys = sorted(self.keys, key=str.encode)
        found = [key for key in keys if key.startswith(prefix) and key.encode() > after.encode()]
        return [Listed(key, 0, MOMENT) for key in found[:2]]

    def open(self, key: str, first: int = 0) -> Opened:
        raise NotThere(key)


SETS = st.lists(st.sets(st.text("ab~\uffff\U00010000", max_size=4)), min_size=1, max_size=3)


@given(SETS, st.text("ab", max_size=1))
def test_it_lists_every_key_once_and_in_order(sets: list[set[str]], prefix: str) -> None:
    stores = [Keys({f"k{one}" for one in keys}) for keys in sets]
    found = [one.key for one in all_keys(Union(stores), f"k{prefix}")]
    wanted = {key for one in stores for key in one.keys if key.startswith(f"k{prefix}")}
    assert found == sorted(wanted, key=str.encode)


def test_what_none_has_is_not_there() -> None:
    with pytest.raises(NotThere):
        Union([Keys(set()), Keys(set())]).open("a")
