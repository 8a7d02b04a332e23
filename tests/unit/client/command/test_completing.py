"""The shell completes containers and objects, by harmless names only, and never says anything."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import which

import httpx
import pytest

from mcos_client.command.shared import completing
from tests.unit.client.command_line import Mcos
from tests.unit.client.loopback import serving
from tests.unit.client.system import ENTRY_POINT
from tests.unit.client.test_budgets import SOURCE

NAMES = ["photos/2026/a.jpg", "photos/2026/b.jpg", "photos/one/only", "phrase", "two words/x"]
HARMFUL = ["ph$(touch x)", "ph`id`", "ph'q", 'ph"q', "ph\\$(id)", "ph*", "ph[a]", "ph;id", "ph\nid"]

Complete = Callable[..., list[str]]


@pytest.fixture
def stored(mcos: Mcos) -> None:
    mcos("mb", "c1")
    mcos("mb", "c2")
    for name in [*NAMES, *HARMFUL]:
        mcos.system.another.put_object("c1", name, b"1")
    mcos.system.work()


@pytest.fixture
def complete(mcos: Mcos, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Ask for what completes the last of some words, as bash does."""

    def ask(*words: str, shell: str = "bash") -> list[str]:
        monkeypatch.setenv("_MCOS_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("COMP_WORDS", "\n".join(("mcos", *words)))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        line = " ".join(("mcos", *words))
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        completing.prepare()
        try:
            done = mcos()
        finally:
            monkeypatch.delenv("_MCOS_COMPLETE")
            os.environ.pop("MCOS_COMPLETES_REMOTE", None)
        assert done.errors == ""
        return [one for one in done.text.splitlines() if one]

    return ask


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("ls", "c"), ["c1/", "c2/"]),
        (("rb", "c"), ["c1", "c2"]),
        (("rm", "c1/ph"), ["c1/photos/", "c1/phrase"]),
        (("stat", "c1/photos/2026/"), ["c1/photos/2026/a.jpg", "c1/photos/2026/b.jpg"]),
        (("get", "c1/photos/2"), ["c1/photos/2026/a.jpg", "c1/photos/2026/b.jpg"]),
        (("cat", "c1/photos/o"), ["c1/photos/one/only"]),
        (("cat", "c1/phrase", "c1/phr"), ["c1/phrase"]),
        (("find", "c1/tw"), ["c1/two\\ words/x"]),
        (("put", "file", "c1/phr"), ["c1/phrase"]),
        (("put", "c"), []),
        (("get", "c1/phrase", "c"), []),
        (("cp", "c"), []),
        (("undelete", "c"), ["c1/", "c2/"]),
        (("cp", "-r", "mcos", ":", "c1/phr"), ["c1/phrase"]),
        (("cp", "mcos", ":", "c1/x", "mcos", ":", "c1/phr"), ["c1/phrase"]),
        (("cp", "mcos", ":"), ["c1/", "c2/"]),
        (("sync", "folder", "mcos", ":", "c1/photos/o"), ["c1/photos/one/only"]),
        (("ls", "nothing/"), []),
        (("ls", "C_/"), []),
        (("sync", "--dry"), ["--dry-run"]),
    ],
)
def test_what_is_there_is_offered(
    complete: Complete, words: tuple[str, ...], expected: list[str]
) -> None:
    assert complete(*words) == expected


@pytest.mark.usefixtures("stored")
def test_the_only_container_is_gone_into(mcos: Mcos, complete: Complete) -> None:
    mcos("rb", "c2")
    assert complete("ls", "c") == ["c1/photos/", "c1/phrase", "c1/two\\ words/"]


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_the_scheme_in_the_word(
    complete: Complete, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    text = "\n".join(complete("cp", "mcos:c1/phr", shell=shell))
    assert "c1/phrase" in text
    assert text.count("phrase") == 1
    assert "mcos" in text


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_name_that_a_shell_may_take_for_more_is_not_offered(
    complete: Complete, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    text = "\n".join(complete("rm", "c1/ph", shell=shell))
    assert "phrase" in text
    assert not any(name in text for name in HARMFUL)
    assert "touch" not in text
    assert "id" not in text


@pytest.mark.usefixtures("stored")
def test_nothing_is_said_if_nobody_answers(mcos: Mcos, complete: Complete) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    mcos.system.instead = fail
    assert complete("ls", "c") == []
    mcos.config.unlink()
    assert complete("ls", "c") == []
    mcos.config.write_text("{")
    assert complete("ls", "c") == []


@pytest.mark.usefixtures("stored")
def test_the_profile_that_is_given_is_asked(mcos: Mcos, complete: Complete) -> None:
    assert complete("--profile", "another", "ls", "c") == []


@pytest.mark.skipif(which("bash") is None, reason="bash is not installed")
@pytest.mark.usefixtures("stored")
def test_a_real_bash_completes(mcos: Mcos, tmp_path: Path) -> None:
    with serving(mcos.system) as address:
        text = mcos.config.read_text().replace(ENTRY_POINT, f"{address}/base")
        config = tmp_path / "real.json"
        config.write_text(text)
        config.chmod(0o600)
        program = tmp_path / "mcos"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m mcos_client "$@"\n')
        program.chmod(0o755)
        script = f"""
            source <({program} --show-completion bash)
            COMP_WORDS=(mcos cp mcos : c1/two); COMP_CWORD=4
            _mcos_completion {program} "" ""
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        environment = {
            **os.environ,
            "PYTHONPATH": str(SOURCE),
            "MCOS_CONFIG": str(config),
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            ["bash", "--norc", "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.stdout == "c1/two\\ words/x\n", done
