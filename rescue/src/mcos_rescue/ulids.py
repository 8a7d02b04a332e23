"""ULIDs: the first ten characters are a time."""

from datetime import UTC, datetime, timedelta

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_ulid(text: str) -> bool:
    """Whether ``text`` has the form of a ULID."""
    return len(text) == 26 and text[0] <= "7" and all(one in _VALUES for one in text)


def moment_of(ulid: str) -> datetime:
    """Return the time at which a ULID was made."""
    milliseconds = 0
    for digit in ulid[:10]:
        milliseconds = milliseconds * 32 + _VALUES[digit]
    return _EPOCH + timedelta(milliseconds=milliseconds)


def first_at(moment: datetime) -> str:
    """Return the smallest ULID of a time."""
    milliseconds = max(0, (moment - _EPOCH) // timedelta(milliseconds=1))
    digits = []
    for _ in range(10):
        milliseconds, value = divmod(milliseconds, 32)
        digits.append(_DIGITS[value])
    return "".join(reversed(digits)) + "0" * 16
