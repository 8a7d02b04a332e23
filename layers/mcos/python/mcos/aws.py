"""Clients of the AWS services, made when first used, each with explicit timeouts.

botocore's own defaults wait up to a minute for each byte and try five times; a call of MCOS has
to end within its caller's patience.
"""

from functools import cache, lru_cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session, get_session

CONNECT_SECONDS = 1
READ_SECONDS = 3

AWS_ERRORS = (ClientError, BotoCoreError)
"""What a call of a service that refuses, fails or does not answer raises."""


@lru_cache(maxsize=1)
def _session() -> Session:
    return get_session()


@cache
def client(service: str, *, read_seconds: float = READ_SECONDS, tries: int = 2) -> Any:
    """A botocore client.

    Parameters
    ----------
    service
        botocore's name of it, for instance ``sqs``.
    read_seconds
        How long to wait for a reply.
    tries
        How often at most a request is sent.
    """
    return _session().create_client(
        service,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=read_seconds,
            retries={"total_max_attempts": tries, "mode": "standard"},
            signature_version="s3v4" if service == "s3" else None,
        ),
    )


@cache
def secret(name: str) -> str:
    """The text of a secret; read once in the life of a warm function."""
    text: str = client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    return text


_FIRST_RETRY_SECONDS = 5
_LAST_RETRY_SECONDS = 60


def retry_later(queue_url: str, receipt_handle: str, *, tries: int) -> None:
    """Let a message that was received come again, sooner after few tries than after many."""
    seconds = min(_FIRST_RETRY_SECONDS * 2 ** min(tries - 1, 10), _LAST_RETRY_SECONDS)
    client("sqs").change_message_visibility(
        QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
    )
