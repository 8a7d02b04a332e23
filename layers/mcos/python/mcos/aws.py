"""Clients of the AWS services, created when first used, each with explicit timeouts.

A client speaks to one region, which must be that of the function, queue, state machine or bucket
that it names: ``region_of`` tells it.

botocore's defaults wait up to a minute for each byte and try five times, which is longer than
callers of MCOS wait.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, lru_cache
from threading import Lock
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session, get_session

from mcos import clock, limits
from mcos.settings import endpoint_url

CONNECT_SECONDS = 1
READ_SECONDS = 3

AWS_ERRORS = (ClientError, BotoCoreError)
"""Raised by a call of a service that refuses, fails or does not answer."""


_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def is_throttled(error: Exception) -> bool:
    """Whether a service has turned a request away as there were too many; it did nothing then."""
    cause = getattr(error, "cause", None) or error  # the driver of DynamoDB wraps it
    return isinstance(cause, ClientError) and cause.response["Error"]["Code"] in _THROTTLED


_making = Lock()
"""A session makes one client at a time; the clients themselves serve several threads."""


@lru_cache(maxsize=1)
def _session() -> Session:
    return get_session()


_QUEUE_HOST = re.compile(r"https://sqs\.([a-z0-9-]+)\.")


def region_of(resource: str) -> str | None:
    """Return the region of an ARN, or of the URL of a queue; None: it does not say.

    Examples
    --------
    >>> region_of("arn:aws:lambda:eu-west-1:123456789012:function:mcos-ceph-get_replica")
    'eu-west-1'
    >>> region_of("https://sqs.eu-west-1.amazonaws.com/123456789012/mcos-ceph-repair")
    'eu-west-1'
    >>> region_of("http://127.0.0.1:4566/123456789012/mcos-ceph-repair")
    """
    if resource.startswith("arn:"):
        return resource.split(":")[3] or None
    found = _QUEUE_HOST.match(resource)
    return found[1] if found else None


@cache
def client(
    service: str,
    *,
    region: str | None = None,
    read_seconds: float = READ_SECONDS,
    tries: int = 2,
) -> Any:
    """Return a botocore client, the same one for the same arguments.

    Parameters
    ----------
    service
        botocore's name of the service, for instance ``sqs``.
    region
        None: the one that the function is in.
    read_seconds
        How long to wait for a reply.
    tries
        How often a request is sent at most.
    """
    with _making:
        return _session().create_client(
            service,
            region_name=region,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=read_seconds,
                retries={"total_max_attempts": tries, "mode": "standard"},
                signature_version="s3v4" if service == "s3" else None,
                # A bucket's host in its region: a signature does not follow the redirects of
                # others. An emulator has one host for all.
                s3={
                    "addressing_style": "auto" if endpoint_url() else "virtual",
                    "us_east_1_regional_endpoint": "regional",
                },
            ),
        )


class SecretEmpty(BotoCoreError):
    """There is no such secret or parameter, or it has no text yet."""

    fmt = "the secret {name} has no text"


def text_of_secret(name: str) -> str:
    """Read a secret now.

    Raises
    ------
    SecretEmpty, BotoCoreError, ClientError
    """
    secrets = client("secretsmanager")
    try:
        text = secrets.get_secret_value(SecretId=name).get("SecretString")
    except secrets.exceptions.ResourceNotFoundException:
        text = None
    if text is None:
        raise SecretEmpty(name=name)
    return str(text)


def text_of_parameter(name: str) -> str:
    """Read an encrypted parameter of Systems Manager now.

    Raises
    ------
    SecretEmpty, BotoCoreError, ClientError
    """
    systems = client("ssm")
    try:
        found = systems.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    except systems.exceptions.ParameterNotFound:
        raise SecretEmpty(name=name) from None
    return str(found["Value"])


_used: dict[int, datetime] = {}
"""When a client was handed out last, by its id; clients stay for as long as the process."""


def without_old_connections(made: Any) -> Any:
    """Return the client, without the connections that it has kept if it was not used for a while.

    A function that was frozen for hours finds them closed. Most clients send such a request again;
    of one that must not be sent twice nobody could tell whether it was done.
    """
    now = clock.moment()
    before = _used.get(id(made), now)
    if not timedelta(0) <= now - before <= timedelta(seconds=limits.IDLE_SECONDS):
        made.close()  # it opens others
    _used[id(made)] = now
    return made


_secrets: dict[str, tuple[datetime, str]] = {}


def secret(name: str, *, renew: bool = False) -> str:
    """Return the text of a secret, at most ``limits.SECRET_AGE_SECONDS`` old.

    An older one is returned only while it cannot be read again.

    Parameters
    ----------
    renew
        Whether something says that the secret has changed: an older one than
        ``limits.SECRET_RENEWAL_SECONDS`` is read again. So whoever makes up such signs causes few
        calls.

    Raises
    ------
    SecretEmpty, BotoCoreError, ClientError
    """
    return _kept(
        name, text_of_secret, limits.SECRET_RENEWAL_SECONDS if renew else limits.SECRET_AGE_SECONDS
    )


def parameter(name: str) -> str:
    """Return the text of an encrypted parameter; as ``secret``."""
    return _kept(name, text_of_parameter, limits.SECRET_AGE_SECONDS)


def _kept(name: str, text_of: Callable[[str], str], seconds: float) -> str:
    now = clock.moment()
    read_at, text = _secrets.get(name, (None, ""))
    if read_at is None or not timedelta(0) <= now - read_at <= timedelta(seconds=seconds):
        try:
            text = text_of(name)
        except AWS_ERRORS:
            if read_at is None:
                raise
            return text
        _secrets[name] = now, text
    return text


def forget_secrets() -> None:
    """Make the next calls read secrets and parameters again."""
    _secrets.clear()


_FIRST_RETRY_SECONDS = 5
_LONGEST_SECONDS = 60


def retry_later(
    queue_url: str,
    receipt_handle: str,
    *,
    tries: int,
    seconds: int | None = None,
    longest: int | None = None,
) -> None:
    """Make a received message visible again.

    Parameters
    ----------
    tries
        How often it was received.
    seconds
        When; None: later with each try, 5 s doubling up to ``longest``.
    longest
        Seconds; None: 60.

    Raises
    ------
    BotoCoreError, ClientError
    """
    if seconds is None:
        seconds = min(_FIRST_RETRY_SECONDS * 2 ** min(tries - 1, 12), longest or _LONGEST_SECONDS)
    client("sqs", region=region_of(queue_url)).change_message_visibility(
        QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
    )
