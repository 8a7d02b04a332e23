"""``make up``: install what is needed, start the local clouds, deploy, store a first object.

    python3 tools/up.py [--clusters 5] [--emulator URL]

What does not need each other is done side by side. Each step finds what an earlier run, whenever it
was killed, has left, and does the rest. It runs on any Python, before anything is installed.
"""

import argparse
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from clouds import install, venvs  # noqa: E402  (the path is set above)
from clouds.errors import CloudsError  # noqa: E402
from clouds.instance import STATE, lock  # noqa: E402

INSTANCE = ("--instance", "up")


class Failed(Exception):
    """A step did not succeed, and has said why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def main() -> int:
    parser = argparse.ArgumentParser(description="Start the local clouds and deploy to them.")
    parser.add_argument("--clusters", help="how many: 3 or 5")
    parser.add_argument("--emulator", help="URL of one that runs already, or 'localstack'")
    chosen = vars(parser.parse_args())
    options = [f"--{name}={value}" for name, value in chosen.items() if value]
    try:
        with lock(STATE / "tools.lock"):
            venvs.create_tools()
        with ThreadPoolExecutor() as pool:
            tools = pool.submit(_install_tools)
            servers = pool.submit(install.install)
            built = pool.submit(_after, [tools], "tools/build.py", "--quiet")
            started = pool.submit(
                _after, [tools, servers], "-m", "clouds", "start", *INSTANCE, *options
            )
        for step in (tools, servers, built, started):
            step.result()
        _run("tools/deploy.py", *INSTANCE)
        _run("tools/recover.py", *INSTANCE)
        _run("tools/first_object.py", *INSTANCE)
    except CloudsError as error:
        print(f"clouds: {error}", file=sys.stderr)
        return 1
    except Failed as failed:
        return failed.status
    except KeyboardInterrupt:
        return 130
    return 0


def _install_tools() -> None:
    with lock(STATE / "tools.lock"):
        venvs.install(venvs.TOOLS)


def _after(steps: list[Future[None]], *command: str) -> None:
    for step in steps:
        step.result()
    _run(*command)


def _run(*command: str) -> None:
    done = subprocess.run([venvs.python_of(venvs.TOOLS), *command], cwd=ROOT)
    if done.returncode:
        raise Failed(done.returncode)


if __name__ == "__main__":
    sys.exit(main())
