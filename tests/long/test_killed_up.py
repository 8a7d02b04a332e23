"""``make up`` after a ``kill -9`` of ``make`` and all below it, the emulator apart, at any moment.

The moments are those of one copy of the checkout, in their order: first of its first ``make up``,
then, when there is data, of later ones and of ``make down``.
"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clouds import wait
from mcos_client import Client
from mcos_client.config import DEFAULT_PROFILE, read_profile
from tests.long.checkout import Checkout, checkout

pytestmark = pytest.mark.long

CLUSTERS = ("ceph", "s3", "swift")
CONTENT = b"kept, whatever is killed\n"
SOURCE = "functions/app.py"
BURST = 80

Moment = Callable[[Checkout, str], bool]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    with checkout(tmp_path_factory.mktemp("killed") / "mcos") as made:
        yield made


def said(text: str) -> Moment:
    """When it has printed this."""
    return lambda copy, output: text in output


def there(pattern: str) -> Moment:
    """When there is such a file."""
    return lambda copy, output: any(copy.root.glob(pattern))


def applied(count: int) -> Moment:
    """When Terraform has made so many things, in this run."""

    def moment(copy: Checkout, output: str) -> bool:
        log = copy.state / "terraform" / "terraform.log"
        begun = "deploying" in output or (copy.state / "terraform" / "begun").exists()
        return begun and log.exists() and log.read_text().count('"apply_complete"') > count

    return moment


FIRST: dict[str, tuple[str | None, Moment]] = {
    "half of the tools' packages are installed": (
        ".mcos/venvs/tools",
        there(".mcos/venvs/tools/lib/python*/site-packages/botocore"),
    ),
    "half of a server's packages are installed": (
        ".mcos/venvs/emulator",
        there(".mcos/venvs/emulator/lib/python*/site-packages/*.dist-info"),
    ),
    "Ceph is half unpacked": (
        ".mcos/ceph",
        # Or has turned out not to be had here, and something stands in.
        lambda *now: there(".mcos/ceph/root.partial/usr")(*now) or said("stands in")(*now),
    ),
    "packages are being built": (".mcos/build", there(".mcos/build/local/.tree-*/python")),
    "the first services have been started": (".mcos/up", there(".mcos/up/run/*.pid")),
    "the first services are ready": (None, said("started")),
    "Terraform has made its first things": (None, applied(20)),
    "Terraform has made half of all things": (None, applied(330)),
    "Terraform waits for queues": (".mcos/up", applied(620)),
    "entry points are known and nobody is logged in": (None, there(".mcos/up/endpoints.json")),
}
"""When it is killed, and what is taken away before, so that this moment comes again."""


@pytest.mark.parametrize("moment", FIRST)
def test_the_first_one_is_killed(copy: Checkout, moment: str) -> None:
    """Each goes on where the one before was killed."""
    folder, comes = FIRST[moment]
    if folder:
        copy.make("down")
        shutil.rmtree(copy.root / folder, ignore_errors=True)
    copy.kill_when(lambda output: comes(copy, output), "up")


def test_the_first_one_then_succeeds(copy: Checkout) -> None:
    copy.make("up")
    (copy.root / "content").write_bytes(CONTENT)
    copy.mcos("put", "content", "letters/kept", "--wait")
    check(copy)


def check(copy: Checkout) -> None:
    """All data is there, at every entry point."""
    assert sorted(line.split()[0] for line in copy.make("-s", "endpoints").splitlines()) == [
        *CLUSTERS
    ]
    for cluster in CLUSTERS:
        assert copy.mcos("--profile", cluster, "cat", "letters/kept") == CONTENT
        assert b"3 of 3" in copy.mcos(
            "--profile", cluster, "put", "content", "letters/new", "--wait"
        )


def change(copy: Checkout) -> None:
    """Change the functions, so that the next ``make up`` has all of them to deploy."""
    with (copy.root / SOURCE).open("a") as source:
        source.write("# changed\n")


def test_a_deployment_of_other_functions_is_killed(copy: Checkout) -> None:
    change(copy)
    copy.kill_when(lambda output: applied(40)(copy, output), "up")
    copy.make("up")
    check(copy)


def test_a_stop_is_killed_when_it_begins(copy: Checkout) -> None:
    ending = copy.state / "run" / "emulator.pid"
    copy.kill_when(lambda output: ending.exists() and "ending" in ending.read_text(), "down")
    copy.make("up")
    check(copy)


def test_a_stop_is_killed_before_it_ends(copy: Checkout) -> None:
    copy.kill_when(lambda output: "stopped" in output, "down")
    copy.make("up")
    check(copy)


def test_a_stop_right_after_a_burst_loses_nothing_acknowledged(copy: Checkout) -> None:
    profile = read_profile(copy.state / "mcos.json", DEFAULT_PROFILE)
    acknowledged: list[str] = []

    def create(name: str) -> None:
        with Client(profile.entry_points, profile.token) as client:
            client.create_object("letters", name, name.encode(), prefer="respond-async")
        acknowledged.append(name)

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(create, f"burst-{number}") for number in range(BURST)]
        # What is then refused, or cut off, was never acknowledged.
        assert wait.until(lambda: len(acknowledged) >= BURST // 2, 300)
        copy.make("down")
        for job in jobs:
            job.cancel()
    assert len(acknowledged) >= BURST // 2
    copy.make("up")
    with Client(profile.entry_points, profile.token) as client:
        for name in acknowledged:  # what was under way, the sweep finds after six minutes
            settled = client.wait_until_settled("letters", name, timeout=900)
            assert settled is not None
            assert settled.state == "CREATED"
            assert client.download_object("letters", name).content == name.encode()
    check(copy)


def test_a_start_after_a_stop_is_killed(copy: Checkout) -> None:
    copy.make("down")
    copy.kill_when(lambda output: "started" in output, "up")
    copy.make("up")
    check(copy)


@pytest.mark.parametrize("left", [b"", b'{"version": 4, "resour'], ids=["nothing", "half"])
def test_a_state_is_left_half_written(copy: Checkout, left: bytes) -> None:
    change(copy)
    copy.kill_when(lambda output: applied(10)(copy, output), "up")
    (copy.state / "terraform" / "terraform.tfstate").write_bytes(left)
    (copy.state / "endpoints.json").write_text('{"s3": "http')
    copy.make("up")
    check(copy)


def test_no_state_at_all_is_left(copy: Checkout) -> None:
    change(copy)
    copy.kill_when(lambda output: applied(10)(copy, output), "up")
    for file in (copy.state / "terraform").glob("terraform.tfstate*"):
        file.write_bytes(b"")
    copy.make("up")
    check(copy)


def test_the_emulator_is_killed_and_it_is_said_what_that_costs(copy: Checkout) -> None:
    copy.make("down")
    copy.make("up")
    copy.mcos("put", "content", "letters/lost", "--wait")
    pid = int((copy.state / "run" / "emulator.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    assert wait.until(lambda: not Path(f"/proc/{pid}").exists(), 10)
    said = copy.make("up")
    assert "did not end in order: lost is what was changed in it since" in said
    check(copy)  # what had been saved before
    assert b"letters/lost" not in copy.mcos("ls", "letters/")
