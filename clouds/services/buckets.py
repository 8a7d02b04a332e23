"""Talking to a service that speaks S3, and the bucket of the replicas on it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from clouds.errors import CloudsError
from clouds.instance import REPLICAS

REGION = "us-east-1"


@dataclass(frozen=True)
class S3Access:
    """How to reach an S3 service."""

    endpoint_url: str
    access_key: str
    secret_key: str

    def secret(self) -> dict[str, str]:
        """The same, as the functions of a cluster are given it."""
        return {
            "endpoint_url": self.endpoint_url,
            "region": REGION,
            "bucket": REPLICAS,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
        }

    def create_bucket(self, name: str = REPLICAS) -> None:
        """Make the bucket, unless this account has it."""
        with self._s3() as client:
            try:
                client.head_bucket(Bucket=name)
            except client.exceptions.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                    raise
                client.create_bucket(Bucket=name)

    def write(self, bucket: str, key: str) -> None:
        """Write an empty object: returns once the service has really stored something."""
        with self._s3() as client:
            client.put_object(Bucket=bucket, Key=key, Body=b"")

    def _s3(self) -> AbstractContextManager[Any]:
        return aws_client("s3", self.endpoint_url, self.access_key, self.secret_key)


@contextmanager
def aws_client(service: str, endpoint_url: str, access_key: str, secret_key: str) -> Iterator[Any]:
    """A boto3 client of ``service``; errors that it leaves become :class:`CloudsError`."""
    # Imported here: boto3 takes a third of a second, and most commands need it not.
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            connect_timeout=5,
            read_timeout=60,  # a gateway makes its pools at the first request
            retries={"total_max_attempts": 3},
            s3={"addressing_style": "path"},
            proxies={},
        ),
    )
    try:
        yield client
    except (BotoCoreError, ClientError) as error:
        raise CloudsError(f"{endpoint_url}: {error}") from error
    finally:
        client.close()
