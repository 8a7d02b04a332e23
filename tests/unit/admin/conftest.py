"""Linked clusters in moto, and what became of invocations of ``run_jobs``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.builders import cluster

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

    from tests.support.network import Network

RUN_JOBS = "arn:aws:lambda:us-east-1:123456789012:function:mcos-s3-run_jobs"


class RunJobs:
    """Stands for ``run_jobs``; ``fails``: it cannot be invoked."""

    def __init__(self) -> None:
        self.invocations = 0
        self.fails = False

    def answer(self, request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        assert request.headers["X-Amz-Invocation-Type"] in ("Event", b"Event")
        self.invocations += 1
        return (500 if self.fails else 202), {}, b""


@pytest.fixture
def run_jobs(network: Network, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunJobs]:
    monkeypatch.setenv("MCOS_RUN_JOBS", RUN_JOBS)
    stand_in = RunJobs()
    network.answers["lambda:Invoke"] = stand_in.answer
    yield stand_in
    del network.answers["lambda:Invoke"]


@pytest.fixture
def linked(network: Network) -> None:
    """Four clusters: s3, swift, ceph and swift-2, of which s3 alone is fast."""
    from mcos.admin import clusters

    with network.outside():
        for name in ("s3", "swift", "ceph", "swift-2"):
            labels = {"speed": "fast"} if name == "s3" else {}
            row = replace(cluster(name, labels=labels), backend=name.removesuffix("-2"))
            clusters.link_cluster(row)
