"""How often passwords may be tried: from one address on one account, on one account, from one
address.

Wrong passwords are counted by hours and days of the clock, so that a count ends without anybody's
help. Above a number that people reach by mistyping, each makes the wait before the next try twice
as long. Who waits is told for how long, and a refused try is not looked at and not counted.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from math import ceil


@dataclass(frozen=True)
class Gate:
    """A rule.

    Attributes
    ----------
    name
        What is counted.
    window_seconds
        The count begins anew so often.
    free
        The wrong password of this number is the first one that costs a wait.
    longest_seconds
        No wait is longer.
    """

    name: str
    window_seconds: int
    free: int
    longest_seconds: int

    def key(self, what: str, now: datetime) -> str:
        """Return the key of a count now; it does not tell what is counted."""
        return f"{self.name}/{int(now.timestamp()) // self.window_seconds}/{_digest(what)}"

    def ends(self, now: datetime) -> int:
        """Return when the count of now is of no use any more, Unix time."""
        return (int(now.timestamp()) // self.window_seconds + 1) * self.window_seconds


PAIR = Gate("pair", window_seconds=24 * 3600, free=5, longest_seconds=900)
"""One account from one address: about a hundred tries a day."""

ACCOUNT = Gate("account", window_seconds=3600, free=100, longest_seconds=60)
"""One account from everywhere, except from where its user has logged in before."""

ADDRESS = Gate("address", window_seconds=3600, free=100, longest_seconds=60)
"""One address on all accounts, except on those whose users have logged in from there before."""

KNOWN_SECONDS = 90 * 24 * 3600
"""For so long after a login its address is known as one of the user's."""

KNOWN_AGAIN_SECONDS = 60 * 24 * 3600
"""With less time left than this, a login makes its address known again."""


@dataclass(frozen=True)
class Count:
    """Wrong passwords in the window of now, and when the last one came, RFC 3339."""

    failures: int = 0
    at: str = ""


def wait_seconds(gate: Gate, count: Count, now: datetime) -> int:
    """Return for how long the next try must wait; 0: not at all."""
    above = count.failures - gate.free
    if above < 0 or not count.at:
        return 0
    pause = min(2 ** min(above, 30), gate.longest_seconds)
    left = datetime.fromisoformat(count.at) + timedelta(seconds=pause) - now
    return max(0, ceil(left.total_seconds()))


def pair(user_name: str, address: str) -> str:
    """Return what ``PAIR`` counts."""
    return f"{network_of(address)} {user_name}"


def network_of(address: str) -> str:
    """Return whom an address stands for: of IPv6, one customer has a network of 64 bits."""
    try:
        known = ip_address(address)
    except ValueError:
        return "unknown"
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return f"{IPv6Address(int(known) >> 64 << 64)}/64"


def known_key(user_name: str, address: str) -> str:
    """Return the key of the note that a user has logged in from an address."""
    return f"known/{_digest(pair(user_name, address))}"


def session_key(session: str) -> str:
    """Return the key of the note that a session has ended."""
    return f"session/{session}"


def sessions_key(user_name: str) -> str:
    """Return the key of the note that all sessions of a user up to now have ended."""
    return f"sessions/{user_name}"


def is_in_time(expires: float, now: datetime) -> bool:
    """Whether an item that expires then (Unix time) is to be minded now."""
    return datetime.fromtimestamp(expires, UTC) > now


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
