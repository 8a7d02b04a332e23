"""A real Ceph on one machine: a monitor, an OSD and a RADOS gateway."""

import os
import shutil
import subprocess
import uuid
from pathlib import Path

from clouds import ceph_packages, ports, wait
from clouds.errors import CloudsError
from clouds.files import write_whole
from clouds.process import ServerProcess
from clouds.services.base import Backend
from clouds.services.buckets import S3Access
from clouds.templates import render

_BLOCK_BYTES = 8 * 1024**3
"""Size of the OSD's file. It is sparse: it takes what is written."""
_START_SECONDS = 120.0
_OSD_STARTS = 4
_USER = "replicas"
_USER_EXISTS = 17
_PROBE_BUCKET = "mcos-probe"
_MIME_TYPES = Path("/etc/mime.types")


class Ceph(Backend):
    """The storage service of the cluster ``ceph``, used by its S3 API."""

    name = kind = "ceph"
    description = "Ceph RGW"

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.instance.ports.third}"

    @property
    def access(self) -> S3Access:
        """How to reach it by its S3 API."""
        return S3Access(
            self.url, self.credentials.ceph_access_key, self.credentials.ceph_secret_key
        )

    @property
    def folder(self) -> Path:
        """Where its configuration and data are."""
        return self.instance.folder / self.name

    @property
    def monitor(self) -> ServerProcess:
        """ceph-mon: knows the cluster's maps."""
        return ServerProcess(self.instance, "ceph-mon", stop_seconds=15.0)

    @property
    def osd(self) -> ServerProcess:
        """ceph-osd: keeps the data, and flushes it before it ends."""
        return ServerProcess(self.instance, "ceph-osd", stop_seconds=30.0)

    @property
    def gateway(self) -> ServerProcess:
        """radosgw: the S3 API. Without its OSD it would wait for ever before it ends."""
        return ServerProcess(self.instance, "ceph-rgw", stop_seconds=5.0)

    @property
    def processes(self) -> list[ServerProcess]:
        return [self.monitor, self.osd, self.gateway]

    def secret(self) -> dict[str, str]:
        return self.access.secret()

    def create_replicas_container(self) -> None:
        self.access.create_bucket()

    def launch(self) -> None:
        if not self.running():
            self._create_stores()
            if not self.monitor.alive():
                self._move_monitor()
                self._start_monitor()
            if not self.osd.alive():
                self._start_osd()
            if not self.gateway.alive():
                self._start_gateway()
        self._wait_until_it_answers()
        self._create_user()
        # The gateway may answer from its memory; only a write shows that the OSD serves.
        self.access.create_bucket(_PROBE_BUCKET)
        self.access.write(_PROBE_BUCKET, "probe")

    # --- making it -----------------------------------------------------------------------

    def _create_stores(self) -> None:
        """Make the empty stores of monitor and OSD, the first time. A half-made one is redone."""
        complete = self.folder / "created"
        if complete.exists():
            self._configure((self.folder / "fsid").read_text().strip())
            return
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("mon", "osd", "rgw", "run"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "keyring").touch()
        fsid = str(uuid.uuid4())
        (self.folder / "fsid").write_text(f"{fsid}\n")
        self._configure(fsid)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", self._monitor_map(fsid))
        with (self.folder / "osd" / "block").open("wb") as block:
            block.truncate(_BLOCK_BYTES)
        # The monitor does not run yet, and need not: an OSD announces itself when it first starts.
        osd_id = str(uuid.uuid4())
        self._run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", osd_id, "--no-mon-config")
        complete.touch()

    def _configure(self, fsid: str) -> None:
        chosen = self.instance.ports
        self.instance.logs.mkdir(parents=True, exist_ok=True)
        text = render(
            "ceph.conf",
            fsid=fsid,
            folder=self.folder,
            logs=self.instance.logs,
            libraries=ceph_packages.library_folder(),
            mime_types=_MIME_TYPES if _MIME_TYPES.exists() else "/dev/null",
            block_bytes=_BLOCK_BYTES,
            mon_port=chosen.ceph_mon,
            osd_first_port=chosen.ceph_osd_first,
            osd_last_port=chosen.ceph_osd_last,
            rgw_port=chosen.third,
        )
        write_whole(self.folder / "ceph.conf", text, private=True)

    def _monitor_map(self, fsid: str) -> Path:
        """A map with our one monitor on its present port."""
        path = self.folder / "monitor-map"
        port = self.instance.ports.ceph_mon
        address = f"[v1:{ports.HOST}:{port}]"
        self._run(
            "monmaptool", "--create", "--clobber", "--addv", "a", address, "--fsid", fsid, path
        )
        write_whole(self.folder / "monitor-port", f"{port}\n")
        return path

    def _move_monitor(self) -> None:
        """Give the monitor a new map when its port was changed: it believes only its store."""
        if int((self.folder / "monitor-port").read_text()) == self.instance.ports.ceph_mon:
            return
        monitor_map = self._monitor_map((self.folder / "fsid").read_text().strip())
        self._run("ceph-mon", "-i", "a", "--inject-monmap", monitor_map)

    def _create_user(self) -> None:
        created = self.folder / "user-created"
        if created.exists():
            return
        command = ["radosgw-admin", "user", "create", "--uid", _USER, "--display-name", _USER]
        command += ["--access-key", self.access.access_key, "--secret", self.access.secret_key]
        self._run(*command, accept=(0, _USER_EXISTS))
        created.touch()

    # --- running it ----------------------------------------------------------------------

    def _start_monitor(self) -> None:
        command = [_path_of("ceph-mon"), "-f", "-i", "a"]
        self.monitor.start(command, self._environment(), [self.instance.ports.ceph_mon])

    def _start_osd(self) -> None:
        # It takes the free ones of its ports by itself.
        self.osd.start([_path_of("ceph-osd"), "-f", "-i", "0"], self._environment())

    def _start_gateway(self) -> None:
        command = [_path_of("radosgw"), "-f", "-n", "client.rgw.a"]
        self.gateway.start(command, self._environment(), [self.instance.ports.third])

    def _wait_until_it_answers(self) -> None:
        osd_starts = 1

        def settled() -> bool:
            nonlocal osd_starts
            for process in (self.monitor, self.gateway):
                if not process.alive():
                    raise process.died()
            if not self.osd.alive():
                # An OSD that cannot start yet ends, and expects to be started again.
                if osd_starts == _OSD_STARTS:
                    raise self.osd.died()
                osd_starts += 1
                self._start_osd()
                return False
            return wait.http_status(self.url) == 200

        if not wait.until(settled, _START_SECONDS):
            raise self.gateway.silent(_START_SECONDS)

    def _environment(self) -> dict[str, str]:
        return {
            **ceph_packages.environment(),
            "CEPH_CONF": str(self.folder / "ceph.conf"),
            # Ceph's allocator would keep 128 MB of free memory in each process.
            "TCMALLOC_MAX_TOTAL_THREAD_CACHE_BYTES": str(32 * 1024**2),
        }

    def _run(self, program: str, *arguments: object, accept: tuple[int, ...] = (0,)) -> None:
        """Run one of Ceph's tools to its end."""
        done = subprocess.run(
            [_path_of(program), *(str(argument) for argument in arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={"PATH": os.defpath, **self._environment()},
            timeout=_START_SECONDS,
        )
        if done.returncode not in accept:
            lines = [line for line in done.stdout.splitlines() if line.strip()][-5:]
            raise CloudsError(
                f"ceph: {program} ended with {done.returncode}; "
                f"its log is in {self.instance.logs}\n" + "\n".join(lines)
            )


def _path_of(program: str) -> str:
    found = shutil.which(program, path=ceph_packages.environment().get("PATH"))
    if found is None:
        raise CloudsError(f"ceph: {program} is missing; remove .mcos/ceph and install again")
    return found
