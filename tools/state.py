"""The file of Terraform's state, where whoever writes it may be killed at any moment.

Terraform empties the file and writes it again with each resource that it makes. Killed in between,
it leaves an empty or half a file, and takes an empty one for nothing ever made. So a copy of the
last whole one is kept beside it while Terraform runs.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from clouds.files import write_whole

KEEP_SECONDS = 0.3


def kept_of(state: Path) -> Path:
    """Where the last whole state is kept."""
    return state.with_name(f"{state.name}.kept")


def is_whole(content: bytes) -> bool:
    """Whether this is all of a state."""
    try:
        return "resources" in json.loads(content)
    except ValueError:
        return False


def repair(state: Path) -> None:
    """Have a whole state, or none if none was ever written whole; say so when it had to be."""
    before = state.with_name(f"{state.name}.backup")  # Terraform's own, of before its last run
    candidates = [one for one in (state, kept_of(state), before) if one.exists()]
    if not state.exists() or is_whole(state.read_bytes()):
        return
    for candidate in candidates:
        content = candidate.read_bytes()
        if is_whole(content):
            print(
                "Terraform's state was cut short: going on with the last whole one", file=sys.stderr
            )
            write_whole(state, content)
            return
    print("Terraform's state was cut short, and there is no other", file=sys.stderr)
    state.unlink()


@contextmanager
def keeping(state: Path) -> Iterator[None]:
    """Keep the last whole state while the context lasts."""
    ended = Event()
    seen = 0

    def keep() -> None:
        nonlocal seen
        try:
            written = state.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if written != seen and is_whole(content := state.read_bytes()):
            seen = written
            write_whole(kept_of(state), content)

    def go_on() -> None:
        while not ended.wait(KEEP_SECONDS):
            keep()

    keeper = Thread(target=go_on, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
        keep()
