"""``tools/aws_check.py``: its page, and that everything is taken away, whatever happens."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import wait_until
from tools import aws_check, build, deploy, local
from tools.checking import trials
from tools.checking.page import Check, Failed, LeftOut, Outcome, Page, Secrets, Told
from tools.checking.promises import LAST, PROMISES
from tools.checking.questions import QUESTIONS
from tools.checking.site import Place, Site
from tools.checking.trials import NotDone, NotFresh, OnAws, OnLocalClouds
from tools.local import ROOT

PASSWORD = "a-password-of-a-backend"
TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
END = 60  # seconds, if it does not work


class FakeSite(Site):
    """A site that nobody speaks to."""

    def add_accounts(self) -> None:
        """Add none."""


class FakeTrial:
    """Notes what is asked of it."""

    title = "MCOS nowhere"
    by_hand = "the way by hand"

    def __init__(self, *, deploying: BaseException | None = None, failures: int = 0) -> None:
        self.did: list[str] = []
        self.settings: Mapping[str, Mapping[str, str]] = {"one": {"secret_key": PASSWORD}}
        self._deploying, self._failures = deploying, failures

    def plan(self) -> str:
        self.did.append("plan")
        return "600 resources will be made"

    def deploy(self) -> Place:
        self.did.append("deploy")
        if self._deploying:
            raise self._deploying
        nothing: Any = None
        return Place({"one": "https://one.test"}, "check", "here", True, *[nothing] * 4)

    def destroy(self) -> str:
        self.did.append("destroy")
        if self._failures:
            self._failures -= 1
            raise NotDone(f"a bucket with {PASSWORD} is not empty")
        return "everything"


def ready(_: Site) -> str:
    return "all is ready"


def run(
    trial: FakeTrial, *looks: Callable[[Site], str | Told], confirm: bool = True
) -> tuple[Page | None, list[str]]:
    said: list[str] = []
    page = aws_check.check(
        trial,
        lambda planned: confirm and "600" in planned,
        say=said.append,
        make_site=FakeSite,
        checks=[Check(look.__name__, look) for look in looks],
        ready=Check("ready", ready),
    )
    return page, said


def fine(_: Site) -> str:
    return "it holds"


def fails(_: Site) -> str:
    raise Failed("two replicas, not three")


def breaks(_: Site) -> str:
    raise RuntimeError(f"the backend said {PASSWORD}")


def is_left_out(_: Site) -> str:
    raise LeftOut("a fourth cluster is needed")


def told(_: Site) -> Told:
    return Told("AWS | answered\n413", as_tested=False)


def stopped(_: Site) -> str:
    raise KeyboardInterrupt


def outcomes(page: Page | None) -> dict[str, str]:
    assert page is not None
    return {line.title: line.outcome.value for line in page.lines}


def test_each_check_is_a_line_and_what_fails_stops_no_other() -> None:
    trial = FakeTrial()
    page, said = run(trial, fails, breaks, is_left_out, told, fine)
    assert outcomes(page) == {
        "deployed": "ok",
        "two accounts are added": "ok",
        "ready": "ok",
        "fails": "FAILED",
        "breaks": "FAILED",
        "is_left_out": "left out",
        "told": "not as in the tests",
        "fine": "ok",
        "everything is taken away": "ok",
    }
    assert page is not None
    assert page.has_failed
    text = page.text()
    assert "| fails | FAILED | two replicas, not three | 0.0 |" in text
    assert "| told | not as in the tests | AWS \\| answered 413 | 0.0 |" in text
    assert "| planned | 600 resources will be made |" in text
    assert PASSWORD not in text + "".join(said)
    assert trial.did == ["plan", "deploy", "destroy"]


def test_nothing_that_only_differs_or_was_left_out_fails() -> None:
    page, _ = run(FakeTrial(), told, is_left_out, fine)
    assert page is not None
    assert not page.has_failed


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt("stopped"), NotDone("terraform ended with 1"), ValueError("?")]
)
def test_a_deployment_that_is_cut_short_is_taken_away(error: BaseException) -> None:
    trial = FakeTrial(deploying=error)
    page, _ = run(trial, fine)
    assert trial.did == ["plan", "deploy", "destroy"]
    assert outcomes(page) == {"deployed": "FAILED", "everything is taken away": "ok"}


def test_ctrl_c_ends_the_checks_and_everything_is_taken_away() -> None:
    trial = FakeTrial()
    page, _ = run(trial, fine, stopped, fails, told)
    assert trial.did == ["plan", "deploy", "destroy"]
    seen = outcomes(page)
    assert seen["stopped"] == "FAILED"
    assert (seen["fails"], seen["told"]) == ("left out", "left out")
    assert seen["everything is taken away"] == "ok"


def test_what_cannot_be_taken_away_is_tried_again() -> None:
    trial = FakeTrial(failures=1)
    page, _ = run(trial, fine)
    assert trial.did[-2:] == ["destroy", "destroy"]
    assert page is not None
    assert not page.has_failed


def test_what_is_left_is_said_with_the_way_to_take_it_away_by_hand() -> None:
    page, said = run(FakeTrial(failures=9), fine)
    assert page is not None
    assert page.has_failed
    last = page.lines[-1]
    assert (last.title, last.outcome) == ("everything is taken away", Outcome.FAILED)
    assert "the way by hand" in last.text
    assert PASSWORD not in page.text() + "".join(said)


def test_without_a_yes_nothing_is_done() -> None:
    trial = FakeTrial()
    page, _ = run(trial, fine, confirm=False)
    assert page is None
    assert trial.did == ["plan"]


def test_nobody_at_the_terminal_is_no_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert not aws_check.ask("600 resources will be made")
    assert "600 resources" in capsys.readouterr().err


@pytest.mark.parametrize(
    "secret",
    [
        PASSWORD,
        TOKEN,
        "gAAAAABmZ2Vub3VnaC1mb3ItYS10b2tlbg==",
        "https://b.test/k?X-Amz-Credential=AKIA/x&X-Amz-Signature=5ec2e7",
        "https://s.test/v1/a?temp_url_sig=5ec2e7&temp_url_expires=1",
        "Bearer 5ec2e7",
    ],
)
def test_no_secret_is_on_the_page(secret: str) -> None:
    hidden = Secrets()
    hidden.add_settings([{"key": PASSWORD, "container": "replicas", "user": "a:b"}])
    text = hidden.without(f"in replicas of a:b: {secret!r} was refused")
    assert "in replicas of a:b" in text
    assert "was refused" in text
    for part in (PASSWORD, TOKEN, "gAAAAABm", "5ec2e7", "AKIA"):
        assert part not in text


def test_every_check_has_a_title_of_its_own() -> None:
    titles = [one.title for one in (*PROMISES, *QUESTIONS, *LAST)]
    assert len(set(titles)) == len(titles)


def rows() -> list[list[str]]:
    """The rows of all tables in docs/aws.md."""
    lines = (ROOT / "docs" / "aws.md").read_text().splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]


def test_every_question_is_of_a_rule_in_the_docs_which_name_the_question() -> None:
    for question in QUESTIONS:
        assert question.rule
        (row,) = [row for row in rows() if row[0].startswith(question.rule)]
        assert f"*{question.title}*" in row[-1], question.title
    named = {
        title
        for row in rows()
        for title in row[-1].split("*")[1::2]  # what is emphasised
    }
    assert named == {question.title for question in QUESTIONS}


class FakeTerraform:
    """Terraform with a state and a plan."""

    def __init__(self, there: str, actions: list[list[str]], *, status: int = 0) -> None:
        self._there, self._status = there, status
        self._plan = {
            "variables": {"clusters": {"value": {"one": {"backend": "kind"}}}},
            "resource_changes": [
                {"mode": "managed", "change": {"actions": one}} for one in actions
            ],
        }

    def run(self, command: str, *_: object) -> "subprocess.CompletedProcess[str]":
        printed = self._there if command == "state" else json.dumps(self._plan)
        return subprocess.CompletedProcess([], self._status, printed, "access denied")


class Backend:
    """A backend with keys."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys)

    def list(self, prefix: str = "", marker: str = "") -> Any:
        class One:
            def __init__(self, key: str) -> None:
                self.key = key

        class Listed:
            replicas = tuple(One(key) for key in self.keys)
            next_marker = None
            begun = ()

        return Listed

    def list_begun_parts(self) -> Any:
        return self.list()

    def delete(self, key: str) -> None:
        self.keys.remove(key)

    def discard_parts(self, key: str) -> None:
        """There are none."""


