"""How many clusters an instance has, and what is said of each; no service is started."""

import json
from pathlib import Path
from typing import Any

import pytest

from clouds import __main__ as command_line
from clouds import clusters, commands, credentials, install, services
from clouds.errors import CloudsError
from clouds.instance import Instance
from clouds.services.keystone import SwiftWithKeystone
from tools import deploy

THREE = ["s3", "swift", "ceph"]
FIVE = [*THREE, "swift-2", "s3-2"]


@pytest.fixture
def names_installed() -> list[str]:
    """The virtual environments beside those that every instance needs."""
    return []


@pytest.fixture
def started(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, names_installed: list[str]
) -> list[str]:
    """The names of the services that commands start or stop, which here do nothing."""
    names: list[str] = []
    monkeypatch.setenv("MCOS_CEPH", "fallback")
    monkeypatch.delenv("MCOS_REQUIRE_CEPH", raising=False)
    monkeypatch.setattr(install, "install", lambda: None)
    monkeypatch.setattr(
        install, "install_environments", lambda names: names_installed.extend(names)
    )
    monkeypatch.setattr(Instance, "named", lambda name: instance)
    monkeypatch.setattr("clouds.instance.STATE", instance.folder.parent)
    for action in ("_start_one", "_stop_one"):
        monkeypatch.setattr(commands, action, lambda service: names.append(service.name))
    return names


def names_of(instance: Instance) -> list[str]:
    return list(services.backends_of(instance))


def test_an_instance_has_three_clusters_unless_five_are_asked_for(
    instance: Instance, started: list[str]
) -> None:
    assert command_line.main(["start"]) == 0
    assert sorted(started) == sorted(["emulator", *THREE])
    assert names_of(instance) == THREE


def test_an_instance_grows_and_stays_so(instance: Instance, started: list[str]) -> None:
    commands.start(instance)
    before = credentials.load_or_create(instance.folder)
    assert command_line.main(["start", "--clusters", "5"]) == 0
    started.clear()
    commands.start(instance)
    assert sorted(started) == sorted(["emulator", *FIVE])
    assert names_of(instance) == FIVE
    assert credentials.load_or_create(instance.folder) == before


def test_keystone_is_installed_only_for_five(
    instance: Instance, started: list[str], names_installed: list[str]
) -> None:
    commands.start(instance)
    assert names_installed == []
    commands.start(instance, count=5)
    assert names_installed == ["keystone"]
    assert isinstance(services.backends_of(instance)["swift-2"], SwiftWithKeystone)


def test_a_second_swift_from_before_keystone_keeps_its_users_and_data(
    instance: Instance, started: list[str], names_installed: list[str]
) -> None:
    (instance.folder / "swift-2").mkdir(parents=True)
    commands.start(instance, count=5)
    assert names_installed == []
    second = services.backends_of(instance)["swift-2"]
    assert second.secret()["auth_url"].endswith("/auth/v1.0")
    (instance.folder / "swift-2").rmdir()
    assert type(services.backends_of(instance)["swift-2"]) is type(second)  # chosen once


def test_an_instance_from_before_there_was_a_choice_has_three(instance: Instance) -> None:
    instance.folder.mkdir()
    assert clusters.names_of(instance) == ("s3", "swift", "ceph")


def test_an_instance_of_five_is_not_made_one_of_three(
    instance: Instance, started: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    commands.start(instance, count=5)
    started.clear()
    assert command_line.main(["start", "--clusters", "3"]) == 1
    refusal = capsys.readouterr().err
    assert "the data of swift-2 and s3-2 would be left behind" in refusal
    assert refusal.count("\n") == 1
    assert started == []
    assert names_of(instance) == FIVE


@pytest.mark.parametrize("count", ["0", "1", "4", "6", "-3", "five", ""])
def test_no_other_number_of_clusters_is_taken(
    instance: Instance, started: list[str], count: str
) -> None:
    with pytest.raises(SystemExit):
        command_line.main(["start", "--clusters", count])
    assert started == []
    assert not instance.folder.exists()


def test_a_number_of_clusters_is_not_for_one_service(
    instance: Instance, started: list[str]
) -> None:
    with pytest.raises(CloudsError, match="leave NAME out"):
        commands.start(instance, "swift-2", 5)
    assert started == []


def test_one_of_five_services_stops_and_starts_alone(
    instance: Instance, started: list[str]
) -> None:
    commands.start(instance, count=5)
    started.clear()
    assert command_line.main(["stop", "swift-2"]) == 0
    assert command_line.main(["start", "s3-2"]) == 0
    assert started == ["swift-2", "s3-2"]


@pytest.mark.parametrize("command", ["start", "stop"])
def test_a_service_that_an_instance_does_not_have_is_refused(
    instance: Instance, started: list[str], capsys: pytest.CaptureFixture[str], command: str
) -> None:
    commands.start(instance)
    started.clear()
    assert command_line.main([command, "swift-2"]) == 1
    assert "test has 3 clusters and no swift-2" in capsys.readouterr().err
    assert started == []


@pytest.fixture
def description(
    instance: Instance, started: list[str], capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    """What ``describe`` prints of an instance of five clusters."""
    commands.start(instance, count=5)
    keys = ("s3_access_key", "s3_secret_key", "s3_2_access_key", "s3_2_secret_key")
    credentials.update(instance.folder, **dict.fromkeys(keys, "made at the first start"))
    capsys.readouterr()
    commands.describe(instance)
    described: dict[str, Any] = json.loads(capsys.readouterr().out)
    return described


def test_describe_tells_backends_and_placement_apart(description: dict[str, Any]) -> None:
    kinds = {name: backend["kind"] for name, backend in description["backends"].items()}
    assert kinds == {"s3": "s3", "swift": "swift", "ceph": "ceph", "swift-2": "swift", "s3-2": "s3"}
    assert list(kinds) == list(description["clusters"]) == FIVE
    assert description["clusters"]["swift-2"] == {
        "provider": "local-swift",
        "location": "paris",
        "labels": {"speed": "standard", "cost": "low"},
    }


def test_a_deployment_places_by_what_describe_says(description: dict[str, Any]) -> None:
    deployed = deploy.variables_of(description, Path("build"))["clusters"]
    assert list(deployed) == FIVE
    assert deployed["s3-2"] == {
        "backend": "s3",
        "provider": "local-s3-2",
        "location": "tokyo",
        "labels": {"speed": "fast", "cost": "high"},
    }
    for name, secret in deploy.backend_secrets(description).items():
        settings = json.loads(secret)
        assert {"kind": deployed[name]["backend"], **settings} == description["backends"][name]
        assert not {"kind", "provider", "location", "labels"} & set(settings)
