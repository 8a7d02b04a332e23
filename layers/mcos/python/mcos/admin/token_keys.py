"""Replacing the key of tokens while calls go on. An operator's command, with rights of their own.

A rotation writes the keys of who signs and of who verifies, one after the other, so that it can end
anywhere and be run again:

1. a new key is kept where keys sign, without a time from when on it signs;
2. its public half is published to who verifies;
3. it gets its time, after which every function has read 2, and the key before it gets its end, when
   its last token has expired;
4. these times are published too.

No function is told of any of this. Each reads its keys again in time, and all change at the
moment that the keys name.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mcos import clock, limits
from mcos.aws import SecretEmpty, client, text_of_parameter, text_of_secret
from mcos.model.token_keys import (
    TokenKey,
    keys_in,
    published,
    signer,
    signing_text,
    verifying_text,
)


@dataclass(frozen=True)
class KeySecrets:
    """Where a deployment's keys are kept.

    Attributes
    ----------
    verifying
        Name of the secret for who verifies.
    """

    verifying: str

    @property
    def signing(self) -> str:
        """Name of the encrypted parameter for who signs: the one that Terraform tells ``login``.

        It is named after the secret, whose name no other deployment has had.
        """
        return f"/mcos/signing-keys/{self.verifying}"


@dataclass(frozen=True)
class Rotation:
    """What a rotation came to.

    Attributes
    ----------
    key
        Id of the newest key.
    signs_from
        When it begins to sign, RFC 3339.
    is_new
        Whether this call made it; else it continued an earlier call.
    """

    key: str
    signs_from: str
    is_new: bool


def ensure(secrets: KeySecrets) -> Rotation | None:
    """Make the first key of a deployment; it signs at once.

    Returns
    -------
    None if there is one, also one of release 0.1.0; nothing was changed then.

    Raises
    ------
    BotoCoreError, ClientError
    """
    signing, public = _read(secrets)
    has_key = any(key.signs_from for key in signing) or any(key.shared for key in public)
    return None if has_key else rotate(secrets)


def rotate(secrets: KeySecrets, *, at_once: bool = False) -> Rotation:
    """Replace the key that signs, or continue what an earlier call has begun.

    One call at a time. While a new key waits for its time, another call makes no second one.

    Parameters
    ----------
    at_once
        The key before is no longer verified: for a key that somebody else may have. Its tokens end
        within ``limits.SECRET_AGE_SECONDS``, and until then logins may have to be repeated.

    Raises
    ------
    BotoCoreError, ClientError
    """
    signing, public = _read(secrets)
    if not signing:
        # The key of release 0.1.0 goes on until the new one has its time.
        signing = [key for key in public if key.shared]
    now = clock.moment()
    # With the ends that an earlier call may not have published any more.
    public = [] if at_once else published(signing, public, now)
    newest = _waiting(signing, now)
    is_new = newest is None
    if newest is None:
        newest = _new_key()
        signing = [*_still_signing(signing, now), newest]
        _keep(secrets, signing)
    _publish(secrets, published(signing, public, now))
    if not newest.signs_from or at_once:
        signing = _timed(signing, newest, at_once=at_once)
        _keep(secrets, signing)
        _publish(secrets, published(signing, public, clock.moment()))
    return Rotation(newest.id, signing[-1].signs_from, is_new)


def remove(secrets: KeySecrets) -> None:
    """Remove what signs, of a deployment that was destroyed; nothing else made it.

    Raises
    ------
    BotoCoreError, ClientError
    """
    systems = client("ssm")
    with suppress(systems.exceptions.ParameterNotFound):
        systems.delete_parameter(Name=secrets.signing)


def _waiting(signing: Sequence[TokenKey], now: datetime) -> TokenKey | None:
    """Return the key that does not sign yet, if any."""
    for key in signing:
        if not key.signs_from or datetime.fromisoformat(key.signs_from) > now:
            return key
    return None


def _still_signing(signing: Sequence[TokenKey], now: datetime) -> list[TokenKey]:
    """Leave out what nobody signs with any more; the public halves stay published."""
    current = signer(signing, now)
    return [] if current is None else [current]


def _timed(signing: Sequence[TokenKey], newest: TokenKey, *, at_once: bool) -> list[TokenKey]:
    """Give the newest key, which comes last, its time, and the keys before it their end."""
    before = [key for key in signing if key.id != newest.id]
    now = clock.moment()
    wait = limits.KEY_PUBLICATION_SECONDS if before and not at_once else 0
    begin = now + timedelta(seconds=wait)
    # Who signs may have read its secret just before, and a token may have been issued just then.
    rest = limits.SECRET_AGE_SECONDS + limits.TOKEN_SECONDS + 2 * limits.CLOCK_SKEW_SECONDS
    end = now if at_once else begin + timedelta(seconds=rest)
    return [
        *(replace(key, verifies_until=clock.text(end)) for key in before),
        replace(newest, signs_from=clock.text(begin)),
    ]


def _new_key() -> TokenKey:
    private = Ed25519PrivateKey.generate()
    return TokenKey(
        clock.new_id(),
        public=private.public_key().public_bytes_raw(),
        private=private.private_bytes_raw(),
    )


def _read(secrets: KeySecrets) -> tuple[list[TokenKey], list[TokenKey]]:
    """Return the keys of who signs and of who verifies; what has no text yet has none."""
    return _keys(text_of_parameter, secrets.signing), _keys(text_of_secret, secrets.verifying)


def _keys(text_of: Callable[[str], str], name: str) -> list[TokenKey]:
    try:
        return keys_in(text_of(name))
    except SecretEmpty:
        return []


def _keep(secrets: KeySecrets, keys: Iterable[TokenKey]) -> None:
    client("ssm").put_parameter(
        Name=secrets.signing, Value=signing_text(keys), Type="SecureString", Overwrite=True
    )


def _publish(secrets: KeySecrets, keys: Iterable[TokenKey]) -> None:
    client("secretsmanager").put_secret_value(
        SecretId=secrets.verifying, SecretString=verifying_text(keys)
    )
