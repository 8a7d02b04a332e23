"""What only a real account can tell: each question says what AWS did, and whether the tests do so.

Where AWS does something else, ``docs/aws.md`` and what keeps its rules here (``clouds/servers``,
``tests/support``) are to be put right. A question fails only where AWS could not be asked, or did
what would lose something.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from clouds.servers import http_api
from mcos import limits
from mcos_client import McosError
from mcos_client.api.paths import object_path, stat_path
from tools.checking.page import Check, Failed, LeftOut, Told
from tools.checking.promises import ASYNC, SETTLE_SECONDS, WAIT, is_equal_or_fail, raw, settle
from tools.checking.site import Site

HEALTHY_SECONDS = 2.0
"""Within so long Route 53 wants the first byte of an answer."""

OCTETS = "application/octet-stream"
PATHS = (
    "a%3Fb",
    "a%2562",
    "a%23b",
    "a%2Fb",
    "a%5Cb",
    "a%25b",
    "a//b",
    "a/./b",
    "a/../b",
    "a/",
    "a+b",
    "a;b",
    "a%0Ab",
    "a%20b",
)
TYPES = (
    OCTETS,
    "image/png",
    "text/plain",
    "application/json",
    "application/xml",
    "application/javascript",
    "application/x-www-form-urlencoded",
    "application/problem+json",
    "application/vnd.api+json",
    "application/xhtml+xml",
    "image/svg+xml",
    "multipart/form-data; boundary=x",
    "application/yaml",
)
NOT_UTF8 = b"\xff\xfe\x00 not UTF-8 \x80"
METADATA_BYTES = (2000, 2001, 2048, 2049)
BURST = 300
_AT_ONCE = 16
METRICS_SECONDS = 600.0
NAMESPACE = "MCOS"


def paths(site: Site) -> Told:
    """What a function is told of plain paths: by the names that objects get."""
    container, wire, said, as_tested = site.container("paths"), site.wire(), [], True
    for path in PATHS:
        whole = f"/v1/containers/{container}/objects/{path}"
        reply = wire.send(raw(wire, "POST", whole, b"x"))
        listed = [one.name for one in site.client().all_objects(container)]
        if not listed:
            # An unsafe name has arrived as it is, or the gateway itself has refused the path.
            as_tested &= (_code(reply) is None) == (_tested(path) is None)
            said.append(f"`{path}`: {_refusal(reply)}")
            continue
        (arrived,) = listed
        as_tested &= arrived == _tested(path)
        said.append(f"`{path}`: {arrived!a}")
        settle(site, container, arrived)
        site.client().delete_object(container, arrived, prefer=ASYNC)
        site.wait_until(
            lambda: not site.client().list_object(container).objects,
            "the object is gone",
            seconds=SETTLE_SECONDS,
        )
    return Told("; ".join(said), as_tested)


def _tested(path: str) -> str | None:
    """The name that a path has in the tests; None: it is answered by the gateway itself."""
    try:
        return http_api.delivered_path(f"/{path}").removeprefix("/")
    except http_api.Answered:
        return None


def headers_too_long(site: Site) -> Told:
    """More than the request line and headers may have."""
    reply = site.wire().get(
        "/v1/containers", headers={"x-object-meta-long": "x" * http_api.REQUEST_BYTES}
    )
    return _status("headers of 10,240 bytes and more", reply, 431)


def payload_too_large(site: Site) -> Told:
    """More than a payload may have."""
    return _sized(site, http_api.BODY_BYTES + 1, "a payload of 10,000,001 bytes", 413)


def event_too_large(site: Site) -> Told:
    """A payload that becomes an event that Lambda does not take."""
    return _sized(site, 5_500_000, "a payload of 5,500,000 bytes, 7,333,336 as base64", 413)


def _sized(site: Site, size: int, what: str, tested: int) -> Told:
    container = site.container("sizes")
    try:
        reply = _post(site, container, "large", bytes(size), OCTETS)
    except httpx.HTTPError as error:  # the gateway may close the connection before it has read all
        return Told(f"{what}: no reply ({type(error).__name__})", as_tested=False)
    return _status(what, reply, tested)


def slashes_in_base64(site: Site) -> Told:
    """Content whose base64 has nothing but slashes, which JSON may escape, in both directions."""
    container, content = site.container("slashes"), b"\xff" * limits.CONTENT_BYTES
    reply = _post(site, container, "slashes", content, OCTETS)
    if reply.status_code != 202:
        return Told(f"4,500,000 bytes of 0xff are refused: {_refusal(reply)}", as_tested=False)
    settle(site, container, "slashes")
    found = site.wire().get(object_path(container, "slashes"))
    is_equal_or_fail(found.content, content, "4,500,000 bytes of 0xff come back")
    return Told("4,500,000 bytes of 0xff are taken, and given back", as_tested=True)


def text_bodies(site: Site) -> Told:
    """Bodies of which types a function is given as text: bytes that are no UTF-8 are lost there."""
    container, found = site.container("types"), dict[str, bool]()
    for number, kind in enumerate(TYPES):
        name = f"type-{number}"
        reply = _post(site, container, name, NOT_UTF8, kind)
        if reply.is_success:
            settle(site, container, name)
            stored = site.client().download_object(container, name).content
            is_equal_or_fail(stored, NOT_UTF8, f"what is sent as {kind} is stored as it was sent")
            found[kind] = False
        elif _code(reply) == "unsafe_text_body":
            found[kind] = True
        else:
            raise Failed(f"{kind} is answered {_refusal(reply)}")
    text = [kind for kind, is_text in found.items() if is_text]
    octets = [kind for kind, is_text in found.items() if not is_text]
    as_tested = all(http_api.is_text(kind) == is_text for kind, is_text in found.items())
    return Told(f"as text: {', '.join(text)}; as base64: {', '.join(octets)}", as_tested)


def length_of_head(site: Site) -> Told:
    """The length that a reply to HEAD has."""
    container = site.container("head")
    site.client().create_object(container, "a", b"twelve bytes", prefer=WAIT)
    reply = site.wire().head(object_path(container, "a"))
    is_equal_or_fail(reply.status_code, 200, "HEAD is answered 200")
    is_equal_or_fail(reply.headers.get("x-mcos-content-length"), "12", "X-MCOS-Content-Length")
    length = reply.headers.get("content-length")
    return Told(f"HEAD of 12 bytes: Content-Length {length}", as_tested=length == "0")


def remapped_headers(site: Site) -> Told:
    """What becomes of the headers that REST APIs rename."""
    with httpx.Client(
        base_url=str(site.wire().base_url), transport=site.transport(site.first)
    ) as stranger:
        replies = {
            "without a token": stranger.get("/v1/containers"),
            "with a wrong one": stranger.get(
                "/v1/containers", headers={"authorization": "Bearer wrong"}
            ),
            "a wrong password": stranger.post(
                "/v1/login", json={"user_name": "nobody", "password": "a-wrong-password"}
            ),
        }
    said, plain = [], False
    for what, reply in replies.items():
        names = sorted(name for name in reply.headers if name.startswith("x-amzn-remapped"))
        names += [name for name in ("www-authenticate",) if name in reply.headers]
        plain |= "www-authenticate" in reply.headers
        said.append(f"{what}: {reply.status_code} {', '.join(names) or 'none of them'}")
    return Told("; ".join(said), as_tested=not plain)


def content_md5(site: Site) -> Told:
    """Whether ``Content-MD5`` reaches a function: a wrong one is refused then."""
    container = site.container("md5")
    wrong = {"content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="}
    reply = _post(site, container, "a", b"bytes", OCTETS, wrong)
    if _code(reply) == "digest_mismatch":
        return Told("Content-MD5 reaches the function", as_tested=True)
    return Told(f"Content-MD5 does not: {reply.status_code}", as_tested=False)


def query(site: Site) -> Told:
    """Whether a query arrives as it was sent."""
    container = site.container("query")
    for name in ("a+b", "a b"):
        site.client().create_object(container, name, b"x", prefer=WAIT)
    base = stat_path(container, "x").rpartition("/stat/")[0] + "/objects"
    said = []
    for prefix in ("a%2Bb", "a+b", "a%20b"):
        reply = site.wire().get(f"{base}?prefix={prefix}")
        names = [one["name"] for one in reply.json()["objects"]]
        said.append((prefix, names))
    exact = dict(said)
    is_equal_or_fail(exact["a%2Bb"], ["a+b"], "`%2B` is a plus sign")
    is_equal_or_fail(exact["a%20b"], ["a b"], "`%20` is a space")
    words = "; ".join(f"`{prefix}`: {names}" for prefix, names in said)
    return Told(words, as_tested=exact["a+b"] == ["a b"])


def throttled_call(site: Site) -> Told:
    """What a caller is answered, and what an invoker is told, at a function's concurrency."""
    name = _function(site, site.first, "stat_object")
    container = site.container("throttled")
    site.client().create_object(container, "a", b"x", prefer=WAIT)
    with _throttled(site, name) as functions:
        told: list[str] = []

        def is_turned_away() -> bool:
            try:
                functions.invoke(FunctionName=f"{name}:live", Payload=b"{}")
            except ClientError as error:
                reason = error.response.get("Reason")
                told.append(f"{_error(error)} {reason or ''}".strip())
            return bool(told)

        try:
            # A reservation takes a moment until it holds.
            site.wait_until(is_turned_away, "the function is throttled", seconds=60)
        except Failed as failure:
            told.append(str(failure))
        reply = site.wire().get(stat_path(container, "a"))
    site.wait_until(
        lambda: site.wire().get(stat_path(container, "a")).status_code == 200,
        "the function answers again",
        seconds=SETTLE_SECONDS,
    )
    said = f"a caller: {_refusal(reply)}; an invoker: {told[0]}"
    return Told(said, as_tested=reply.status_code == 429 and told[0].startswith("429 TooMany"))


