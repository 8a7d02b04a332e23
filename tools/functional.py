"""Run the functional tests on local clouds of their own, and leave nothing running.

First on three clusters; then two more are linked to them, and the tests that need five follow.
What is behind ``--`` goes to pytest: ``tools/functional.py --keep -- tests/functional -k races``.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = "test"
FIVE = "tests/functional/five"
ON_THREE = ["tests/infrastructure", "tests/functional", f"--ignore={FIVE}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the clouds running")
    parser.add_argument("--clusters", type=int, help="how many are linked: 3 or 5")
    parser.add_argument("pytest", nargs="*", help="instead of the suites")
    arguments = parser.parse_args()
    os.environ.setdefault("MCOS_REQUIRE_CEPH", "1")
    if not arguments.keep:
        _clouds("clean")
    try:
        if arguments.pytest:
            _link(arguments.clusters)
            return _tests(arguments.pytest)
        _link(None)
        failed = _tests(ON_THREE)
        _link(5)
        return _tests([FIVE]) or failed
    except subprocess.CalledProcessError as error:
        return error.returncode
    finally:
        if not arguments.keep:
            _clouds("clean")


def _link(clusters: int | None) -> None:
    """Start so many clusters and deploy them; those that are there stay."""
    _clouds("start", *([f"--clusters={clusters}"] if clusters else []))
    _python("tools/deploy.py", "--instance", INSTANCE)


def _tests(arguments: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *arguments], cwd=ROOT).returncode


def _clouds(command: str, *arguments: str) -> None:
    _python("-m", "clouds", command, "--instance", INSTANCE, *arguments)


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
