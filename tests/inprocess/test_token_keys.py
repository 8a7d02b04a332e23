"""Keys of tokens are replaced while calls go on, in whatever order functions read their secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import jwt
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from mcos import aws, limits
from mcos.admin.token_keys import KeySecrets, Rotation, ensure, remove, rotate
from mcos.auth import tokens
from mcos.model.token_keys import keys_in
from tests.support.cloud import CLUSTERS, Cloud
from tests.support.environment import PREFIX
from tests.support.network import Died, Manner

SECRETS = KeySecrets(f"{PREFIX}/token-key")
SHARED = "the key of release 0.1.0, of thirty-two bytes or more"
STEP = 150
ALL = limits.KEY_PUBLICATION_SECONDS + limits.SECRET_AGE_SECONDS + limits.TOKEN_SECONDS + 2 * STEP


class Sandboxes:
    """Functions that keep their secrets, each from another moment on.

    ``login`` and the authorizer of each sandbox are one process here, with what it has in mind.
    """

    def __init__(self, cloud: Cloud, count: int = 6) -> None:
        self.cloud = cloud
        self._minds: list[dict] = [{} for _ in range(count)]
        self.tokens: list[tuple[float, str]] = []

    @contextmanager
    def in_one(self, number: int) -> Iterator[None]:
        before = dict(aws._secrets)
        aws._secrets.clear()
        aws._secrets.update(self._minds[number])
        try:
            yield
        finally:
            self._minds[number] = dict(aws._secrets)
            aws._secrets.clear()
            aws._secrets.update(before)

    def log_in(self, number: int) -> str:
        with self.in_one(number):
            token = self.cloud.token("ada")
        self.tokens.append((self.cloud.clock.moment().timestamp(), token))
        return token

    def check(self) -> None:
        """Every token that lives is taken by every sandbox."""
        now = self.cloud.clock.moment().timestamp()
        # The end of a token is rounded down to a second.
        self.tokens = [
            (at, token) for at, token in self.tokens if now - at < limits.TOKEN_SECONDS - 2
        ]
        # Of each key the first token and the last one tell of all between.
        by_key: dict[str, list[str]] = {}
        for _, token in self.tokens:
            by_key.setdefault(key_of(token), []).append(token)
        distinct = {token for tokens in by_key.values() for token in (tokens[0], tokens[-1])}
        for number in range(len(self._minds)):
            with self.in_one(number):
                for token in distinct:
                    self._take(token, number)

    def _take(self, token: str, number: int) -> None:
        cluster = CLUSTERS[number % len(CLUSTERS)]
        with self.cloud.at(cluster), self.cloud.network.outside():
            assert tokens.claims_of(token).account == "ada"

    def live(self, seconds: float, *, then: Callable[[], object] = lambda: None) -> None:
        """Go on for a while; in every step another sandbox logs somebody in."""
        for step in range(-int(-seconds // STEP)):
            self.cloud.clock.freeze(STEP)
            self.log_in(step % len(self._minds))
            then()
            self.check()


@pytest.fixture
def sandboxes(cloud: Cloud) -> Sandboxes:
    return Sandboxes(cloud)


def rotated(cloud: Cloud, *, at_once: bool = False) -> Rotation:
    with cloud.at("s3"), cloud.network.outside():
        return rotate(SECRETS, at_once=at_once)


def key_of(token: str) -> str:
    return str(jwt.get_unverified_header(token).get("kid", ""))


def signing_text(cloud: Cloud) -> str:
    with cloud.at("s3"), cloud.network.outside():
        return aws.text_of_parameter(SECRETS.signing)


def verifying_text(cloud: Cloud) -> str:
    with cloud.at("s3"), cloud.network.outside():
        return aws.text_of_secret(SECRETS.verifying)


def be_of_the_first_release(cloud: Cloud) -> None:
    """One secret with the key itself, and nothing else."""
    with cloud.network.outside():
        cloud.client("secretsmanager").put_secret_value(
            SecretId=SECRETS.verifying, SecretString=SHARED
        )
        cloud.client("ssm").delete_parameter(Name=SECRETS.signing)
    cloud.chill()


def test_a_rotation_fails_no_call_and_ends_the_key_before(
    cloud: Cloud, sandboxes: Sandboxes
) -> None:
    sandboxes.live(limits.SECRET_AGE_SECONDS + STEP)
    first = sandboxes.log_in(0)
    rotation = rotated(cloud)
    assert rotation.is_new
    sandboxes.live(ALL)
    assert {key_of(sandboxes.log_in(number)) for number in range(6)} == {rotation.key}
    assert key_of(first) != rotation.key
    (signing,) = [key for key in keys_in(signing_text(cloud)) if not key.verifies_until]
    assert signing.id == rotation.key
    # Time alone has ended the first key: a forger who found it signs what nobody takes.
    old = next(key for key in keys_in(signing_text(cloud)) if key.verifies_until)
    with cloud.at("s3"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "_signing_key", lambda: old)
        forged = tokens.issue("ada").token
    assert cloud.call("s3", "GET", "/v1/containers", token=forged).code == "token_invalid"


def test_rotations_may_follow_each_other_at_any_distance(
    cloud: Cloud, sandboxes: Sandboxes
) -> None:
    made = set()
    for distance in (0, 1, 2, 5, 3, 16, 30):
        sandboxes.live(distance * STEP)
        rotation = rotated(cloud)
        again = rotated(cloud)
        assert (again.key, again.signs_from) == (rotation.key, rotation.signs_from)
        assert not again.is_new
        made.add(rotation.key)
        sandboxes.log_in(0)
        sandboxes.check()
    sandboxes.live(ALL)
    # What is done with is not kept for ever.
    last = rotated(cloud)
    kept = {key.id for key in keys_in(verifying_text(cloud))}
    assert last.key in kept
    assert len(kept) == 2


@pytest.mark.parametrize("of_the_first_release", [False, True])
@pytest.mark.parametrize("manner", [Manner.DIES, Manner.UNKNOWN])
@pytest.mark.parametrize("wait", [0, 2 * limits.KEY_PUBLICATION_SECONDS])
def test_a_rotation_that_ends_anywhere_fails_no_call_and_can_be_run_again(
    cloud: Cloud, manner: Manner, wait: int, of_the_first_release: bool
) -> None:
    if of_the_first_release:
        be_of_the_first_release(cloud)
    start = cloud.keep()
    with cloud.at("s3"), cloud.network.record() as calls:
        rotate(SECRETS)
    assert 6 <= len(calls) <= 8
    for number in range(len(calls)):
        start()
        cloud.chill()
        sandboxes = Sandboxes(cloud, count=3)
        sandboxes.live(limits.SECRET_AGE_SECONDS + STEP)
        with (
            cloud.at("s3"),
            cloud.network.record(fault=(number, manner)),
            suppress(Died, BotoCoreError, ClientError),
        ):
            rotate(SECRETS)
        sandboxes.live(wait)
        rotation = rotated(cloud)
        sandboxes.live(limits.KEY_PUBLICATION_SECONDS + limits.SECRET_AGE_SECONDS + STEP)
        assert key_of(sandboxes.log_in(1)) == rotation.key
        sandboxes.live(limits.TOKEN_SECONDS + STEP)


def test_an_upgrade_fails_no_call_and_leaves_the_shared_key_worthless(
    cloud: Cloud, sandboxes: Sandboxes
) -> None:
    be_of_the_first_release(cloud)
    sandboxes.live(limits.SECRET_AGE_SECONDS + STEP)
    assert key_of(sandboxes.log_in(0)) == ""
    with cloud.at("s3"), cloud.network.outside():
        assert ensure(SECRETS) is None
    assert verifying_text(cloud) == SHARED
    rotation = rotated(cloud)
    assert SHARED not in verifying_text(cloud)
    sandboxes.live(ALL)
    assert key_of(sandboxes.log_in(0)) == rotation.key
    now = cloud.clock.moment().timestamp()
    forged = jwt.encode(
        {"iss": "mcos", "sub": "ada", "iat": now - 1, "exp": now + 60}, SHARED, "HS256"
    )
    assert cloud.call("s3", "GET", "/v1/containers", token=forged).code == "token_invalid"


def test_a_new_deployment_has_a_key_that_signs_at_once(cloud: Cloud) -> None:
    with cloud.network.outside():
        secrets = cloud.client("secretsmanager")
        secrets.delete_secret(SecretId=SECRETS.verifying, ForceDeleteWithoutRecovery=True)
        secrets.create_secret(Name=SECRETS.verifying)
        remove(SECRETS)
    cloud.chill()
    with pytest.raises(aws.SecretEmpty):
        cloud.token("ada")
    with cloud.at("s3"), cloud.network.outside():
        made = ensure(SECRETS)
        assert made is not None
        assert ensure(SECRETS) is None
    token = cloud.token("ada")
    assert key_of(token) == made.key
    assert cloud.call("swift", "GET", "/v1/containers", token=token).status == 200


def test_a_key_that_somebody_else_has_is_replaced_at_once(cloud: Cloud) -> None:
    stolen = cloud.token("ada")
    assert cloud.call("s3", "GET", "/v1/containers", token=stolen).status == 200
    rotation = rotated(cloud, at_once=True)
    cloud.clock.freeze(limits.SECRET_AGE_SECONDS + 1)
    token = cloud.token("ada")
    assert key_of(token) == rotation.key
    assert cloud.call("s3", "GET", "/v1/containers", token=stolen).code == "token_invalid"
    assert cloud.call("s3", "GET", "/v1/containers", token=token).status == 200


def test_a_key_that_is_not_known_yet_is_looked_for_at_once_but_not_often(cloud: Cloud) -> None:
    """Who has read the keys a moment ago takes the first token of a new one."""
    old = cloud.token("ada")
    sandboxes = Sandboxes(cloud, count=2)
    with sandboxes.in_one(0):
        assert cloud.call("s3", "GET", "/v1/containers", token=old).status == 200
    cloud.clock.freeze(limits.SECRET_RENEWAL_SECONDS + 1)
    rotated(cloud, at_once=True)
    cloud.chill()
    token = cloud.token("ada")
    with sandboxes.in_one(0):
        assert cloud.call("s3", "GET", "/v1/containers", token=token).status == 200
        # A forger's inventions make it read no more than that.
        _, rest = token.split(".", 1)
        with cloud.network.record() as calls:
            for number in range(20):
                invented = jwt.encode({}, "k" * 32, headers={"kid": f"invented-{number}"})
                other = f"{invented.split('.')[0]}.{rest}"
                assert cloud.call("s3", "GET", "/v1/containers", token=other).status == 401
        assert not [call for call in calls if call.name.startswith("secrets")]
        cloud.clock.freeze(limits.SECRET_RENEWAL_SECONDS + 1)
        with cloud.network.record() as calls:
            for _ in range(20):
                assert cloud.call("s3", "GET", "/v1/containers", token=other).status == 401
        assert len([call for call in calls if call.name.startswith("secrets")]) == 1


def test_who_only_verifies_is_given_nothing_that_signs(cloud: Cloud) -> None:
    rotated(cloud)
    for key in json.loads(verifying_text(cloud))["keys"]:
        assert key.keys() <= {"kty", "crv", "kid", "x", "verifies_until"}
    with cloud.at("s3", "authorizer"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "parameter", lambda name: verifying_text(cloud))
        with pytest.raises(tokens.NoSigningKey):
            tokens.issue("ada")


def test_what_signs_is_encrypted_and_small_enough_for_a_free_parameter(cloud: Cloud) -> None:
    """A rotation has two keys at most, and AWS keeps 4 KiB for nothing."""
    rotated(cloud)
    assert len(signing_text(cloud)) <= 4096
    with cloud.network.outside():
        systems = cloud.client("ssm")
        assert systems.get_parameter(Name=SECRETS.signing)["Parameter"]["Type"] == "SecureString"
        stored = systems.describe_parameters()["Parameters"]
    assert [one["Tier"] for one in stored] == ["Standard"]


def test_nothing_that_signs_is_left_of_a_destroyed_deployment(cloud: Cloud) -> None:
    for _ in range(2):
        with cloud.at("s3"), cloud.network.outside():
            remove(SECRETS)
            assert not cloud.client("ssm").describe_parameters()["Parameters"]
