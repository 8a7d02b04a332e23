"""``make rescue``: every object that one storage service of the local clouds holds, into a folder.

    python tools/rescue.py --instance up --backend NAME --to DIR [--metadata]

It asks nothing of the emulator, nor of any other service: they may be stopped. The service itself
must run: ``make start-backend NAME=...``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tools import local  # noqa: E402  (the path is set above)


def main() -> int:
    parser = argparse.ArgumentParser(description="Rescue every object from one storage service.")
    parser.add_argument("--instance", default="up")
    parser.add_argument("--backend", required=True, help="s3, swift or ceph")
    parser.add_argument("--to", required=True, type=Path, help="folder; each account is one in it")
    parser.add_argument("--metadata", action="store_true", help="in a file beside each object")
    options = parser.parse_args()
    backends = local.describe(options.instance)["backends"]
    if options.backend not in backends:
        print(f"there is no {options.backend!r}, but {', '.join(backends)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:  # nobody else can read it
        settings = Path(folder, "backend.json")
        settings.write_text(json.dumps(backends[options.backend]))
        command = ["get-all", str(options.to), *(["--metadata"] if options.metadata else [])]
        return rescue(settings, *command)


def rescue(settings: Path, *command: str) -> int:
    """Run ``mcos-rescue`` on the backend whose settings are in a file; return its exit status."""
    source = str(ROOT / "rescue" / "src")
    run = [sys.executable, "-m", "mcos_rescue", "--backend", str(settings), *command]
    return subprocess.run(run, env={**os.environ, "PYTHONPATH": source}).returncode


if __name__ == "__main__":
    sys.exit(main())