def throttled_replication(site: Site) -> Told:
    """What a write comes to while the functions that write replicas are at their concurrency."""
    container = site.container("throttled")
    site.client().create_object(container, "a", b"x", prefer=WAIT)
    replicas = site.client().stat_object(container, "a").replicas
    cluster = sorted(one.cluster for one in replicas)[-1]
    with _throttled(site, _function(site, cluster, "put_replica")):
        try:
            waited = site.client().update_object(container, "a", b"y", prefer=WAIT)
            said = f"a caller who waits: {waited.state}, {waited.replicas[0]} replicas"
        except McosError as error:
            said = f"a caller who waits: {error.status} {error.code}"
        site.client().update_object(container, "a", b"z", prefer=ASYNC)
    stat = settle(site, container, "a", seconds=2 * SETTLE_SECONDS)
    is_equal_or_fail(stat.state, "CREATED", "what was accepted meanwhile")
    is_equal_or_fail(
        site.client().download_object(container, "a").content, b"z", "its content in the end"
    )
    return Told(f"without {cluster}: {said}; what was queued is CREATED with three replicas")


def frozen_environment(site: Site) -> Told:
    """Whether a published version keeps its environment when the function's is changed."""
    name = _function(site, site.first, "stat_object")
    functions = site.place.session.client("lambda")

    def variables(qualifier: str) -> dict[str, str]:
        found = functions.get_function_configuration(FunctionName=name, Qualifier=qualifier)
        kept: dict[str, str] = found.get("Environment", {}).get("Variables", {})
        return kept

    def change(to: Mapping[str, str]) -> None:
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": dict(to)}
        )
        site.wait_until(
            lambda: variables("$LATEST") == to, "the function has changed", seconds=SETTLE_SECONDS
        )

    before, live = variables("$LATEST"), variables("live")
    try:
        change({**before, "MCOS_CHECK": "changed"})
        is_frozen = variables("live") == live
    finally:
        change(before)
    said = "is frozen" if is_frozen else "changes with the function's"
    return Told(f"the environment of a published version {said}", as_tested=is_frozen)


