"""S3, Ceph and Swift are read over the wire, whatever breaks, and secrets are shown nowhere."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mcos_rescue import fetch
from mcos_rescue.errors import BadSettings, NotThere, Refused, RescueError, Unavailable
from mcos_rescue.stores.contract import Store
from mcos_rescue.stores.settings import open_store, store_of_file
from tests.unit.rescue.memory import BEGINNING, Memory
from tests.unit.rescue.servers import HANDLERS, Server, serving, settings_of

KEYS = ["~catalog/1/README.txt", "a.b@c_-~/v/i", "a b+c%d&e<f>", "é", "x" * 900]


@pytest.fixture(params=HANDLERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(kind: str) -> Iterator[Server]:
    memory = Memory()
    for key in KEYS:
        memory.put(key, key.encode() * 3)
    with serving(memory, HANDLERS[kind]) as running:
        yield running


@pytest.fixture
def store(server: Server, kind: str) -> Store:
    return open_store(settings_of(server, kind), {})


@pytest.mark.parametrize("key", KEYS)
def test_what_is_there_is_read(store: Store, kind: str, key: str) -> None:
    assert store.kind == kind.split()[0]
    assert fetch.content(store, key) == key.encode() * 3


def test_all_keys_are_listed_page_by_page(store: Store, server: Server) -> None:
    for number in range(30):
        server.memory.put(f"many/{number:02}", b"x" * number)
    found = list(fetch.all_keys(store))
    assert [one.key for one in found] == sorted(server.memory.kept)
    assert {one.modified for one in found} == {BEGINNING}
    assert [one.size for one in fetch.all_keys(store, "many/")] == list(range(30))


def test_only_get_requests_are_made(store: Store, server: Server) -> None:
    list(fetch.all_keys(store))
    fetch.headers(store, "é")
    asked = [one for one in server.asked if one != "POST /identity/v3/auth/tokens"]
    assert len(server.asked) - len(asked) <= 1
    assert {one.split()[0] for one in asked} == {"GET"}


def test_a_missing_key_is_told_from_a_missing_bucket(
    store: Store, server: Server, kind: str
) -> None:
    with pytest.raises(NotThere):
        fetch.content(store, "nothing")
    settings = settings_of(server, kind)
    settings["container" if "container" in settings else "bucket"] = "another"
    with pytest.raises(Refused):
        list(fetch.all_keys(open_store(settings, {})))


def test_a_body_that_is_cut_is_continued_where_it_was(store: Store, server: Server) -> None:
    key = KEYS[-1]
    server.cuts = [1000, 0, 500]
    assert fetch.content(store, key) == key.encode() * 3


def test_a_service_that_is_busy_is_asked_again(
    store: Store, server: Server, hasty: list[float]
) -> None:
    fetch.content(store, "é")
    server.answers = [503, 500, 429]
    assert fetch.content(store, "é") == "é".encode() * 3
    assert len(hasty) == 3
    server.answers = [503] * 20
    with pytest.raises(Unavailable):
        list(fetch.all_keys(store))


def test_no_error_shows_what_the_service_says_or_a_secret(store: Store, server: Server) -> None:
    for status in (400, 403, 404, 503):
        server.answers = [status] * 20
        with pytest.raises(RescueError) as caught:
            fetch.content(store, "é")
        assert "secret" not in f"{caught.value!r} {caught.value}"


def test_wrong_credentials_are_refused_once_and_shown_nowhere(server: Server, kind: str) -> None:
    settings = settings_of(server, kind)
    secrets = {"key", "secret_key", "password", "application_credential_secret"} & set(settings)
    settings[secrets.pop()] = "hidden"
    store = open_store(settings, {})
    with pytest.raises(Refused) as caught:
        list(fetch.all_keys(store))
    assert "hidden" not in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("kind", ["swift", "swift by password", "swift by credential"])
def test_a_token_that_is_refused_is_renewed(store: Store, server: Server) -> None:
    assert fetch.content(store, "é") == "é".encode() * 3
    server.token = 2
    assert fetch.content(store, "é") == "é".encode() * 3
    assert len([one for one in server.asked if "/auth/" in one]) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"region_name": ""}, "region_name must be one of one, two"),
        ({"region_name": "three"}, "in the regions one, two"),
        ({"interface": "admin"}, "in no region"),
    ],
)
def test_an_object_store_that_the_catalog_does_not_name_is_not_guessed(
    change: dict[str, str], said: str
) -> None:
    with serving(Memory(), HANDLERS["swift"]) as server:
        store = open_store({**settings_of(server, "swift by password"), **change}, {})
        with pytest.raises(Refused, match=said):
            list(fetch.all_keys(store))


def test_an_endpoint_may_be_given_instead_of_the_catalogs() -> None:
    memory = Memory()
    memory.put("a", b"a")
    with serving(memory, HANDLERS["swift"]) as server:
        settings = settings_of(server, "swift by password")
        server.catalog = []
        given = {"endpoint_override": f"{server.url}/v1/AUTH_user/"}
        assert fetch.content(open_store({**settings, **given}, {}), "a") == b"a"


@pytest.mark.parametrize("catalog", [None, [None], [{}], [{"type": "object-store"}]])
def test_a_malformed_catalog_is_refused(catalog: Any) -> None:
    with serving(Memory(), HANDLERS["swift"]) as server:
        server.catalog = catalog
        store = open_store(settings_of(server, "swift by credential"), {})
        with pytest.raises(Refused, match="malformed"):
            list(fetch.all_keys(store))


def test_a_clock_that_is_hours_off_signs_by_the_services_time() -> None:
    memory = Memory()
    memory.put("a", b"a")
    with serving(memory, HANDLERS["s3"]) as server:
        server.ahead = timedelta(hours=3)
        store = open_store(settings_of(server, "s3"), {})
        assert fetch.content(store, "a") == b"a"
        assert fetch.content(store, "a") == b"a"
        assert len(server.asked) == 3


def test_a_service_that_cannot_be_reached_is_unavailable(hasty: list[float]) -> None:
    with serving(Memory(), HANDLERS["s3"]) as server:
        settings = settings_of(server, "s3")
    with pytest.raises(Unavailable):
        list(fetch.all_keys(open_store(settings, {})))
    assert len(hasty) == 5


GOOD = {
    "kind": "s3", "region": "r", "bucket": "b", "access_key": "AKID", "secret_key": "hidden",
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "azure"},
        {"kind": None},
        {"bucket": ""},
        {"acces_key": "hidden"},
        {"secret_key": ""},
        {"endpoint_url": "ftp://hidden"},
        {"endpoint_url": "http://user:hidden@host"},
        {"endpoint_url": "http://[hidden"},
        {"region": "a\r\nhidden"},
        {"region": ["hidden"]},
        {"region": "hidden\u00e9"},
        {"access_key": "", "secret_key": ""},
    ],
)
def test_bad_settings_are_named_and_their_values_are_not(change: dict[str, Any]) -> None:
    with pytest.raises(BadSettings) as caught:
        open_store({**GOOD, **change}, {})
    assert "hidden" not in str(caught.value)


KEYSTONE = {
    "kind": "swift", "auth_url": "https://host/identity/v3", "container": "c",
    "username": "ada", "password": "hidden", "project_name": "p",
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"password": ""},
        {"username": ""},
        {"project_name": ""},
        {"key": "hidden", "user": "hidden"},
        {"application_credential_secret": "hidden", "password": ""},
        {"auth_url": "hidden"},
        {"auth_url": "https://hidden\u00e9/v3"},
        {"endpoint_override": "hidden"},
        {"ca_certificate": "hidden"},
        {"tenant_name": "hidden"},
    ],
)
def test_bad_settings_of_keystone_are_named_and_their_values_are_not(
    change: dict[str, str],
) -> None:
    assert open_store(KEYSTONE, {}).kind == "swift"
    assert open_store({**KEYSTONE, "password": "p\u00e4ssword"}, {}).kind == "swift"
    with pytest.raises(BadSettings) as caught:
        open_store({**KEYSTONE, **change}, {})
    assert "hidden" not in str(caught.value)


def test_an_s3_backend_without_keys_takes_those_of_the_environment() -> None:
    settings = {"kind": "s3", "region": "r", "bucket": "b"}
    environment = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hidden"}
    assert open_store(settings, environment).kind == "s3"


@pytest.mark.parametrize("text", ["", "[]", "{", '"hidden"'])
def test_a_file_that_has_no_settings_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "backend.json"
    path.write_text(text)
    with pytest.raises(BadSettings) as caught:
        store_of_file(path)
    assert "hidden" not in str(caught.value)
    with pytest.raises(BadSettings):
        store_of_file(tmp_path / "nothing")


def test_a_file_has_the_settings_of_one_backend(tmp_path: Path) -> None:
    path = tmp_path / "backend.json"
    path.write_text(json.dumps(GOOD))
    assert store_of_file(path).kind == "s3"
