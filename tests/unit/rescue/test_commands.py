"""The command line: what it prints, what it exits with, and that it hides nothing."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcos_rescue.commands.main import main
from mcos_rescue.printable import printable
from tests.unit.rescue.memory import Deployment
from tests.unit.rescue.servers import S3Handler, Server, serving, settings_of

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def deployment() -> Deployment:
    made = Deployment()
    made.mark()
    made.container()
    made.container("empty")
    for name in ("may/sea.jpg", "june.jpg"):
        made.store(name, name.encode())
    made.write_segment(1)
    return made


@pytest.fixture
def server(deployment: Deployment) -> Iterator[Server]:
    with serving(deployment.memory, S3Handler) as running:
        yield running


@pytest.fixture
def run(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; its exit code, what it printed, and what it said beside that."""
    settings = tmp_path / "backend.json"
    settings.write_text(json.dumps(settings_of(server, "s3")))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["--backend", str(settings), *arguments])
        told = capsys.readouterr()
        assert "a secret" not in told.out + told.err
        return code, told.out, told.err

    return run


def test_ls_lists_accounts_containers_and_objects(run: Run) -> None:
    assert run("ls")[:2] == (0, "ada/\n")
    assert run("ls", "ada")[:2] == (0, "empty/\nphotos/\n")
    code, out, _ = run("ls", "ada/photos")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["8", "2026-11-22T10:00:00.000Z", "here", "june.jpg"],
        ["11", "2026-11-22T10:00:00.000Z", "here", "may/sea.jpg"],
    ]
    assert run("ls", "ada/photos/may/")[1].endswith("may/sea.jpg\n")
    assert run("ls", "ada/empty")[:2] == (0, "")


@pytest.mark.parametrize("place", ["bob", "ada/nothing"])
def test_ls_of_what_is_not_there_fails(run: Run, place: str) -> None:
    assert run("ls", place)[:2] == (2, "")


def test_find_takes_a_part_or_a_pattern(run: Run) -> None:
    assert run("find", "sea")[1].endswith("ada/photos/may/sea.jpg\n")
    assert len(run("find", "*.jpg")[1].splitlines()) == 2
    assert run("find", "ada/photos/j*")[1].endswith("ada/photos/june.jpg\n")
    assert run("find", "nothing")[:2] == (0, "")


def test_get_writes_one_object(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "sea.jpg"
    assert run("get", "ada/photos/may/sea.jpg", str(file))[:2] == (0, "")
    assert file.read_bytes() == b"may/sea.jpg"


def test_get_of_what_is_damaged_leaves_no_file(
    run: Run, deployment: Deployment, tmp_path: Path
) -> None:
    for key, kept in deployment.memory.kept.items():
        if key.startswith("ada/"):
            kept.content = b"?" * len(kept.content)
    code, _, err = run("get", "ada/photos/june.jpg", str(tmp_path / "june.jpg"))
    assert (code, "not what was stored" in err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["backend.json"]


@pytest.mark.parametrize("name", ["ada/photos/nothing", "ada/photos", "ada", ""])
def test_get_of_what_is_not_there_fails(run: Run, tmp_path: Path, name: str) -> None:
    assert run("get", name, str(tmp_path / "x"))[0] == 2


def test_get_all_writes_every_object_and_goes_on(run: Run, tmp_path: Path) -> None:
    code, out, err = run("get-all", str(tmp_path / "all"))
    assert (code, out) == (0, "")
    assert "written 2" in err
    assert (tmp_path / "all/ada/photos/may/sea.jpg").read_bytes() == b"may/sea.jpg"
    assert "already there 2" in run("get-all", str(tmp_path / "all"))[2]


def test_verify_and_missing_say_what_is_wrong_and_the_exit_code_too(
    run: Run, deployment: Deployment
) -> None:
    assert run("verify")[0] == 0
    assert run("missing")[:2] == (0, "")
    deployment.object("lost", deployment.version(b"lost", stored=["ceph"]))
    deployment.object("new", None, pending=[deployment.version(b"", stored=[])], state="CREATING")
    deployment.write_segment(2)
    code, out, _ = run("missing")
    assert code == 1
    assert [line.split() for line in out.splitlines()] == [
        ["ceph", "ada/photos/lost"],
        ["pending", "ada/photos/new"],
    ]
    assert run("verify")[0] == 1
    assert run("ls")[0] == 0


def test_a_journal_that_is_not_whole_is_in_every_exit_code(
    run: Run, deployment: Deployment
) -> None:
    deployment.object("x", None)
    bad = deployment.write_segment(2)
    deployment.memory.kept[bad].content = b""
    for command in (["ls"], ["find", "x"], ["missing"], ["verify"], ["ls", "ada/photos"]):
        code, _, err = run(*command)
        assert (code, "PROBLEM" in err) == (1, True), command


def test_a_name_cannot_command_the_terminal(run: Run, deployment: Deployment) -> None:
    deployment.object("\x1b[2J\r\u202egpj\\", deployment.version(b"x"))
    deployment.write_segment(2)
    out = run("ls", "ada/photos")[1]
    assert "\\x1b[2J\\x0d\\u202egpj\\\\" in out
    assert "\x1b" not in out


def test_names_that_differ_are_shown_differently() -> None:
    assert printable("\\x1b") != printable("\x1b")


def test_an_unreachable_backend_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Deployment().memory, S3Handler) as server:
        (tmp_path / "b.json").write_text(json.dumps(settings_of(server, "s3")))
    assert main(["--backend", str(tmp_path / "b.json"), "ls"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = run("get-all", str(tmp_path / "file"))
    assert code == 2
    assert "Traceback" not in err