def first_answers(site: Site) -> Told:
    """How long the first answer of an entry point takes, whose functions start cold."""
    if not site.first_answers:
        raise LeftOut("no entry point has answered")
    said = ", ".join(f"{name} {took:.2f} s" for name, took in sorted(site.first_answers.items()))
    return Told(said, as_tested=max(site.first_answers.values()) < HEALTHY_SECONDS)


def many_at_once(site: Site) -> Told:
    """A burst of creates into tables that nobody has used yet, in one container."""
    container, began = site.container("burst"), time.monotonic()
    wires = {cluster: site.wire(cluster) for cluster in site.clusters}

    def create(number: int) -> str:
        wire = wires[site.clusters[number % len(site.clusters)]]
        try:
            reply = wire.post(
                object_path(container, f"{number}"), content=b"x" * 1024, headers=_octets()
            )
        except httpx.HTTPError as error:
            return type(error).__name__
        return f"{reply.status_code} {_code(reply) or ''}".strip()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = Counter(pool.map(create, range(BURST)))
    took = time.monotonic() - began
    listed = sum(1 for _ in site.client().all_objects(container))
    taken = found["202"]
    if listed < taken:
        raise Failed(f"{taken} creates were taken, and {listed} are listed")
    said = ", ".join(f"{count} times {what}" for what, count in found.most_common())
    return Told(
        f"{BURST} creates by {_AT_ONCE} at once, {BURST / took:.0f} a second: {said}",
        as_tested=taken == BURST,
    )


