"""A link reads one object, for as long as it says, until it is ended; nothing else does."""

import json
from typing import Any

import pytest

from mcos import limits
from mcos.auth import passwords
from mcos.catalog import accounts, shares
from mcos.catalog.tables import ShareItem
from tests.support.cloud import ASYNC, SYNC, Cloud
from tests.support.gateway import Reply
from tests.support.paths import container_path, object_path
from tests.support.user import User

CONTENT = b"what was shared"
HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def owner(cloud: Cloud) -> User:
    """A user with an account of the catalog, and an object."""
    return with_account(cloud)


def with_account(cloud: Cloud) -> User:
    user = User(cloud)
    with cloud.network.outside():
        assert accounts.create(user.account, passwords.hash_password("a-password"))
    headers = {**SYNC, "X-Object-Meta-Place": "Brest", "Cache-Control": "public, max-age=9"}
    assert user.create("sea.txt", CONTENT, headers).status == 201
    return user


def share(user: User, name: str = "sea.txt", seconds: int | None = None) -> dict[str, Any]:
    wanted: dict[str, Any] = {"container": "photos", "object": name}
    if seconds is not None:
        wanted["expires_in"] = seconds
    reply = user.call("POST", "/v1/shares", json.dumps(wanted).encode())
    assert reply.status == 201, reply
    told: dict[str, Any] = reply.json()
    assert reply.headers["location"] == told["path"]
    return told


def read(user: User, path: str, headers: dict[str, str] | None = None, at: str = "s3") -> Reply:
    """Follow a link, as somebody without a token."""
    return user.cloud.call(at, "GET", path, headers=headers)


def refused(reply: Reply) -> tuple[int, bytes]:
    """What is answered, without the request's own id."""
    told = {name: one for name, one in reply.json().items() if name != "request_id"}
    return reply.status, json.dumps(told, sort_keys=True).encode()


def test_who_has_the_link_reads_the_content_at_every_entry_point(owner: User) -> None:
    link = share(owner)
    for cluster in ("s3", "swift", "ceph"):
        reply = read(owner, link["path"], at=cluster)
        assert (reply.status, reply.body) == (200, CONTENT)
    assert reply.headers["content-disposition"].startswith('attachment; filename="sea.txt"')
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in reply.headers["content-security-policy"]
    assert reply.headers["cache-control"] == "private, no-cache"
    assert reply.headers["referrer-policy"] == "no-referrer"


def test_the_link_tells_nothing_else_of_the_object(owner: User) -> None:
    reply = read(owner, share(owner)["path"])
    told = {name for name in reply.headers if name.startswith("x-")}
    assert told == {"x-content-type-options", "x-mcos-content-length"}


def test_ranges_and_conditions_are_those_of_a_download(owner: User) -> None:
    path = share(owner)["path"]
    etag = read(owner, path).headers["etag"]
    part = read(owner, path, {"Range": "bytes=5-7"})
    assert (part.status, part.body, part.headers["content-range"]) == (
        206,
        CONTENT[5:8],
        f"bytes 5-7/{len(CONTENT)}",
    )
    assert read(owner, path, {"If-None-Match": etag}).status == 304
    assert read(owner, path, {"If-Match": '"another"'}).status == 412
    assert read(owner, path, {"Range": "bytes=99-"}).status == 416


