"""``Prefer``, RFC 7240."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.shared.preferences import preference_applied, read_prefer
from mcos import limits
from mcos.settings import settings
from mcos.versions.make import Prefer
from tests.support.events import request


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("respond-async", Prefer("respond-async")),
        ("Respond-Async", Prefer("respond-async")),
        ("wait=10", Prefer("wait", 10)),
        ('WAIT = "10"', Prefer("wait", 10)),
        ("wait=0", Prefer("wait", 1)),
        ("wait=999999999", Prefer("wait", 25)),
        ("respond-async, wait=10", Prefer("respond-async")),
        ("wait=10, respond-async", Prefer("respond-async")),
        ("wait=5, wait=9", Prefer("wait", 5)),
        ("handling=strict; x=y, wait=7; foo", Prefer("wait", 7)),
        ("respond-async; whatever", Prefer("respond-async")),
    ],
)
def test_what_is_understood_is_applied(header: str, wanted: Prefer) -> None:
    assert read_prefer(request(headers={"prefer": header})) == wanted


@pytest.mark.parametrize(
    "header", ["", "wait", "wait=", "wait=x", "wait=-1", "wait=1.5", "async", "wait=٣"]
)
@pytest.mark.parametrize("default", ["respond-async", "wait"])
def test_what_is_not_understood_is_ignored(
    header: str, default: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCOS_DEFAULT_PREFER", default)
    settings.cache_clear()
    assert read_prefer(request(headers={"prefer": header})).mode == default
    assert read_prefer(request()).mode == default


@given(st.text())
def test_no_header_breaks_it_and_the_wait_always_fits_into_a_call(header: str) -> None:
    preference = read_prefer(request(headers={"prefer": header}))
    assert limits.WAIT_SECONDS_MIN <= preference.wait_seconds <= limits.WAIT_SECONDS_MAX


def test_the_reply_says_what_was_applied() -> None:
    assert preference_applied(Prefer("respond-async")) == {"Preference-Applied": "respond-async"}
    assert preference_applied(Prefer("wait", 7)) == {"Preference-Applied": "wait=7"}