def missing_key(site: Site) -> Told:
    """What S3 answers for a key that is not there, if the asker may not list the bucket."""
    with _bucket(site) as (s3, bucket):
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:ListBucket",
            "Resource": f"arn:{_partition(site)}:s3:::{bucket}",
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        answers = []
        # A policy takes a moment until it holds.
        with suppress(Failed):
            site.wait_until(
                lambda: answers.append(_missing(s3, bucket)) or answers[-1].startswith("403"),  # type: ignore[func-returns-value]
                "403",
                seconds=30,
            )
        return Told(answers[-1], as_tested=answers[-1].startswith("403"))


def _missing(s3: Any, bucket: str) -> str:
    try:
        s3.get_object(Bucket=bucket, Key="nothing")
    except ClientError as error:
        return _error(error)
    return "200"


def size_of_metadata(site: Site) -> Told:
    """How many bytes of user metadata S3 takes."""
    taken: dict[int, str] = {}
    with _bucket(site) as (s3, bucket):
        for size in METADATA_BYTES:
            try:
                s3.put_object(
                    Bucket=bucket, Key="a", Body=b"", Metadata={"long": "x" * (size - len("long"))}
                )
                taken[size] = "taken"
            except ClientError as error:
                taken[size] = _error(error)
        s3.delete_object(Bucket=bucket, Key="a")
    said = ", ".join(f"{size:,} bytes: {what}" for size, what in taken.items())
    return Told(said, as_tested=taken[2000] == "taken" and taken[2001] != "taken")


def metrics_of_logs(site: Site) -> Told:
    """Whether CloudWatch takes the lines of the functions' logs for metrics."""
    watch, found = site.place.session.client("cloudwatch"), set[str]()

    def are_there() -> bool:
        pages = watch.get_paginator("list_metrics").paginate(Namespace=NAMESPACE)
        found.update(one["MetricName"] for page in pages for one in page["Metrics"])
        return bool(found)

    try:
        seconds = 0 if site.place.emulated else METRICS_SECONDS
        took = site.wait_until(are_there, "there are metrics", seconds=seconds)
    except (Failed, ClientError, BotoCoreError) as error:
        if site.place.emulated:
            raise LeftOut("the emulator makes no metrics of logs") from error
        return Told(f"no metrics in {NAMESPACE}: {error}", as_tested=False)
    return Told(f"{len(found)} metrics after {took:.0f} s: {', '.join(sorted(found)[:8])}", True)


QUESTIONS = (
    Check("what arrives of a path", paths, "A path is decoded"),
    Check("headers that are too long", headers_too_long, "The request line and the values"),
    Check("a payload that is too large", payload_too_large, "A payload has 10 MB"),
    Check("an event that is too large", event_too_large, "An event of a Lambda and its reply"),
    Check("base64 of slashes", slashes_in_base64, "An event of a Lambda and its reply"),
    Check("types that are text", text_bodies, "A body is handed over as text"),
    Check("the length of HEAD", length_of_head, "`Content-Length` is that of the bytes"),
    Check("headers that are renamed", remapped_headers, "`WWW-Authenticate`, `Date`"),
    Check("Content-MD5", content_md5, "Hop-by-hop headers"),
    Check("the query", query, "The query reaches a function"),
    Check("a throttled call", throttled_call, "Replies of the gateway itself"),
    Check("throttled replication", throttled_replication, "Above its reserved concurrency"),
    Check("the environment of a version", frozen_environment, "Configuration and code"),
    Check("the first answers", first_answers, "Route 53 takes an endpoint"),
    Check("a burst on new tables", many_at_once, "Calls may be turned away"),
    Check("a key that is not there", missing_key, "Who may not list a bucket"),
    Check("how much metadata S3 takes", size_of_metadata, "User metadata has at most 2 KB"),
    Check("metrics from logs", metrics_of_logs, "A log line that is a JSON object"),
)


