"""Programs that people have, run as people do, against the gateway.

``make long`` runs them; what they need is installed in a venv of its own.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.serving.served import Serving
from tests.support.serving.signer import ACCESS_KEY, REGION, SECRET

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
PINNED = ROOT / "requirements/s3-clients.txt"
MIB = 1024**2


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of the programs."""
    venv = ROOT / ".mcos/venvs/s3-clients"
    venv.parent.mkdir(parents=True, exist_ok=True)
    stamp = venv / "installed"
    with (venv.parent / "s3-clients.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.stat().st_mtime < PINNED.stat().st_mtime:
            subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
            pip = (venv / "bin/python", "-m", "pip", "install", "--quiet", "--no-deps")
            subprocess.run([*pip, "--require-hashes", "-r", PINNED], check=True)
            stamp.touch()
    return venv / "bin"


@dataclass
class Shell:
    """Runs programs in a folder that has files of some sizes and names."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str | Path) -> str:
        """What it prints; it must succeed."""
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def is_alike(self, one: str, other: str) -> bool:
        """Whether two folders hold the same."""
        return subprocess.run(["diff", "-r", one, other], cwd=self.folder).returncode == 0


@pytest.fixture
def shell(served: Serving, programs: Path, tmp_path: Path) -> Iterator[Shell]:
    files = tmp_path / "files/sub"
    files.mkdir(parents=True)
    (files / "large").write_bytes(os.urandom(9 * MIB))
    for name in ("small", "a é+%=b", "~c'd"):
        (files.parent / name).write_bytes(name.encode())
    (files / "empty").touch()
    environment = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": served.url,
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    yield Shell(tmp_path, environment)
    assert '"status": 500' not in "\n".join(served.lines)


def test_the_aws_command(shell: Shell, served: Serving) -> None:
    aws = ("aws", "s3")
    shell.run(*aws, "mb", "s3://bucket")
    shell.run(*aws, "sync", "files", "s3://bucket/x")
    listed = shell.run(*aws, "ls", "--recursive", "s3://bucket")
    assert len(listed.splitlines()) == 5
    shell.run(*aws, "sync", "s3://bucket/x", "back")
    assert shell.is_alike("files", "back")
    shell.run(*aws, "cp", "files/small", "s3://bucket/x/sub/large")
    assert shell.run(*aws, "cp", "s3://bucket/x/sub/large", "-") == "small"
    shell.run(*aws, "mv", "s3://bucket/x/small", "s3://bucket/x/a moved +%")
    shell.run(*aws, "sync", "s3://bucket/x", "s3://bucket/y")
    assert shell.run(*aws, "cp", "s3://bucket/y/a moved +%", "-") == "small"
    shell.run(*aws, "rm", "--recursive", "s3://bucket/y")
    shell.run(*aws, "rm", "--recursive", "s3://bucket/x/sub")
    assert len(shell.run(*aws, "ls", "--recursive", "s3://bucket").splitlines()) == 3
    shell.run(*aws, "rm", "--recursive", "s3://bucket")
    # What something large was copied from goes with the next sweep, and its bucket after that.
    served.system.cloud.sweep()
    shell.run(*aws, "rb", "s3://bucket")
    assert shell.run(*aws, "ls") == ""


def test_rclone(shell: Shell, served: Serving) -> None:
    told = f"provider=Other,endpoint='{served.url}',access_key_id={ACCESS_KEY}"
    remote = f":s3,{told},secret_access_key='{SECRET}':bucket"
    shell.run("rclone", "copy", "files", f"{remote}/x")
    shell.run("rclone", "check", "files", f"{remote}/x")
    cut = ("--s3-chunk-size", "5M", "--s3-upload-cutoff", "5M")
    shell.run("rclone", "copy", *cut, "files", f"{remote}/y")
    shell.run("rclone", "check", "--download", "files", f"{remote}/y")
    shell.run("rclone", "sync", f"{remote}/y", "back")
    assert shell.is_alike("files", "back")
    (shell.folder / "back/small").unlink()
    shell.run("rclone", "sync", "back", f"{remote}/x")
    assert "small" not in shell.run("rclone", "lsf", f"{remote}/x")
    shell.run("rclone", "moveto", f"{remote}/y/sub/large", f"{remote}/z/moved")
    shell.run("rclone", "copyto", f"{remote}/z/moved", "moved")
    assert shell.is_alike("files/sub/large", "moved")
    shell.run("rclone", "delete", remote)
    served.system.cloud.sweep()
    shell.run("rclone", "purge", remote)


def test_s3cmd(shell: Shell, served: Serving) -> None:
    host = served.url.removeprefix("http://")
    where = (f"--host={host}", f"--host-bucket={host}", "--no-ssl", "--config=/dev/null")
    keys = (f"--access_key={ACCESS_KEY}", f"--secret_key={SECRET}")
    s3cmd = ("s3cmd", *where, *keys)
    shell.run(*s3cmd, "mb", "s3://bucket")
    shell.run(*s3cmd, "put", "-r", "--multipart-chunk-size-mb=5", "files/", "s3://bucket/x/")
    (shell.folder / "back").mkdir()
    shell.run(*s3cmd, "get", "-r", "s3://bucket/x/", "back/")
    assert shell.is_alike("files", "back")
    assert "FULL_CONTROL" in shell.run(*s3cmd, "info", "s3://bucket/x/sub/large")
    shell.run(*s3cmd, "rb", "-r", "s3://bucket")


def test_s3fs(shell: Shell) -> None:
    shell.run(
        "python",
        "-c",
        dedent(
            """
            import s3fs

            fs = s3fs.S3FileSystem()
            fs.mkdir("bucket")
            with fs.open("bucket/a/b c", "wb", block_size=5 * 2**20) as file:
                for letter in b"xyz":
                    file.write(bytes([letter]) * 4 * 2**20)
            assert fs.info("bucket/a/b c")["size"] == 12 * 2**20
            with fs.open("bucket/a/b c", "rb") as file:
                file.seek(4 * 2**20 - 1)
                assert file.read(2) == b"xy"
            fs.pipe("bucket/small", b"small")
            assert fs.cat("bucket/small") == b"small"
            assert sorted(fs.find("bucket")) == ["bucket/a/b c", "bucket/small"]
            assert fs.exists("bucket/a") and not fs.exists("bucket/none")
            fs.rm("bucket", recursive=True)
            assert not fs.exists("bucket")
            """
        ),
    )
