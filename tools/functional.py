"""Run the functional tests on local clouds of their own, and leave nothing running.

One deployment carries them all, and grows from three clusters to five. Tests that need only the
storage services run while Terraform waits; what stops a storage service comes after what needs
them all. What takes long by nature is left to ``make long``.

What is behind ``--`` goes to pytest: ``tools/functional.py --keep -- tests/functional -k races``.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = "test"
ENDPOINTS = ROOT / ".mcos" / INSTANCE / "endpoints.json"

STORAGE = "tests/functional/storage"
WITHOUT_DEPLOYMENT = [STORAGE, "tests/functional/clouds", "-k", "not keystone"]
# One after the other, in one process: what they measure, or break, is shared by all.
ALONE = [f"tests/functional/{name}" for name in ("load", "alarms", "faults", "outages")]
WHILE_IT_GROWS = [
    # These ask much and place little.
    *(f"tests/functional/api/test_{name}.py" for name in ("bad_input", "schemathesis")),
    # These need no deployment, or none that has ended.
    *(
        f"tests/infrastructure/test_{name}.py"
        for name in ("packages", "state_machine", "terraform")
    ),
]
# Only of five services one has a Keystone.
KEYSTONE = [STORAGE, "-k", "keystone or not storage"]
API = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "tests/functional/api").glob("test_*"))
ON_THREE = [
    # The longest first: whatever comes last, one process does alone.
    "tests/functional/client",
    *sorted(set(API) - set(WHILE_IT_GROWS), key=lambda file: ("uploads" not in file, file)),
    "tests/functional/budgets",
]
OF_THE_DEPLOYMENT = [
    f"tests/infrastructure/test_{name}.py" for name in ("deployment", "iam", "aws_plan")
]
SPARES = "tests/functional/five/test_spares.py"
ON_FIVE = ["tests/functional/five", f"--ignore={SPARES}"]

NO_TESTS = 5
"""What pytest ends with when there was nothing to run."""


class Clouds:
    """The instance of the tests, and pytest on it.

    Attributes
    ----------
    status
        0, or what the first pytest ended with that failed.
    """

    def __init__(self) -> None:
        self.status = 0

    def link(self, clusters: int | None = None) -> None:
        """Start so many clusters and deploy them; those that are there stay."""
        self.start(clusters)
        self.deploy()

    def start(self, clusters: int | None = None) -> None:
        """Start so many clusters."""
        self.run("start", *([f"--clusters={clusters}"] if clusters else []))

    def deploy(self) -> None:
        """Deploy what is started."""
        _python("tools/deploy.py", "--instance", INSTANCE)

    def clean(self) -> None:
        """Stop everything, and forget."""
        self.run("clean")

    def run(self, command: str, *arguments: str) -> None:
        """Run a command of ``python -m clouds``."""
        _python("-m", "clouds", command, "--instance", INSTANCE, *arguments)

    def test(self, *arguments: str) -> None:
        """Run pytest; where it fails, what follows is run all the same."""
        self._note(subprocess.run(_pytest(*arguments), cwd=ROOT).returncode)

    def test_beside(self, work: Callable[[], None], *arguments: str) -> None:
        """Run pytest while something else is done, and show afterwards what it printed.

        The tests know the entry points that there are now: a deployment that goes on has none.
        """
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
            environment = dict(os.environ)
            if ENDPOINTS.exists():
                environment["MCOS_ENDPOINTS"] = str(shutil.copy(ENDPOINTS, folder))
            printed = Path(folder, "printed")

            def test() -> int:
                with printed.open("wb") as out:
                    return subprocess.run(
                        _pytest(*arguments),
                        cwd=ROOT,
                        env=environment,
                        stdout=out,
                        stderr=subprocess.STDOUT,
                    ).returncode

            tests = pool.submit(test)
            try:
                work()
            finally:
                status = tests.result()
                print(printed.read_text(), end="", flush=True)
        self._note(status)

    def _note(self, status: int) -> None:
        if status != NO_TESTS:
            self.status = self.status or status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the clouds running")
    parser.add_argument("--clusters", type=int, help="how many are linked: 3 or 5")
    parser.add_argument("pytest", nargs="*", help="instead of the suites")
    arguments = parser.parse_args()
    os.environ.setdefault("MCOS_REQUIRE_CEPH", "1")
    clouds = Clouds()
    try:
        if not arguments.keep:
            clouds.clean()
        if arguments.pytest:
            clouds.link(arguments.clusters)
            clouds.test(*arguments.pytest)
        else:
            suite(clouds)
    except subprocess.CalledProcessError as error:
        return error.returncode
    finally:
        if not arguments.keep:
            clouds.clean()
    return clouds.status


def suite(clouds: Clouds) -> None:
    """All that ``make test`` has of the functional tests."""
    began = time.monotonic()

    def done(what: str) -> None:
        print(f"  {what}, {time.monotonic() - began:.0f} s after the beginning", flush=True)

    clouds.start(3)
    clouds.test_beside(clouds.deploy, *processes(4), *WITHOUT_DEPLOYMENT)
    done("three clusters are deployed")
    clouds.test(*processes(2), *ON_THREE)
    clouds.test(*ALONE)
    done("tested on three clusters")
    clouds.start(5)
    clouds.test_beside(clouds.deploy, *processes(3), *WHILE_IT_GROWS, *KEYSTONE)
    done("five clusters are deployed")
    clouds.test(*processes(2), *OF_THE_DEPLOYMENT, *ON_FIVE)
    clouds.test(SPARES)
    done("tested on five clusters")


def processes(count: int) -> list[str]:
    """Pytest's options for so many processes; the tests of a file stay together, in their order."""
    return [f"--numprocesses={count}", "--dist=loadfile", "--no-loadscope-reorder"]


def _pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", *arguments]


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