def test_large_content_is_at_a_signed_url_that_no_cache_keeps(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONTENT_BYTES", 4)
    reply = read(owner, share(owner)["path"])
    assert reply.status == 307
    assert reply.headers["location"].startswith("https://")
    assert reply.headers["cache-control"] == "no-store"
    assert not {name for name in reply.headers if name.startswith("x-object-meta-")}


def test_it_lives_as_long_as_it_says_and_no_longer(owner: User) -> None:
    day, week, month = share(owner), share(owner, seconds=7 * DAY), share(owner, seconds=30 * DAY)
    owner.cloud.clock.advance(DAY - 120)
    assert read(owner, day["path"]).status == 200
    owner.cloud.clock.advance(240)
    assert read(owner, day["path"]).status == 404
    # Longer than any token, session or role is good.
    owner.cloud.clock.advance(29 * DAY - HOUR)
    assert read(owner, week["path"]).status == 404
    assert read(owner, month["path"]).status == 200


def test_wrong_expired_and_ended_links_are_answered_alike(owner: User) -> None:
    ended, late, gone = share(owner), share(owner, seconds=60), share(owner)
    assert owner.call("DELETE", f"/v1/shares/{ended['share']}").status == 204
    owner.cloud.clock.advance(120)
    owner.token = owner.cloud.token(owner.account)
    expected = refused(read(owner, "/v1/shared/" + "A" * 22))
    assert expected[0] == 404
    assert b"share_not_found" in expected[1]
    for path in (
        ended["path"],
        late["path"],
        f"/v1/shared/{ended['share']}",
        "/v1/shared/x",
        "/v1/shared/%C3%A4",
        "/v1/shared/a%2Bb",
    ):
        assert refused(read(owner, path)) == expected, path
    owner.call("DELETE", object_path("photos", "sea.txt"), headers=SYNC)
    assert refused(read(owner, gone["path"])) == expected


def test_an_end_is_immediate(owner: User) -> None:
    link = share(owner)
    assert owner.call("DELETE", f"/v1/shares/{link['share']}", at="ceph").status == 204
    for cluster in ("s3", "swift", "ceph"):
        assert read(owner, link["path"], at=cluster).status == 404
    again = owner.call("DELETE", f"/v1/shares/{link['share']}")
    assert (again.status, again.code) == (404, "share_not_found")


def test_the_link_follows_the_object_and_ends_with_it(owner: User) -> None:
    path = share(owner)["path"]
    assert owner.update("sea.txt", b"a newer version", ASYNC).status == 202
    assert read(owner, path).body == b"a newer version"
    assert owner.call("DELETE", object_path("photos", "sea.txt"), headers=SYNC).status == 204
    assert read(owner, path).status == 404
    owner.cloud.clock.advance(1)
    assert owner.create("sea.txt", b"another thing of that name", SYNC).status == 201
    assert read(owner, path).status == 404


def test_a_put_over_an_object_is_an_update_of_it(owner: User) -> None:
    path = share(owner)["path"]
    target = f"{object_path('photos', 'sea.txt')}?if_missing=create"
    assert owner.call("PUT", target, b"put", SYNC).status == 200
    assert read(owner, path).body == b"put"


def test_accounts_that_were_disabled_share_nothing(owner: User) -> None:
    path = share(owner)["path"]
    with owner.cloud.network.outside():
        accounts.change(owner.account, enabled=False)
    assert read(owner, path).status == 404


def test_only_what_can_be_read_is_shared(owner: User) -> None:
    wanted = {"container": "photos", "object": "nothing"}
    reply = owner.call("POST", "/v1/shares", json.dumps(wanted).encode())
    assert (reply.status, reply.code) == (404, "object_not_found")
    for seconds in (0, 59, 366 * DAY + 1, -1):
        wanted = {"container": "photos", "object": "sea.txt", "expires_in": seconds}  # type: ignore[dict-item]
        reply = owner.call("POST", "/v1/shares", json.dumps(wanted).encode())
        assert (reply.status, reply.code) == (400, "invalid_body")
    assert owner.cloud.call("s3", "POST", "/v1/shares", body=b"{}").status == 401
    assert listed(owner) == []


def listed(user: User, query: str = "") -> list[dict[str, Any]]:
    reply = user.call("GET", f"/v1/shares{query}")
    assert reply.status == 200, reply
    found: list[dict[str, Any]] = reply.json()["shares"]
    return found


def test_shares_are_listed_by_their_account_alone(owner: User) -> None:
    made = [share(owner) for _ in range(5)]
    stranger = with_account(owner.cloud)
    share(stranger)
    shown = sorted(({k: v for k, v in one.items() if k != "path"} for one in made), key=str)
    assert sorted(listed(owner), key=str) == shown
    assert not any("path" in one for one in listed(owner))
    assert len(listed(stranger)) == 1
    reply = owner.call("GET", "/v1/shares?limit=2").json()
    pages = [reply]
    while pages[-1]["next_marker"]:
        query = f"?limit=2&marker={pages[-1]['next_marker']}"
        pages.append(owner.call("GET", f"/v1/shares{query}").json())
    assert sorted((one for page in pages for one in page["shares"]), key=str) == shown
    assert owner.call("GET", "/v1/shares?marker=x").status == 400
    for one in made:
        assert stranger.call("DELETE", f"/v1/shares/{one['share']}").status == 404
        assert read(owner, one["path"]).status == 200


def test_nothing_that_is_kept_makes_a_link(owner: User) -> None:
    made = share(owner)
    link = made["path"].rpartition("/")[2]
    with owner.cloud.network.outside():
        kept = [item.attribute_values for item in ShareItem.scan()]
    assert len(kept) == 1
    assert link not in json.dumps(kept, default=str)
    assert owner.token not in json.dumps(made)


def test_what_has_expired_is_not_listed_and_is_removed_once_an_hour(owner: User) -> None:
    short, long = share(owner, seconds=60), share(owner)
    owner.cloud.clock.advance(600)
    owner.token = owner.cloud.token(owner.account)
    assert [one["share"] for one in listed(owner)] == [long["share"]]
    assert owner.call("DELETE", f"/v1/shares/{short['share']}").status == 404
    with owner.cloud.at("s3"):
        assert shares.tidy(lambda: True) == 1
        assert [item.share for item in ShareItem.scan()] == [long["share"]]
    assert read(owner, long["path"]).status == 200


def test_a_read_by_a_link_takes_two_calls_more_than_a_download(owner: User) -> None:
    path = share(owner)["path"]
    assert read(owner, path).status == 200  # which has read the registry
    with owner.cloud.network.record() as calls:
        assert read(owner, path).status == 200
    assert [one.name for one in calls][:3] == ["dynamodb:GetItem"] * 3
    with owner.cloud.network.record() as others:
        assert owner.download("sea.txt").status == 200
    assert len(calls) == len(others) + 2


def test_a_link_is_no_right_to_anything_else(owner: User) -> None:
    link = share(owner)["path"].rpartition("/")[2]
    for method, path in (
        ("PUT", f"/v1/shared/{link}"),
        ("DELETE", f"/v1/shared/{link}"),
        ("POST", f"/v1/shared/{link}"),
    ):
        assert owner.cloud.call("s3", method, path).status == 405
    bearer = owner.cloud.call("s3", "GET", container_path("photos") + "/objects", token=link)
    assert bearer.status == 401