def counts(site: Site, since: datetime) -> dict[str, str]:
    """What costs money, as far as CloudWatch has counted it yet, in the account and region.

    Parameters
    ----------
    since
        When the deployment began.
    """
    found = {what: f"{count:,}" for what, count in sorted(site.requests.items())}
    if site.place.emulated:
        return found
    queries = {
        "calls of functions": _total("AWS/Lambda", "Invocations"),
        "milliseconds of functions": _total("AWS/Lambda", "Duration"),
        "units written to tables": _sum("AWS/DynamoDB,TableName", "ConsumedWriteCapacityUnits"),
        "units read from tables": _sum("AWS/DynamoDB,TableName", "ConsumedReadCapacityUnits"),
        "calls of entry points": _sum("AWS/ApiGateway,ApiId", "Count"),
        "messages sent to queues": _sum("AWS/SQS,QueueName", "NumberOfMessagesSent"),
    }
    wanted = [{"Id": f"q{n}", **one} for n, one in enumerate(queries.values())]
    try:
        reply = site.place.session.client("cloudwatch").get_metric_data(
            MetricDataQueries=wanted,
            StartTime=since - timedelta(hours=1),
            EndTime=datetime.now(UTC) + timedelta(hours=1),
        )
    except (ClientError, BotoCoreError) as error:
        return {**found, "what CloudWatch has counted": f"not told: {type(error).__name__}"}
    by_id = {one["Id"]: sum(one["Values"]) for one in reply["MetricDataResults"]}
    for number, what in enumerate(queries):
        found[f"{what} (CloudWatch, so far)"] = f"{by_id.get(f'q{number}', 0):,.0f}"
    return found


_HOUR = 3600


def _total(namespace: str, metric: str) -> dict[str, Any]:
    """A query for a metric of all that there is, which has no dimensions."""
    named = {"Namespace": namespace, "MetricName": metric}
    return {"MetricStat": {"Metric": named, "Period": _HOUR, "Stat": "Sum"}}


def _sum(schema: str, metric: str) -> dict[str, Any]:
    search = f"SEARCH('{{{schema}}} MetricName=\"{metric}\"', 'Sum', {_HOUR})"
    return {"Expression": f"SUM({search})", "Period": _HOUR}


def _octets() -> dict[str, str]:
    return {"content-type": OCTETS, "prefer": ASYNC}


def _post(
    site: Site,
    container: str,
    name: str,
    content: bytes,
    kind: str,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    return site.wire().post(
        object_path(container, name),
        content=content,
        headers={"prefer": ASYNC, "content-type": kind, **(headers or {})},
    )


def _status(what: str, reply: httpx.Response, tested: int) -> Told:
    return Told(f"{what}: {_refusal(reply)}", as_tested=reply.status_code == tested)


def _refusal(reply: httpx.Response) -> str:
    """The status of a reply, and what it says: a code of the API, or the gateway's message."""
    return f"{reply.status_code} {_code(reply) or reply.text[:120]!r}"


def _code(reply: httpx.Response) -> str | None:
    try:
        told = reply.json()
    except ValueError:
        return None
    code = told.get("code") if isinstance(told, dict) else None
    return code if isinstance(code, str) else None


def _error(error: ClientError) -> str:
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return f"{status} {error.response['Error']['Code']}"


def _function(site: Site, cluster: str, name: str) -> str:
    return f"{site.place.prefix}-{cluster}-{name}"


@contextmanager
def _throttled(site: Site, name: str) -> Iterator[Any]:
    """Have a function turn all calls away meanwhile; a client of Lambda, which repeats nothing."""
    functions = site.place.session.client(
        "lambda", config=Config(retries={"total_max_attempts": 1})
    )
    before = functions.get_function_concurrency(FunctionName=name).get(
        "ReservedConcurrentExecutions"
    )
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield functions
    finally:
        if before is None:
            functions.delete_function_concurrency(FunctionName=name)
        else:
            functions.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=before
            )


@contextmanager
def _bucket(site: Site) -> Iterator[tuple[Any, str]]:
    """A bucket for a moment, and a client of S3; it must be empty in the end."""
    s3, region = site.place.session.client("s3"), site.place.region
    name = f"{site.place.prefix}-check-{uuid4().hex[:16]}"
    there = {} if region == "us-east-1" else {"LocationConstraint": region}
    s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": there} if there else {}))
    try:
        yield s3, name
    finally:
        s3.delete_bucket(Bucket=name)


def _partition(site: Site) -> str:
    arn: str = site.place.session.client("sts").get_caller_identity()["Arn"]
    return arn.split(":")[1]
