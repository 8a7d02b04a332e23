"""What a replica says of itself."""

from base64 import urlsafe_b64encode
from zlib import compress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos import limits
from mcos.model.objects import ObjectKey
from mcos.replicas import identity
from mcos.storage import IDENTITY_CHARACTERS
from mcos.storage.arguments import check_parts_of, identity_entries, identity_of

DEPLOYMENT = "01KB0000000000000000000000"
AT = "2026-11-26T00:00:00.000000Z"

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1024).filter(
    lambda name: len(name.encode()) <= limits.OBJECT_NAME_BYTES
)
keys = st.builds(ObjectKey, st.just("a" * limits.USER_NAME_LENGTH), st.just("c" * 256), names)


@given(keys)
def test_an_identity_names_its_object_or_the_digest_of_its_name(key: ObjectKey) -> None:
    text = identity.write(DEPLOYMENT, key, AT)
    check_parts_of("key", content_type="a/b", parts_md5="0" * 32, identity=text)
    found = identity.read(text)
    assert found is not None
    assert found.name in (key.name, None)
    assert (found.deployment, found.account, found.container) == (DEPLOYMENT, *key[:2])
    assert found.created_at == AT
    assert found.is_of(key)
    assert not found.is_of(key._replace(name=key.name + "x"))
    assert not found.is_of(key._replace(container="other"))


def test_a_name_that_no_header_can_carry_is_named_by_its_digest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identity, "IDENTITY_CHARACTERS", 300)
    key = ObjectKey("a", "c", "".join(chr(0x4E00 + 7919 * n % 20000) for n in range(341)))
    found = identity.read(identity.write(DEPLOYMENT, key, AT))
    assert found is not None
    assert found.name is None
    assert found.is_of(key)
    assert not found.is_of(key._replace(name="other"))


@pytest.mark.parametrize(
    "text",
    [None, "", "age.abc", "%%", urlsafe_b64encode(compress(b'["2"]')).decode(), "AAAA"],
)
def test_what_cannot_be_read_here_is_none(text: str | None) -> None:
    assert identity.read(text) is None


@given(st.text("azAZ09._-", max_size=IDENTITY_CHARACTERS), st.integers(1, 1000))
def test_an_identity_is_cut_and_joined(text: str, characters: int) -> None:
    entries = identity_entries(text, characters)
    assert all(len(value) <= characters for value in entries.values())
    assert identity_of({f"x-{name}": value for name, value in entries.items()}, "x-") == (
        text or None
    )
