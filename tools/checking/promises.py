"""What has to hold wherever it is deployed: each check fails where it does not."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import httpx

from mcos.storage import ReplicaNotFound, StorageBackend
from mcos_client import Client, McosError, ObjectStat, PolicyUnmet, Written
from tools.checking.page import Check, Failed, LeftOut
from tools.checking.site import UNREACHABLE, Site

WAIT = "wait=25"
ASYNC = "respond-async"

READY_SECONDS = 600.0
SETTLE_SECONDS = 300.0
REPAIR_SECONDS = 600.0
DRAIN_SECONDS = 1800.0
KEY_SECONDS = 1500.0
"""How long something may take: a key of tokens signs ten minutes after it was published, and who
signs may read it five minutes later."""

LARGE_BYTES = 100_000_000
_PIECE = 1_000_000

ODD_NAMES = (
    "a%3Fb",
    "a%2562",
    "a?b",
    "a#b",
    "a+b",
    "a b",
    "a;b=c&d",
    "a\\b",
    "a//b",
    "a/./b",
    "a/../b",
    "../a",
    ".",
    "..",
    "/",
    "/a",
    "a/",
    "a\nb",
    "a\x7fb",
    "ä/ö/ü",
    "\U0001f30a",
    "'\"<>|*",
    "x" * 1024,
)
"""Names that one gateway or another changes on their way, where it can read them."""

CUT = "?"
"""What follows it in a decoded path is lost before anybody can see that it was there."""


def is_ready(site: Site) -> str:
    """Every entry point answers, and every backend is examined and takes replicas."""
    said = [_answers(site, cluster) for cluster in site.clusters]
    reasons: dict[str, Any] = {}

    def takes_replicas() -> bool:
        clusters = site.operator.list_clusters()
        reasons.clear()
        for one in clusters:
            if one.state != "ACTIVE" or not one.health.healthy:
                reasons[one.name] = [one.state, one.health.reason, *one.health.refusals]
            said.extend(
                warned
                for warning in one.health.warnings
                if (warned := f"{one.name}: {warning}") not in said
            )
        return not reasons

    try:
        site.wait_until(takes_replicas, "all clusters are ACTIVE", seconds=READY_SECONDS)
    except Failed as failure:
        raise Failed(f"{failure}: {reasons}") from None
    return "; ".join(said)


def _answers(site: Site, cluster: str) -> str:
    """Wait until somebody can log in at an entry point; what was answered until then.

    A new role takes a moment until it may do everywhere what its policies say.
    """
    failures: list[str] = []

    def can_work() -> bool:
        began = site.clock.now()
        try:
            with site.anonymous(cluster) as client:
                client.health()
            site.first_answers.setdefault(cluster, site.clock.now() - began)
            site.client(cluster).list_container(limit=1)
        except McosError as error:
            failures.append(f"{error.status or type(error).__name__}")
            return False
        return True

    waited = site.wait_until(can_work, f"{cluster} answers", seconds=READY_SECONDS)
    if not failures:
        return f"{cluster} works at once"
    return f"{cluster} works after {waited:.0f} s of {', '.join(sorted(set(failures)))}"


def ten_calls(site: Site) -> str:
    """Each of the ten calls, at every entry point."""
    for cluster in site.clusters:
        _ten_calls_at(site, cluster)
    return f"at {', '.join(site.clusters)}: each object CREATED with three replicas, or more"


def _ten_calls_at(site: Site, cluster: str) -> None:
    client, others = site.client(cluster), [one for one in site.clusters if one != cluster]
    site.log_in(cluster)
    container = site.container(f"calls-{cluster}")
    _be(container in {one.name for one in client.all_containers()}, "the container is listed")
    waited = client.create_object(container, "waited", b"one", prefer=WAIT)
    _stored(waited)
    client.create_object(container, "queued", b"two", prefer=ASYNC)
    _stored(client.update_object(container, "waited", b"three", prefer=WAIT))
    settled = settle(site, container, "queued", client)
    _be(settled.state == "CREATED", f"what was queued is CREATED, not {settled.state}")
    stat = client.stat_object(container, "waited")
    _be(stat.state == "CREATED" and stat.version != waited.version, "the update is CREATED")
    names = {one.name for one in client.list_object(container).objects}
    _be(names == {"waited", "queued"}, f"both are listed, not {sorted(names)}")
    for place in (cluster, *others):
        for name, content in (("waited", b"three"), ("queued", b"two")):
            found = site.client(place).download_object(container, name).content
            _be(found == content, f"{place} gives what was stored at {cluster}")
    client.delete_object(container, "queued", prefer=ASYNC)
    client.delete_object(container, "waited", prefer=ASYNC)
    site.wait_until(
        lambda: site.is_gone(container), "the emptied container is deleted", seconds=SETTLE_SECONDS
    )
    _be(container not in {one.name for one in client.all_containers()}, "the container is gone")


def odd_names(site: Site) -> str:
    """Objects by names that gateways change, in exact paths."""
    container, client = site.container("names"), site.client()
    for name in ODD_NAMES:
        client.create_object(container, name, name.encode(), prefer=WAIT)
    for cluster in site.clusters:
        listed = {one.name for one in site.client(cluster).all_objects(container)}
        _be(listed == set(ODD_NAMES), f"{cluster} lists {sorted(listed ^ set(ODD_NAMES))} wrongly")
        for name in ODD_NAMES:
            found = site.client(cluster).download_object(container, name).content
            _be(found == name.encode(), f"{cluster} gives {name!r} its own content")
    return f"{len(ODD_NAMES)} names, each at {len(site.clusters)} entry points"


def plain_paths(site: Site) -> str:
    """The same names in plain paths: refused, or taken for what they are."""
    container, wire = site.container("plain"), site.wire()
    arrived, refused, lost = 0, 0, 0
    for name in ODD_NAMES:
        path = f"/v1/containers/{container}/objects/{quote(name, safe='/')}"
        reply = wire.send(raw(wire, "POST", path, name.encode()))
        listed = {one.name for one in site.client().all_objects(container)}
        if reply.is_success:
            if listed != {name} and CUT in name:
                lost += 1
            else:
                _be(listed == {name}, f"{name!r} in a plain path became {sorted(listed)}")
            arrived += listed == {name}
        else:
            _be(not listed, f"{name!r} was answered {reply.status_code}, and made {sorted(listed)}")
            _be(400 <= reply.status_code < 500, f"{name!r} was answered {reply.status_code}")
            refused += 1
        for one in listed:
            settle(site, container, one)
            site.client().delete_object(container, one, prefer=ASYNC)
            site.wait_until(
                lambda: not site.client().list_object(container).objects,
                "the object is gone",
                seconds=SETTLE_SECONDS,
            )
    cut = f"; {lost} lost what follows a question mark, as a plain path may" if lost else ""
    return f"{refused} were refused, {arrived} arrived as they are{cut}"


def raw(wire: httpx.Client, method: str, path: str, content: bytes) -> httpx.Request:
    """Return a request whose path goes over the wire as it is: httpx would fold its dots."""
    base = wire.base_url.raw_path.rstrip(b"/")
    return wire.build_request(
        method,
        "",
        content=content,
        headers={"content-type": "application/octet-stream", "prefer": ASYNC},
        extensions={"target": base + path.encode("ascii")},
    )


def large_upload(site: Site) -> str:
    """An upload of 100 MB by signed URLs, and its download."""
    container, client = site.container("large"), site.client()
    with tempfile.TemporaryDirectory() as folder:
        sent, got = Path(folder, "sent"), Path(folder, "got")
        digest = _write(sent, LARGE_BYTES)
        began = site.clock.now()
        client.upload(container, "large", sent)
        taken = site.clock.now()
        stat = settle(site, container, "large", client, seconds=REPAIR_SECONDS)
        settled = site.clock.now()
        _be(stat.state == "CREATED", f"it is CREATED, not {stat.state}: {stat.reason}")
        _be(stat.sha256 == b64encode(digest).decode(), "its SHA-256 is that of what was sent")
        client.download_to(container, "large", got)
        ended = site.clock.now()
        with got.open("rb") as file:
            _be(hashlib.file_digest(file, "sha256").digest() == digest, "it came back as it was")
    return (
        f"{LARGE_BYTES:,} bytes: sent in {taken - began:.0f} s, CREATED {settled - taken:.0f} s "
        f"later, read in {ended - settled:.0f} s"
    )


def _write(path: Path, size: int) -> bytes:
    """Write a file of so many bytes that nothing can compress; its SHA-256."""
    digest, left = hashlib.sha256(), size
    with path.open("wb") as file:
        while left:
            piece = os.urandom(min(left, _PIECE))
            file.write(piece)
            digest.update(piece)
            left -= len(piece)
    return digest.digest()


def damage(site: Site) -> str:
    """One replica gets other bytes on its own service: it is found, and written anew."""
    container, content = site.container("damage"), os.urandom(5000)
    written = site.client().create_object(container, "whole", content, prefer=WAIT)
    stat = site.client().stat_object(container, "whole")
    unreachable = []
    for replica in stat.replicas:
        try:
            (key,) = site.keys_of(replica.cluster, written.version)
            backend = site.place.open_backend(replica.cluster)
            backend.delete(key)
            wrong = bytes(one ^ 0xFF for one in content)
            backend.put(key, io.BytesIO(wrong), **_said(wrong))
        except UNREACHABLE as error:
            unreachable.append(f"{replica.cluster} ({type(error).__name__})")
            continue
        return _repaired(site, container, written, replica.cluster, content)
    raise LeftOut(f"no backend can be reached from here: {', '.join(unreachable)}")


def _said(content: bytes) -> dict[str, Any]:
    return {
        "size": len(content),
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "sha256": b64encode(hashlib.sha256(content).digest()).decode(),
        "content_type": "application/octet-stream",
    }


def _repaired(site: Site, container: str, written: Written, cluster: str, content: bytes) -> str:
    account, name = site.user_name, "whole"

    def states() -> dict[str, str]:
        found = site.operator.verify_object(account, container, name)
        return {one.cluster: one.state for one in found.replicas}

    seen = states()
    _be(seen[cluster] == "damaged", f"the replica on {cluster} is found damaged, not {seen}")
    found = site.client().download_object(container, name).content
    _be(found == content, "it is read from another replica meanwhile")
    site.operator.repair_object(account, container, name)
    took = site.wait_until(
        lambda: set(states().values()) == {"whole"}, "all are whole", seconds=REPAIR_SECONDS
    )
    backend = site.place.open_backend(cluster)

    def has_what_was_sent() -> bool:
        keys = site.keys_of(cluster, written.version)  # the damaged one goes a moment later
        return [_read(backend, key) for key in keys] == [content]

    site.wait_until(has_what_was_sent, f"{cluster} has the bytes", seconds=REPAIR_SECONDS)
    return f"on {cluster}: found, and whole again after {took:.0f} s"


def _read(backend: StorageBackend, key: str) -> bytes | None:
    try:
        with backend.get(key) as reader:
            return reader.read()
    except ReplicaNotFound:
        return None


@dataclass
class _Load:
    """Calls at every entry point while something else is done, none of them tried again."""

    site: Site
    container: str
    over: Event = field(default_factory=Event)
    calls: int = 0

    def work(self, cluster: str) -> int:
        """Log in, write and read until it is over; how many calls that were.

        Raises
        ------
        McosError
            A call failed.
        """
        client, calls = self.site.client(cluster), 0
        while True:
            self.site.log_in(cluster)
            name, content = f"{cluster}/{calls}", f"{cluster} {calls}".encode()
            _stored(client.create_object(self.container, name, content, prefer=WAIT))
            found = client.download_object(self.container, name).content
            _be(found == content, f"{cluster} gives back what it was given")
            calls += 3
            if self.over.is_set():
                return calls


@contextmanager
def _at_work(site: Site) -> Iterator[_Load]:
    """Let users work meanwhile.

    Raises
    ------
    Failed
        In the end: a call failed.
    """
    load = _Load(site, site.container("meanwhile"))
    with ThreadPoolExecutor(len(site.clusters)) as pool:
        working = [pool.submit(load.work, cluster) for cluster in site.clusters]
        try:
            yield load
        finally:
            load.over.set()
    failures = [f"{type(one).__name__}: {one}" for work in working if (one := work.exception())]
    _be(not failures, f"no call failed meanwhile; these did: {'; '.join(failures)}")
    load.calls = sum(work.result() for work in working)


def token_key(site: Site) -> str:
    """The key of tokens is replaced while users call."""
    before = site.key_before = _kid(site.log_in(site.first))
    with _at_work(site) as load:
        site.place.rotate_token_key()
    for cluster in site.clusters:
        site.client(cluster).list_container()
    return f"{load.calls} calls meanwhile, none failed; tokens were signed by {before} until then"


def new_token_key(site: Site) -> str:
    """Tokens are signed by the new key in the end, and those of the one before are good."""
    if site.place.emulated:
        raise LeftOut("it takes a quarter of an hour, and time is the same on an emulator")
    if site.key_before is None:
        raise LeftOut("the key was not replaced")

    def is_new() -> bool:
        return all(_kid(site.log_in(cluster)) != site.key_before for cluster in site.clusters)

    took = site.wait_until(is_new, "the new key signs everywhere", seconds=KEY_SECONDS)
    for cluster in site.clusters:
        site.client(cluster).list_container()
    return f"everywhere {took:.0f} s after the checks before this one; older tokens are good"


def _kid(token: str) -> str:
    head = token.partition(".")[0]
    found: str = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
    return found


def credentials(site: Site) -> str:
    """The credentials of a backend are written again while users call."""
    manager = site.place.session.client("secretsmanager")
    wanted = f"{site.place.prefix}/{site.first}/backend"
    pages = manager.get_paginator("list_secrets").paginate(
        Filters=[{"Key": "name", "Values": [wanted]}]
    )
    names = [one["Name"] for page in pages for one in page["SecretList"]]
    names = [one for one in names if one == wanted or one.startswith(f"{wanted}-")]
    _be(len(names) == 1, f"there is one secret {wanted}-..., not {names}")
    text = manager.get_secret_value(SecretId=names[0])["SecretString"]
    site.hidden.add_settings([json.loads(text)])
    with _at_work(site) as load:
        # The same credentials in another text: functions are to take it for a new one.
        put = manager.put_secret_value(
            SecretId=names[0], SecretString=json.dumps(json.loads(text), indent=1)
        )
        took = site.wait_until(
            lambda: manager.get_secret_value(SecretId=names[0])["VersionId"] == put["VersionId"],
            "the secret has the new text",
            seconds=SETTLE_SECONDS,
        )
    return f"of {site.first}: read after {took:.0f} s; {load.calls} calls meanwhile, none failed"


def drain(site: Site) -> str:
    """A cluster is drained, and takes replicas again."""
    container, cluster = site.container("drained"), site.clusters[-1]
    names = [f"{number}" for number in range(12)]
    for name in names:
        _stored(site.client().create_object(container, name, name.encode(), prefer=WAIT))
    if len(site.clusters) < 4:
        try:
            job = site.operator.drain_cluster(cluster)
        except PolicyUnmet:
            raise LeftOut(
                "three clusters: it was refused, as it must be; a fourth is needed"
            ) from None
        site.operator.stop_job(job.job)
        raise Failed(f"three clusters, three replicas: the drain of {cluster} is refused")
    before = sum(_has(site, container, name, cluster) for name in names)
    try:
        job = site.operator.drain_cluster(cluster)
        took = site.wait_until(
            lambda: site.operator.get_job(job.job).state == "DONE",
            f"{cluster} is drained",
            seconds=DRAIN_SECONDS,
        )
        for name in names:
            stat = settle(site, container, name)
            where = {one.cluster for one in stat.replicas}
            _be(cluster not in where and len(where) >= 3, f"{name} is on {sorted(where)}")
            found = site.client().download_object(container, name).content
            _be(found == name.encode(), f"{name} is read as it was")
    finally:
        site.operator.change_cluster(cluster, state=None)
    more = iter(range(1000))

    def takes_replicas() -> bool:
        name = f"back-{next(more)}"
        site.client().create_object(container, name, b"back", prefer=WAIT)
        return _has(site, container, name, cluster)

    back = site.wait_until(takes_replicas, f"{cluster} is back", seconds=SETTLE_SECONDS)
    return f"{cluster}: {before} replicas moved in {took:.0f} s; a new one there after {back:.0f} s"


def _has(site: Site, container: str, name: str, cluster: str) -> bool:
    return cluster in {one.cluster for one in site.client().stat_object(container, name).replicas}


def leaves_nothing(site: Site) -> str:
    """All is deleted, and no replica of it is left on any backend."""
    site.remove_all()
    left = [one.name for one in site.client().all_containers()]
    _be(not left, f"no container is left, not {left}")
    unseen = []
    for cluster in site.clusters:
        try:
            site.keys_of(cluster)
        except UNREACHABLE as error:
            unseen.append(f"{cluster} cannot be reached from here ({type(error).__name__})")
            continue
        site.wait_until(
            lambda cluster=cluster: not site.keys_of(cluster),  # type: ignore[misc]
            f"{cluster} has no replica any more",
            seconds=REPAIR_SECONDS,
        )
    return "; ".join(["no object, no container, no replica", *unseen])


def settle(
    site: Site,
    container: str,
    name: str,
    client: Client | None = None,
    *,
    seconds: float = SETTLE_SECONDS,
) -> ObjectStat:
    """Wait until nothing is under way for an object.

    Raises
    ------
    Failed, McosError
    """
    client = client or site.client()
    found: list[ObjectStat] = []

    def is_settled() -> bool:
        found[:] = [client.stat_object(container, name)]
        return found[0].settled

    site.wait_until(is_settled, f"{name} is settled", seconds=seconds)
    return found[0]


def _stored(written: Written) -> None:
    stored, wanted = written.replicas
    whole = written.state == "CREATED" and stored == wanted >= 3
    _be(whole, f"{written.name} is {written.state}, with {stored} of {wanted} replicas")


def is_equal_or_fail(found: object, wanted: object, what: str) -> None:
    """Compare.

    Raises
    ------
    Failed
        Contents are named by their length.
    """
    if found != wanted:
        words = [
            f"{len(one)} bytes" if isinstance(one, bytes) else repr(one) for one in (found, wanted)
        ]
        raise Failed(f"{what}: {words[0]}, not {words[1]}")


def _be(holds: bool, what: str) -> None:
    """Say what must be, or what is instead, where it does not hold."""
    if not holds:
        raise Failed(f"not so: {what}")


READY = Check("entry points and backends are ready", is_ready)

PROMISES = (
    Check("the ten calls", ten_calls),
    Check("odd names, exact paths", odd_names),
    Check("odd names, plain paths", plain_paths),
    Check("an upload of 100 MB", large_upload),
    Check("a damaged replica", damage),
    Check("the key of tokens is replaced", token_key),
    Check("a backend's credentials are written again", credentials),
    Check("a cluster is drained, and back", drain),
)

LAST = (
    Check("tokens by the new key", new_token_key),
    Check("nothing is left", leaves_nothing),
)
"""What comes last: the one wants time to have passed, the other has nothing to go on."""
