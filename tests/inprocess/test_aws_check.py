"""The checks of ``tools/aws_check.py`` on clusters in this process: they hold, and can fail."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError

from mcos.admin import token_keys
from mcos.auth import passwords
from mcos.catalog import accounts
from mcos.model.accounts import Role
from mcos.workers import run_jobs as run_jobs_worker
from mcos_client import Clock
from tests.support import gateway
from tests.support.cloud import CLUSTERS, Cloud, Unsettled, arn
from tests.support.environment import PREFIX, REGION, cluster_environment
from tools.checking import promises, questions
from tools.checking.page import Check, Failed, LeftOut, Outcome, Page, Secrets
from tools.checking.questions import QUESTIONS
from tools.checking.site import Place, Site

FOURTH = "swift-2"


class Transport(httpx.BaseTransport):
    """Carries requests to a cluster's handlers, one at a time, and those to staging to moto."""

    def __init__(self, cloud: Cloud, cluster: str, lock: Any, functions: "Lambda") -> None:
        self._cloud, self._cluster, self._lock = cloud, cluster, lock
        self._functions = functions

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            if request.url.host != f"{self._cluster}.test":
                return self._put(str(request.url), request.read())
            target = request.extensions.get("target", request.url.raw_path)
            if b"/stat/" in target and self._functions.is_throttled(self._stat_object):
                return httpx.Response(429, json={"message": "Too Many Requests"})
            reply = self._cloud.call(
                self._cluster,
                request.method,
                target.decode("ascii"),
                headers=request.headers,
                body=request.read(),
            )
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)

    @property
    def _stat_object(self) -> str:
        return f"{PREFIX}-{self._cluster}-stat_object"

    def _put(self, url: str, content: bytes) -> httpx.Response:
        bucket = cluster_environment(self._cluster)["MCOS_STAGING_BUCKET"]
        key = unquote(urlsplit(url).path).removeprefix("/").removeprefix(f"{bucket}/")
        with self._cloud.network.outside():
            made = self._cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
        return httpx.Response(200, headers={"etag": made["ETag"]})


class Working(Clock):
    """A clock on which the clusters work while somebody waits."""

    def __init__(self, cloud: Cloud, clusters: tuple[str, ...], lock: Any) -> None:
        self._cloud, self._clusters, self._lock = cloud, clusters, lock

    def now(self) -> float:
        return self._cloud.clock.elapsed()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            for work in (self._cloud.settle, self._work_at_jobs, self._cloud.settle):
                with suppress(Unsettled):  # whoever waits sees it
                    work()
            check_health(self._cloud, self._clusters)

    def _work_at_jobs(self) -> None:
        self._cloud.work_at_jobs(self._clusters[0])