@pytest.fixture
def on_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[FakeTerraform, Backend], tuple[OnAws, list[tuple[str, ...]]]]:
    def make(terraform: FakeTerraform, backend: Backend) -> tuple[OnAws, list[tuple[str, ...]]]:
        ran: list[tuple[str, ...]] = []
        (tmp_path / "check.tfvars").write_text("")
        (tmp_path / "secrets.json").write_text(json.dumps({"one": {"secret_key": PASSWORD}}))
        monkeypatch.setattr(deploy, "terraform_for", lambda *_: terraform)
        monkeypatch.setattr(trials, "_run", lambda *command, fine=0: ran.append(command))
        monkeypatch.setattr(trials, "open_backend", lambda kind, settings: backend)
        files = tmp_path / "check.tfvars", tmp_path / "secrets.json"
        return OnAws(*files, build.Target("aws", "3.13", "arm64")), ran

    return make


OnAwsWith = Callable[[FakeTerraform, Backend], tuple[OnAws, list[tuple[str, ...]]]]


def test_what_would_be_made_is_counted(on_aws: OnAwsWith) -> None:
    trial, ran = on_aws(FakeTerraform("", [["create"]] * 7), Backend())
    assert "7 resources" in trial.plan()
    (planned,) = ran
    assert "--plan" in planned
    assert "--destroy" not in planned


