"""The command as a process, whatever its streams, its names and its environment are."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from threading import Event, Thread

import httpx
import pytest

from mcos_client.config import Profile, write_profile
from tests.support.small_mcos import Served, SmallMcos
from tests.support.waiting import wait_until

SOURCE = Path(__file__).parents[4] / "client" / "src"
SECONDS = 60
ESCAPE = "a\x1b[31mb\nforged [ok]"


@dataclass
class Process:
    folder: Path
    server: Served
    environment: dict[str, str]

    @property
    def small(self) -> SmallMcos:
        return self.server.small

    def start(self, *arguments: str, shell: str = "", **more: str) -> Popen[bytes]:
        """Start it; ``shell`` is what a shell may do to its streams."""
        command = [sys.executable, "-m", "mcos_client", *arguments]
        if shell:
            command = ["sh", "-c", f'exec "$0" "$@" {shell}', *command]
        return Popen(
            command,
            env={**self.environment, **more},
            cwd=self.folder,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            # As a shell does: a process that was started in the background ignores SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def __call__(self, *arguments: str, code: int, shell: str = "", **more: str) -> tuple[str, str]:
        process = self.start(*arguments, shell=shell, **more)
        output, errors = process.communicate(timeout=SECONDS)
        told = errors.decode()
        assert process.returncode == code, (output, told)
        assert "Traceback" not in told
        return output.decode(), told


@pytest.fixture
def mcos(tmp_path: Path) -> Iterator[Process]:
    small = SmallMcos({"c": {"o": b"content", "é": b"2", ESCAPE: b"3"}})
    config = tmp_path / "config.json"
    with Served(small) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        write_profile(config, "default", Profile((server.url,), "demo", "t", "2030"))
        folder = tmp_path / "work"
        folder.mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCE),
            "MCOS_CONFIG": str(config),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "PYTHONIOENCODING": "utf-8",
        }
        yield Process(folder, server, environment)
        server.shutdown()


def test_output_that_is_not_utf_8_shows_every_name(mcos: Process) -> None:
    output, _ = mcos("ls", "c", code=0, PYTHONIOENCODING="ascii")
    assert "\\xe9" in output.splitlines()
    output, _ = mcos("ls", "c", "--json", code=0, PYTHONIOENCODING="ascii")
    assert {json.loads(line)["name"] for line in output.splitlines()} == {
        *mcos.small.containers["c"]
    }


@pytest.mark.parametrize(
    ("arguments", "shell"),
    [
        (("ls", "c"), ">&-"),
        (("cat", "c/o"), ">&-"),
        (("get", "c/o", "-"), ">&-"),
        (("put", "-", "c/new"), "<&-"),
        (("login", "http://mcos.test", "--user", "demo", "--password-stdin"), "<&-"),
        (("ls", "c"), ">/dev/full"),
        (("cat", "c/o"), ">/dev/full"),
        (("put", "folder", "c/new"), ""),
        (("get", "c/o", "/proc/none"), ""),
    ],
)
def test_what_cannot_be_read_or_written_is_one_line_and_1(
    mcos: Process, arguments: tuple[str, ...], shell: str
) -> None:
    (mcos.folder / "folder").mkdir()
    held = dict(mcos.small.containers["c"])
    _, told = mcos(*arguments, shell=shell, code=1)
    assert told.startswith("mcos: ")
    assert told.count("\n") == 1
    assert mcos.small.containers["c"] == held


@pytest.mark.parametrize("proxy", ["socks5://localhost:1", "nonsense://x"])
def test_a_proxy_that_cannot_be_used_is_one_line(mcos: Process, proxy: str) -> None:
    _, told = mcos("ls", "c", code=1, ALL_PROXY=proxy)
    assert told.endswith("[not_usable]\n")


def test_nothing_that_is_raw_reaches_the_output(mcos: Process) -> None:
    hostile = mcos.folder / "tree"
    hostile.mkdir()
    (hostile / ESCAPE).write_bytes(b"1")
    for arguments in (
        ("ls", "c"),
        ("ls", "c", "--long"),
        ("stat", f"c/{ESCAPE}"),
        ("put", f"tree/{ESCAPE}", f"c/new{ESCAPE}"),
        ("put", "-r", "tree", "c/t/"),
        ("cp", "-r", "tree", "mcos:c/u"),
        ("sync", "tree", "mcos:c/v"),
        ("sync", "mcos:c/v", "back"),
        ("get", f"c/{ESCAPE}", f"to{ESCAPE}"),
        ("rm", f"c/new{ESCAPE}"),
        ("rm", "-r", "c/t"),
    ):
        for option in ((), ("--json",)):
            mcos.small.containers["c"] |= {f"new{ESCAPE}": b"1", f"t/{ESCAPE}": b"2"}
            output, told = mcos(*arguments, *option, code=0)
            assert "\x1b" not in output + told
            assert not any(line.startswith("forged") for line in (output + told).splitlines())
            if option:
                for line in output.splitlines():
                    json.loads(line)
    _, told = mcos("stat", f"c/none{ESCAPE}", code=3)
    assert "\x1b" not in told
    assert told.count("\n") == 1


def test_a_file_name_that_is_not_utf_8_does_not_end_the_others(mcos: Process) -> None:
    tree = mcos.folder / "tree"
    tree.mkdir()
    names = [b"a", b"b\xff", b"c", b"d"]
    for name in names:
        (tree / os.fsdecode(name)).write_bytes(name)
    for arguments in (("sync", "tree", "mcos:c/x"), ("put", "-r", "tree", "c/y/")):
        output, told = mcos(*arguments, code=2)
        assert told.splitlines()[-1].endswith("[invalid_name]")
        assert output.count("\n") >= 3
    held = mcos.small.containers["c"]
    assert {name for name in held if name[:2] in ("x/", "y/")} == {
        f"{at}/{name}" for at in "xy" for name in "acd"
    }


def test_what_is_no_file_is_left_out_with_a_word(mcos: Process) -> None:
    tree = mcos.folder / "tree"
    tree.mkdir()
    (tree / "a").write_bytes(b"1")
    os.mkfifo(tree / "pipe")
    os.chdir(tree)
    try:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind("socket")
    finally:
        os.chdir("/")
    (tree / "device").symlink_to("/dev/zero")
    (tree / "mine.mcos-part").write_bytes(b"2")
    held = mcos.small.containers["c"]
    for arguments in (
        ("sync", "tree", "mcos:c/x", "--delete"),
        ("put", "-r", "tree", "c/y/"),
        ("cp", "-r", "tree", "mcos:c/z"),
    ):
        held["x/pipe"] = b"an object has its name"
        _, told = mcos(*arguments, code=0)
        assert {line.split(": ", 2)[2] for line in told.splitlines()} == {
            "a named pipe, left out",
            "a socket, left out",
            "a device, left out",
        }
    listening.close()
    assert {name for name in held if name[1:2] == "/"} == {
        "x/pipe",
        *(f"{at}/{name}" for at in "xyz" for name in ("a", "mine.mcos-part")),
    }
    # Nor is anything written into them.
    mcos("sync", "mcos:c/x", "tree", code=0)


def test_files_that_are_told_to_have_no_size_are_stored_as_they_are_read(mcos: Process) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("there are no files that are made as they are read")
    for number, arguments in enumerate(
        [("put", "/proc/cpuinfo"), ("cp", "/proc/cpuinfo"), ("put", "/proc/self/status")]
    ):
        target = f"c/p{number}"
        mcos(*arguments, target if arguments[0] == "put" else f"mcos:{target}", code=0)
        assert mcos.small.containers["c"][f"p{number}"]
    names = {line.split(b":")[0] for line in mcos.small.containers["c"]["p0"].splitlines()}
    assert names == {
        line.split(b":")[0] for line in Path("/proc/cpuinfo").read_bytes().splitlines()
    }


def test_it_says_which_version_it_is(mcos: Process) -> None:
    output, _ = mcos("--version", code=0)
    project = (SOURCE.parent / "pyproject.toml").read_text()
    assert f'version = "{output.split()[1]}"' in project


def test_ctrl_c_ends_a_put_that_waits_for_a_pipe(mcos: Process) -> None:
    pipe = mcos.folder / "pipe"
    os.mkfifo(pipe)
    process = mcos.start("put", "pipe", "c/new")
    writing: list[int] = []

    def is_read() -> bool:
        with suppress(OSError):  # until somebody reads from it
            writing.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return bool(writing)

    wait_until(is_read, "it has opened the pipe")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)  # nothing else would end it
    os.close(writing[0])
    assert process.returncode == 130


def test_ctrl_c_ends_a_get_that_waits_for_the_network(mcos: Process) -> None:
    came, go_on = Event(), Event()

    def hold(request: httpx.Request) -> None:
        if "/objects/" in request.url.path:
            came.set()
            go_on.wait(SECONDS)

    mcos.server.before = hold
    process = mcos.start("get", "c/o", "file")
    assert came.wait(SECONDS)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=SECONDS // 2)
    go_on.set()
    assert process.returncode == 130
    assert b"the same command goes on where it was" in told
    assert list(mcos.folder.iterdir()) == []
