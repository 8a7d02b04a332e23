"""Which emulator an instance uses: its own, or one of somebody else's."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from clouds import __main__ as command_line
from clouds import commands, credentials, emulators, install, services
from clouds.errors import CloudsError
from clouds.instance import Instance
from clouds.services import Emulator, OtherEmulator
from clouds.services.base import Service

URL = "http://127.0.0.1:4999"


@pytest.fixture
def started(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is started or stopped, which here does nothing: the name, and where it is reached."""
    done: list[str] = []
    monkeypatch.setenv("MCOS_CEPH", "fallback")
    monkeypatch.delenv("MCOS_REQUIRE_CEPH", raising=False)
    for name in ("AWS_ENDPOINT_URL", "LOCALSTACK_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(install, "install", lambda: None)
    monkeypatch.setattr(Instance, "named", lambda name: instance)
    monkeypatch.setattr("clouds.instance.STATE", instance.folder.parent)

    def do(service: Service) -> None:
        done.append(f"{service.name} {service.url}")

    monkeypatch.setattr(commands, "_start_one", do)
    return done


def test_an_instance_has_its_own_unless_another_is_named(
    instance: Instance, started: list[str]
) -> None:
    commands.start(instance)
    assert isinstance(services.emulator_of(instance), Emulator)
    assert "emulator http://127.0.0.1:20000" in started


def test_another_is_remembered(instance: Instance, started: list[str]) -> None:
    assert command_line.main(["start", "--emulator", f"{URL}/"]) == 0
    started.clear()
    commands.start(instance)
    assert f"emulator {URL}" in started
    emulator = services.emulator_of(instance)
    assert isinstance(emulator, OtherEmulator)
    assert emulator.processes == []


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, "http://localhost:4566"),
        ({"LOCALSTACK_HOST": "stack:4999"}, "http://stack:4999"),
        ({"AWS_ENDPOINT_URL": "https://stack:1", "LOCALSTACK_HOST": "other"}, "https://stack:1"),
    ],
)
def test_localstack_is_found_as_its_own_client_finds_it(
    instance: Instance,
    started: list[str],
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    found: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    commands.start(instance, emulator="localstack")
    assert emulators.url_of(instance) == found


def test_an_instance_keeps_its_tables_where_they_are(
    instance: Instance, started: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    commands.start(instance)
    started.clear()
    assert command_line.main(["start", "--emulator", URL]) == 1
    assert f"keeps its tables in the emulator embedded, not in {URL}" in capsys.readouterr().err
    assert started == []


def test_an_instance_from_before_there_was_a_choice_has_its_own(instance: Instance) -> None:
    (instance.folder / "emulator").mkdir(parents=True)
    with pytest.raises(CloudsError, match="in the emulator embedded"):
        emulators.settle(instance, URL)
    assert emulators.url_of(instance) is None


@pytest.mark.parametrize("wrong", ["4566", "localhost:4566", "ftp://a", "http://a/b", "http://"])
def test_what_is_no_url_is_refused(instance: Instance, wrong: str) -> None:
    with pytest.raises(CloudsError, match="no emulator's URL"):
        emulators.settle(instance, wrong)
    assert not (instance.folder / "emulator-url").exists()


def test_an_emulator_is_not_for_one_service(instance: Instance, started: list[str]) -> None:
    with pytest.raises(CloudsError, match="leave NAME out"):
        commands.start(instance, "swift", emulator=URL)
    assert started == []


@pytest.fixture
def other() -> Iterator[str]:
    """Something that answers as LocalStack does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/_localstack/health" else 404)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_another_is_used_if_it_answers_and_never_stopped(
    instance: Instance, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = credentials.load_or_create(instance.folder)
    emulator = OtherEmulator(instance, made, other)
    emulator.launch()
    assert emulator.stop()
    assert emulator.running()
    commands._stop_one(emulator)
    assert capsys.readouterr().out == ""


def test_another_that_does_not_answer_is_an_error(instance: Instance) -> None:
    made = credentials.load_or_create(instance.folder)
    with pytest.raises(CloudsError, match=r"no emulator answers at http://127\.0\.0\.1:1/"):
        OtherEmulator(instance, made, "http://127.0.0.1:1").launch()


def test_describe_tells_whose_emulator_it_is(
    instance: Instance, started: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    commands.start(instance, emulator=URL)
    keys = ("s3_access_key", "s3_secret_key")
    credentials.update(instance.folder, **dict.fromkeys(keys, "made at the first start"))
    capsys.readouterr()
    commands.describe(instance)
    described = json.loads(capsys.readouterr().out)
    assert described["aws_endpoint_url"] == URL
    assert not described["aws_embedded"]