@pytest.mark.parametrize(
    ("there", "actions", "keys", "said"),
    [
        ('{"resources": [{"mode": "managed"}]}', [["create"]], (), "knows of 1 things"),
        ("", [["create"], ["update"]], (), "more than to make"),
        ("", [["create"], ["delete", "create"]], (), "more than to make"),
        ("", [["create"]], ("ada/01JD7Q8Y3V",), "has 1 keys"),
    ],
)
def test_what_is_somebodys_is_never_deployed_over_and_destroyed(
    on_aws: OnAwsWith,
    there: str,
    actions: list[list[str]],
    keys: tuple[str, ...],
    said: str,
) -> None:
    trial, ran = on_aws(FakeTerraform(there, actions), Backend(*keys))
    with pytest.raises(NotFresh, match=said):
        trial.plan()
    assert all("--plan" in one for one in ran)


@pytest.mark.parametrize("state", ["", '{"resources": []}'])
def test_a_state_of_which_nothing_is_left_is_fresh(on_aws: OnAwsWith, state: str) -> None:
    trial, _ = on_aws(FakeTerraform(state, [["create"]]), Backend())
    assert trial.plan()


def test_a_state_that_cannot_be_read_is_not_taken_for_none(on_aws: OnAwsWith) -> None:
    trial, ran = on_aws(FakeTerraform("", [["create"]], status=1), Backend())
    with pytest.raises(NotDone, match="access denied"):
        trial.plan()
    assert ran == []


def test_a_backend_is_left_as_empty_as_it_was(on_aws: OnAwsWith) -> None:
    backend = Backend()
    trial, ran = on_aws(FakeTerraform("", [["create"]]), backend)
    trial.plan()
    backend.keys = ["~health/marker", "~journal/1"]
    assert "2 keys" in trial.destroy()
    assert backend.keys == []
    assert "--destroy" in ran[-1]
    assert "--disposable" in ran[-1]


def test_the_way_by_hand_names_the_files_and_no_secret(on_aws: OnAwsWith) -> None:
    trial, _ = on_aws(FakeTerraform("", []), Backend())
    assert "check.tfvars" in trial.by_hand
    assert "--destroy" in trial.by_hand
    assert PASSWORD not in trial.by_hand


@pytest.mark.parametrize("keep", [True, False])
def test_the_local_clouds_of_people_are_left_alone(keep: bool) -> None:
    with pytest.raises(NotFresh, match="people's"):
        OnLocalClouds("up", keep=keep).plan()


def test_local_clouds_that_are_kept_are_neither_made_nor_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[str, ...]] = []
    described = {"aws_endpoint_url": "http://emulator.test", "backends": {}}
    monkeypatch.setattr(trials, "_run", lambda *command, fine=0: ran.append(command))
    monkeypatch.setattr(local, "describe", lambda _: described)
    monkeypatch.setattr(local, "endpoints", lambda _: {"s3": "http://s3.test"})
    kept = OnLocalClouds("test", keep=True)
    assert kept.deploy().emulated
    assert kept.destroy() == "all is kept"
    assert ran == []
    made = OnLocalClouds("test", keep=False)
    made.deploy()
    made.destroy()
    assert [command[2] for command in ran if command[0] == "-m"] == ["clean", "start", "clean"]


SLOW = """
import signal, sys, time
from pathlib import Path
here = Path(sys.argv[1])
def end(*_):
    Path(here, "told").open("a").write("x")
    time.sleep(1)  # as long as Terraform may take to write its state
    Path(here, "state").write_text("written")
    sys.exit(1)
signal.signal(signal.SIGINT, end)
Path(here, "runs").write_text("")
while True:
    signal.pause()
"""
ENDS_IN_ORDER = """
import sys
from tools import deploy
sys.exit(deploy.run_to_its_end([sys.executable, "-c", sys.argv[1], sys.argv[2]], {}))
"""
TOLD_ONCE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs in the background ignores it
from tools.checking import trials
try:
    trials._run("-c", sys.argv[1], sys.argv[2])
except KeyboardInterrupt:
    sys.exit(3)
"""


def started(program: str, folder: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", program, SLOW, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/client/src:{ROOT}/layers/mcos/python"},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    wait_until((folder / "runs").exists, "Terraform's stand-in runs")
    return process


def test_ctrl_c_at_a_terminal_lets_terraform_write_its_state(tmp_path: Path) -> None:
    process = started(ENDS_IN_ORDER, tmp_path)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to both
    assert process.wait(END) == 1
    assert (tmp_path / "state").read_text() == "written"


def test_terraform_is_told_to_end_once_however_often_ctrl_c_comes(tmp_path: Path) -> None:
    process = started(TOLD_ONCE, tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    wait_until((tmp_path / "told").exists, "it is told to end")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(END) == 3
    assert (tmp_path / "told").read_text() == "x"
    assert (tmp_path / "state").read_text() == "written"
