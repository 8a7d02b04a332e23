"""Scrubs, and one object's replicas, on the command line."""

from typing import Any

import httpx

from tests.unit.client.command_line import Mcos
from tests.unit.client.test_scrubs import RUN


def clusters(*names: str) -> dict[str, Any]:
    health = {"healthy": True, "checked_at": None, "read_ms": None, "reason": None}
    facts = dict.fromkeys(("entry_point", "backend", "provider", "location", "state"), "x")
    more = {"labels": {}, "weight": 1, "operator_state": None, "health": health}
    return {"clusters": [{**facts, **more, "name": name} for name in names]}


def answering(mcos: Mcos, asked: list[tuple[str, str]]) -> None:
    """Let there be two clusters, of which one has never begun."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path[request.url.path.index("/v1/") :]
        if path == "/v1/admin/clusters":
            return httpx.Response(200, json=clusters("ceph", "s3"))
        asked.append((request.method, path))
        if path == "/v1/admin/clusters/s3/scrub" and request.method == "GET":
            problem = {"status": 404, "code": "job_not_found", "title": "No such job"}
            return httpx.Response(404, json=problem)
        name = path.split("/")[4]
        return httpx.Response(200, json={**RUN, "cluster": name, "waits": "the cluster is DOWN"})

    mcos.system.instead = answer


def test_status_shows_every_cluster_that_has_begun(mcos: Mcos) -> None:
    asked: list[tuple[str, str]] = []
    answering(mcos, asked)
    lines = mcos("admin", "scrub", "status").text.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["ceph"],
        ["state", "RUNNING", "(copies)"],
        ["copies", "seen", "7"],
    ]
    assert lines[-1] == "ceph: the cluster is DOWN"
    assert len(asked) == 2
    mcos("admin", "scrub", "status", "s3", code=3)


def test_start_and_stop_want_names_or_the_word_for_all(mcos: Mcos) -> None:
    asked: list[tuple[str, str]] = []
    answering(mcos, asked)
    mcos("admin", "scrub", "start", code=2)
    mcos("admin", "scrub", "stop", "ceph", "--all", code=2)
    assert not asked
    mcos("admin", "scrub", "start", "--all", "--full")
    mcos("admin", "scrub", "stop", "ceph")
    scrub = "/v1/admin/clusters/{}/scrub"
    assert asked == [
        ("POST", scrub.format("ceph")),
        ("POST", scrub.format("s3")),
        ("DELETE", scrub.format("ceph")),
    ]


def test_verify_tells_by_its_exit_status_whether_all_is_whole(mcos: Mcos) -> None:
    one = {"cluster": "s3", "state": "whole", "checked": "content", "reason": None}
    found = {"version": "v", "replicas": [one]}
    mcos.system.instead = lambda request: httpx.Response(200, json=found)
    shown = mcos("admin", "verify", "photos/a", "--account", "ada").text
    assert shown.splitlines()[1].split() == ["s3", "whole", "content", "-"]
    one["state"] = "unreachable"
    mcos("admin", "verify", "photos/a", "--account", "ada", code=1)
    mcos("admin", "verify", "photos/a", code=2)


def test_repair_says_who_was_told(mcos: Mcos) -> None:
    told = {"version": "v", "clusters": ["ceph", "s3"]}
    mcos.system.instead = lambda request: httpx.Response(202, json=told)
    shown = mcos("admin", "repair", "photos/a", "--account", "ada").text
    assert shown.strip() == "photos/a: ceph, s3 will see to it"