class Lambda:
    """Functions with a concurrency and an environment, whose live versions never change."""

    def __init__(self, cloud: Cloud) -> None:
        self.reserved: dict[str, int] = {}
        self.changed: dict[str, dict[str, str]] = {}
        cloud.throttles = lambda arn: self.is_throttled(arn.rpartition(":function:")[2])

    def is_throttled(self, name: str) -> bool:
        return self.reserved.get(name.partition(":")[0]) == 0

    def invoke(self, FunctionName: str, **_: Any) -> None:  # noqa: N803
        if self.is_throttled(FunctionName):
            told = {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
            metadata: Any = {"HTTPStatusCode": 429}
            raise ClientError({"Error": told, "ResponseMetadata": metadata}, "Invoke")

    def get_function_concurrency(self, FunctionName: str) -> dict[str, int]:  # noqa: N803
        found = self.reserved.get(FunctionName)
        return {} if found is None else {"ReservedConcurrentExecutions": found}

    def put_function_concurrency(self, FunctionName: str, **given: int) -> None:  # noqa: N803
        self.reserved[FunctionName] = given["ReservedConcurrentExecutions"]

    def delete_function_concurrency(self, FunctionName: str) -> None:  # noqa: N803
        del self.reserved[FunctionName]

    def get_function_configuration(self, FunctionName: str, Qualifier: str) -> Any:  # noqa: N803
        changed = self.changed.get(FunctionName) if Qualifier == "$LATEST" else None
        return {"Environment": {"Variables": changed or {"MCOS_CLUSTER": "s3"}}}

    def update_function_configuration(self, FunctionName: str, Environment: Any) -> None:  # noqa: N803
        self.changed[FunctionName] = Environment["Variables"]


class Outside:
    """AWS as whoever runs the check sees it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.functions = Lambda(cloud)

    def client(self, service_name: str, **_: Any) -> Any:
        if service_name == "lambda":
            return self.functions
        return OutsideClient(self._cloud, self._cloud.client(service_name))


class OutsideClient:
    """A client whose calls are no function's."""

    def __init__(self, cloud: Cloud, inner: Any) -> None:
        self._cloud, self._inner = cloud, inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name == "get_paginator":
            return lambda operation: OutsidePages(self._cloud, found(operation))

        def call(**arguments: Any) -> Any:
            with self._cloud.network.outside():
                return found(**arguments)

        return call


class OutsidePages:
    """The pages of a client's paginator."""

    def __init__(self, cloud: Cloud, inner: Any) -> None:
        self._cloud, self._inner = cloud, inner

    def paginate(self, **arguments: Any) -> list[Any]:
        with self._cloud.network.outside():
            return list(self._inner.paginate(**arguments))


def check_health(cloud: Cloud, clusters: tuple[str, ...]) -> None:
    for cluster in clusters:
        cloud.invoke(arn(cluster, "check_health"), {})


@contextmanager
def site_on(cloud: Cloud, clusters: tuple[str, ...]) -> Iterator[Site]:
    lock = RLock()
    check_health(cloud, clusters)

    def add_account(name: str, password: str, role: str) -> None:
        with cloud.network.outside():
            assert accounts.create(name, passwords.hash_password(password), Role(role))

    def rotate() -> None:
        with lock, cloud.network.outside():
            token_keys.rotate(token_keys.KeySecrets(f"{PREFIX}/token-key"))

    outside = Outside(cloud)
    place = Place(
        endpoints={cluster: f"https://{cluster}.test" for cluster in clusters},
        prefix=PREFIX,
        region=REGION,
        emulated=True,
        session=outside,
        open_backend=lambda cluster: cloud.backends[cluster],
        add_account=add_account,
        rotate_token_key=rotate,
        transport=lambda cluster: Transport(cloud, cluster, lock, outside.functions),
    )
    site = Site(place, Secrets(), Working(cloud, clusters, lock))
    site.add_accounts()
    try:
        yield site
    finally:
        site.close()


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thing happens after the other, and what is large elsewhere is small."""
    monkeypatch.setattr(run_jobs_worker, "_SIDE_BY_SIDE", 1)
    monkeypatch.setattr(promises, "LARGE_BYTES", 100_000)
    monkeypatch.setattr(questions, "BURST", 12)
    monkeypatch.setattr(questions, "_AT_ONCE", 2)


@pytest.fixture
def three(cloud: Cloud) -> Iterator[Site]:
    with site_on(cloud, CLUSTERS) as site:
        yield site


@pytest.fixture
def four(cloud: Cloud) -> Iterator[Site]:
    cloud.register(FOURTH)
    with site_on(cloud, (*CLUSTERS, FOURTH)) as site:
        yield site


@pytest.mark.parametrize(
    "look",
    [
        promises.is_ready,
        promises.ten_calls,
        promises.odd_names,
        promises.plain_paths,
        promises.large_upload,
        promises.damage,
        promises.token_key,
        promises.credentials,
        promises.leaves_nothing,
    ],
)
def test_what_is_promised_holds(three: Site, look: Callable[[Site], str]) -> None:
    assert look(three)
    assert promises.leaves_nothing(three)


def test_a_cluster_is_drained_and_takes_replicas_again(four: Site) -> None:
    said = promises.drain(four)
    assert said.startswith(FOURTH)
    assert promises.leaves_nothing(four)


def test_three_clusters_cannot_be_drained(three: Site) -> None:
    with pytest.raises(LeftOut, match="a fourth is needed"):
        promises.drain(three)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.title)
def test_the_tests_do_as_they_say_that_aws_does(
    three: Site, cloud: Cloud, question: Check[Site]
) -> None:
    promises.is_ready(three)
    page = Page("questions", three.hidden)
    page.run(question, three)
    (line,) = page.lines
    own = {
        "a key that is not there": Outcome.OTHERWISE,  # moto's: whoever asks may list
        "metrics from logs": Outcome.LEFT_OUT,
        "throttled replication": Outcome.TOLD,
    }
    assert line.outcome is own.get(question.title, Outcome.AS_TESTED), line.text
    if question.title == "how much metadata S3 takes":
        refused = cloud.network.against_the_rules  # that is what it asks for
        assert len(refused) == 3
        refused.clear()
    functions = three.place.session.client("lambda")
    assert functions.reserved == {}  # all is as it was
    assert set(map(str, functions.changed.values())) <= {str({"MCOS_CLUSTER": "s3"})}


def test_a_replica_that_cannot_be_repaired_fails(
    three: Site, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promises, "REPAIR_SECONDS", 100)
    repaired = cloud.settle
    cloud.settle = lambda **_: None  # type: ignore[method-assign]
    try:
        with pytest.raises(Failed, match="all are whole: not within"):
            promises.damage(three)
    finally:
        cloud.settle = repaired  # type: ignore[method-assign]


def test_a_gateway_that_takes_a_name_for_another_fails(
    three: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered = gateway.http_api.delivered_path
    monkeypatch.setattr(
        gateway.http_api, "delivered_path", lambda raw: delivered(raw).replace("ä", "a")
    )
    with pytest.raises(Failed, match="in a plain path became"):
        promises.plain_paths(three)


def test_a_call_that_fails_while_credentials_are_written_fails(
    three: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Site, "log_in", lambda site, cluster: (_ for _ in ()).throw(OSError("no")))
    with pytest.raises(Failed, match="no call failed meanwhile; these did: OSError: no"):
        promises.credentials(three)


def test_what_is_left_over_fails(
    three: Site, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promises, "REPAIR_SECONDS", 100)
    three.client().create_object(three.container("left"), "a", b"x", prefer=promises.WAIT)
    cloud.backends["ceph"].forbidden = {"delete"}
    with pytest.raises(Failed, match="ceph has no replica any more"):
        promises.leaves_nothing(three)
    cloud.backends["ceph"].forbidden = set()
