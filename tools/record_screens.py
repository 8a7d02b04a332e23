"""Record the screens that README shows, by running ``mcos`` in a terminal: ``make up`` first.

    python3 -m venv /tmp/record && /tmp/record/bin/pip install pyte==0.8.2
    PYTHONPATH=$(echo /tmp/record/lib/python3*/site-packages) \\
        .mcos/venvs/dev/bin/python tools/record_screens.py

Each is written to ``docs/screens/NAME.txt`` and between README's markers ``<!-- screen NAME -->``
and ``<!-- end -->``. pyte plays the terminal; nothing else here needs it.
"""

import argparse
import fcntl
import os
import pty
import random
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import join
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tools.first_object import Mcos  # noqa: E402  (the path is set above)

try:
    import pyte  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    sys.exit(__doc__)

SCREENS = ROOT / "docs/screens"
README = ROOT / "README.md"
COLUMNS, LINES = 96, 40
BAR_COLUMNS = 112
FILM_BYTES = 96 * 1024**2

Frame = tuple[str, ...]
"""What a terminal shows: its lines, without what is blank behind them."""


@dataclass(frozen=True)
class Screen:
    """Commands to run, and what of each one's frames is shown besides the last."""

    commands: Sequence[Sequence[str]]
    moments: Sequence[Callable[[str], bool]] = ()
    columns: int = COLUMNS


def _half_way(line: str) -> bool:
    found = re.search(r"([\d.]+)/([\d.]+) MiB +[\d.]+ MB/s", line)
    return found is not None and float(found[1]) >= float(found[2]) / 2


def _replicas_are_written(line: str) -> bool:
    return re.search(r" MB/s .*\N{HORIZONTAL ELLIPSIS}", line) is not None


ALL = {
    "put": Screen(
        [("put", "film.mov", "letters/2026/film.mov", "--wait")],
        (_half_way, _replicas_are_written),
        BAR_COLUMNS,
    ),
    "ls": Screen([("ls", "letters/"), ("ls", "--long", "letters/**")]),
    "stat": Screen([("stat", "letters/2026/film.mov")]),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Record the screens that README shows.")
    parser.add_argument("--instance", default="up")
    parser.add_argument("--frames", action="store_true", help="print every frame, write nothing")
    arguments = parser.parse_args()
    mcos = Mcos(ROOT / ".mcos" / arguments.instance / "mcos.json")
    recorded = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "film.mov").write_bytes(random.Random(1).randbytes(FILM_BYTES))  # noqa: S311
        for name, screen in ALL.items():
            recorded[name] = "\n\n".join(
                _record(mcos, Path(folder), command, screen, tell=arguments.frames)
                for command in screen.commands
            )
    if arguments.frames:
        return 0
    SCREENS.mkdir(exist_ok=True)
    readme = README.read_text("utf-8")
    for name, text in recorded.items():
        (SCREENS / f"{name}.txt").write_text(text + "\n", "utf-8")
        readme = _included(readme, name, text)
    README.write_text(readme, "utf-8")
    return 0


def _record(
    mcos: Mcos,
    folder: Path,
    command: Sequence[str],
    screen: Screen,
    *,
    tell: bool,
) -> str:
    """The command as it is typed, the first line of each moment, and the screen in the end."""
    shown = [f"$ mcos {join(command)}"]
    wanted = list(screen.moments)
    frame: Frame = ()
    for frame in _frames(mcos, folder, command, screen.columns):
        if tell:
            print(*frame, "-" * screen.columns, sep="\n")
        for line in frame:
            if wanted and wanted[0](line):
                shown.append(line)
                del wanted[0]
    if wanted:
        sys.exit(f"mcos {join(command)}: {wanted[0].__name__} was not seen: try again")
    return "\n".join([*shown, *frame])


def _frames(mcos: Mcos, folder: Path, command: Sequence[str], columns: int) -> Iterator[Frame]:
    """All that a terminal shows while a command runs; the last is what stays."""
    screen = pyte.Screen(columns, LINES)
    stream = pyte.ByteStream(screen)
    terminal, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    environment = {
        **{key: value for key, value in mcos.environment.items() if key not in _UNSET},
        "TERM": "xterm-256color",
        "XDG_STATE_HOME": str(folder / "state"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "mcos_client", *command],
        cwd=folder,
        env=environment,
        stdin=side,
        stdout=side,
        stderr=side,
    )
    os.close(side)
    try:
        while content := _read(terminal):
            stream.feed(content)
            yield _text(screen)
    finally:
        os.close(terminal)
        code = process.wait()
    if code:
        sys.exit(f"mcos {join(command)}: exit code {code}: {_text(screen)}")


_UNSET = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux tells that nobody has the other side any more
        return b""


def _text(screen: Any) -> Frame:
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def _included(readme: str, name: str, text: str) -> str:
    """README with a screen between its markers."""
    between = re.compile(rf"(<!-- screen {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not between.search(readme):
        sys.exit(f"README.md has no <!-- screen {name} --> ... <!-- end -->")
    return between.sub(lambda found: f"{found[1]}```console\n{text}\n```\n{found[2]}", readme)


if __name__ == "__main__":
    sys.exit(main())
