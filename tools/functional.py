"""Run the functional tests on local clouds of their own, and leave nothing running.

What is behind ``--`` goes to pytest: ``tools/functional.py --keep -- -k races``.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = "test"
SUITES = ["tests/infrastructure", "tests/functional"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the clouds running")
    parser.add_argument("pytest", nargs="*", help="instead of the suites")
    arguments = parser.parse_args()
    os.environ.setdefault("MCOS_REQUIRE_CEPH", "1")
    if not arguments.keep:
        _clouds("clean")
    try:
        _clouds("start")
        _python("tools/deploy.py", "--instance", INSTANCE)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *(arguments.pytest or SUITES)], cwd=ROOT
        ).returncode
    except subprocess.CalledProcessError as error:
        return error.returncode
    finally:
        if not arguments.keep:
            _clouds("clean")


def _clouds(command: str) -> None:
    _python("-m", "clouds", command, "--instance", INSTANCE)


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
