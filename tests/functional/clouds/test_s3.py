"""The storage service ``s3``, started for the purpose: who gets in, and what outlives its end."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouds import credentials, ports, wait
from clouds.errors import CloudsError
from clouds.instance import REPLICAS, Instance
from clouds.ports import Ports
from clouds.services.buckets import aws_client
from clouds.services.ministack import S3


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    with socket.create_server((ports.HOST, 0)) as probe:
        offset = Ports.from_base(0).s3
        return Instance("test", tmp_path, Ports.from_base(probe.getsockname()[1] - offset))


@pytest.fixture
def s3(instance: Instance) -> Iterator[S3]:
    service = start(instance)
    yield service
    service.stop()


def start(instance: Instance) -> S3:
    """Start the service as a command does that knows only what is on disk."""
    service = S3(instance, credentials.load_or_create(instance.folder))
    service.launch()
    service.create_replicas_container()
    return service


def crash(service: S3) -> None:
    (process,) = service.processes
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    assert wait.until(lambda: not process.alive(), 10)


def head_object(service: S3, access_key: str, secret_key: str) -> None:
    with aws_client("s3", service.url, access_key, secret_key) as client:
        client.head_object(Bucket=REPLICAS, Key="object")


def test_its_key_opens_the_bucket_of_the_replicas_and_no_other(s3: S3) -> None:
    s3.access.write(REPLICAS, "object")
    with pytest.raises(CloudsError, match="AccessDenied"):
        s3.access.create_bucket("another")


def test_who_does_not_have_its_key_is_refused(s3: S3) -> None:
    s3.access.write(REPLICAS, "object")
    head_object(s3, s3.access.access_key, s3.access.secret_key)
    for stranger in (
        (s3.access.access_key, "wrong"),
        ("AKIAUNKNOWNUNKNOWNUN", s3.access.secret_key),
        ("test", "test"),  # of whoever uses the emulator
        ("000000000000", "test"),  # of a Lambda
    ):
        with pytest.raises(CloudsError, match="403"):
            head_object(s3, *stranger)


def test_a_stop_changes_nothing(s3: S3) -> None:
    s3.access.write(REPLICAS, "object")
    s3.stop()
    again = start(s3.instance)
    assert again.access == s3.access
    head_object(again, again.access.access_key, again.access.secret_key)


def test_a_crash_loses_no_object_and_the_key_is_made_anew_if_need_be(s3: S3) -> None:
    s3.access.write(REPLICAS, "object")
    crash(s3)
    again = start(s3.instance)
    assert again.access != s3.access
    head_object(again, again.access.access_key, again.access.secret_key)
    assert credentials.load_or_create(s3.instance.folder) == again.credentials
