"""The local clouds, as far as they can be checked without starting them."""

import importlib.util
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template
from types import ModuleType

import pytest

from clouds import ceph_packages, commands, credentials, ports, process, wait
from clouds.errors import CephUnavailable, CloudsError
from clouds.instance import NAMES, Instance
from clouds.ports import Ports
from clouds.process import MARK, ServerProcess
from clouds.services import ministack
from clouds.services.ministack import S3, Emulator, SecondS3
from clouds.services.swift import SecondSwift, Swift, SwiftInPlaceOfCeph
from clouds.templates import render

CLOUDS = Path(ports.__file__).parent
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def server(instance: Instance) -> Iterator[ServerProcess]:
    instance.folder.mkdir()
    server = ServerProcess(instance, "sleeper", stop_seconds=5)
    yield server
    server.stop()


# --- ports -----------------------------------------------------------------------------------


def test_the_emulator_has_the_port_of_localstack_and_storage_begins_at_4600() -> None:
    up = ports.ports_of("up", {})
    assert (up.emulator, up.s3) == (4566, 4600)


def test_no_two_services_share_a_port_in_any_instance() -> None:
    taken: list[int] = []
    for name in NAMES:
        chosen = ports.ports_of(name, {})
        single = [v for k, v in vars(chosen).items() if not k.startswith("ceph_osd")]
        taken += [*single, *range(chosen.ceph_osd_first, chosen.ceph_osd_last + 1)]
    assert len(taken) == len(set(taken))


def test_every_port_is_in_the_block_of_its_instance() -> None:
    block = range(20000, 20000 + ports.BLOCK)
    assert set(vars(Ports.from_base(20000)).values()) <= set(block)


def test_an_osd_has_the_four_ports_that_it_takes_and_four_to_move_to() -> None:
    chosen = Ports.from_base(20000)
    assert chosen.ceph_osd_last - chosen.ceph_osd_first + 1 >= 8


def test_a_variable_moves_one_instance_only() -> None:
    environment = {"MCOS_UP_PORT_BASE": "21000"}
    assert ports.ports_of("up", environment).emulator == 21000
    assert ports.ports_of("test", environment) == ports.ports_of("test", {})


@pytest.mark.parametrize("base", ["0", "80", "65500", "4566x", "-5000", "\u0665000"])
def test_a_base_that_is_no_port_is_refused_by_name(base: str) -> None:
    with pytest.raises(CloudsError, match="MCOS_UP_PORT_BASE"):
        ports.ports_of("up", {"MCOS_UP_PORT_BASE": base})


def test_instances_that_would_overlap_are_refused() -> None:
    with pytest.raises(CloudsError, match="overlap"):
        ports.ports_of("up", {"MCOS_UP_PORT_BASE": str(ports.DEFAULT_BASES["test"] + 50)})


def test_a_port_of_another_program_is_refused_in_one_line() -> None:
    with socket.create_server((ports.HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CloudsError, match=rf"swift: port {port} is taken") as refused:
            ports.require_free("swift", "up", port)
    assert "\n" not in str(refused.value)
    ports.require_free("swift", "up", port)


def test_changing_the_ports_of_a_running_instance_is_refused(instance: Instance) -> None:
    instance.folder.mkdir()
    instance.record_ports()
    instance.require_same_ports()
    with pytest.raises(CloudsError, match="runs on the ports from 20000"):
        Instance(instance.name, instance.folder, Ports.from_base(22000)).require_same_ports()


# --- templates and credentials ---------------------------------------------------------------


@pytest.mark.parametrize(
    "template", sorted(path.relative_to(CLOUDS) for path in CLOUDS.glob("templates/**/*.conf"))
)
def test_every_template_binds_to_this_machine_only(template: Path) -> None:
    text = (CLOUDS / template).read_text()
    assert "0.0.0.0" not in text
    for line in text.splitlines():
        if re.match(r"(bind_ip|public_addr|cluster_addr|mon_host|rgw_frontends)\b", line):
            assert "127.0.0.1" in line
    names = Template(text).get_identifiers()
    assert "${" not in render(
        str(template.relative_to("templates")), **dict.fromkeys(names, "value")
    )


def test_a_template_without_one_of_its_values_is_an_error() -> None:
    with pytest.raises(KeyError):
        render("swift/swift.conf")


def test_credentials_are_made_once_and_private(tmp_path: Path) -> None:
    made = credentials.load_or_create(tmp_path)
    assert credentials.load_or_create(tmp_path) == made
    assert credentials.load_or_create(tmp_path / "other") != made
    assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600


def test_a_file_from_before_there_were_five_clusters_is_completed_once(tmp_path: Path) -> None:
    made = credentials.load_or_create(tmp_path)
    file = tmp_path / "credentials.json"
    old = {name: one for name, one in json.loads(file.read_text()).items() if "_2_" not in name}
    file.write_text(json.dumps(old))
    completed = credentials.load_or_create(tmp_path)
    assert vars(completed).items() >= old.items()
    assert completed.swift_2_key not in ("", made.swift_2_key)
    assert completed.swift_2_hash_suffix not in ("", completed.swift_2_key)
    assert credentials.load_or_create(tmp_path) == completed
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_services_that_change_credentials_side_by_side_keep_each_others(tmp_path: Path) -> None:
    fields = ("s3_access_key", "s3_secret_key", "s3_2_access_key", "s3_2_secret_key") * 10
    with ThreadPoolExecutor(len(fields)) as pool:
        jobs = [
            pool.submit(credentials.update, tmp_path, **{field: f"{field} {turn}"})
            for turn, field in enumerate(fields)
        ]
    assert [job.exception() for job in jobs] == [None] * len(jobs)
    kept = vars(credentials.load_or_create(tmp_path))
    assert all(kept[field].startswith(f"{field} ") for field in fields)


def test_every_swift_has_its_own_folder_ports_and_secrets(instance: Instance) -> None:
    made = credentials.Credentials.generate()
    swifts = [kind(instance, made) for kind in (Swift, SwiftInPlaceOfCeph, SecondSwift)]
    assert len({one.folder for one in swifts}) == 3
    ports = [port for one in swifts for port in one.server_ports.values()]
    assert len({*ports, instance.ports.keystone}) == 3 * 4 + 1
    assert len({secret for one in swifts for secret in (one.key, one.hash_suffix)}) == 3 * 2


def test_the_stand_in_for_ceph_is_reached_by_s3(instance: Instance) -> None:
    stand_in = SwiftInPlaceOfCeph(instance, credentials.Credentials.generate())
    assert set(stand_in.secret()) == {
        "endpoint_url",
        "region",
        "bucket",
        "access_key",
        "secret_key",
    }


def test_what_was_never_started_cannot_be_described(instance: Instance) -> None:
    with pytest.raises(CloudsError, match=r"^test was never started$"):
        commands.describe(instance)
    assert not instance.folder.exists()


@pytest.mark.parametrize("service", [S3, SecondS3])
def test_s3_has_no_key_before_its_first_start(instance: Instance, service: type[S3]) -> None:
    with pytest.raises(CloudsError, match=rf"^{service.name} has no .* start test first$"):
        service(instance, credentials.Credentials.generate()).secret()


def test_each_s3_has_a_key_of_its_own(instance: Instance) -> None:
    made = credentials.load_or_create(instance.folder)
    S3(instance, made).keep_key_pair("A", "B")
    SecondS3(instance, made).keep_key_pair("C", "D")
    kept = credentials.load_or_create(instance.folder)
    assert S3(instance, kept).key_pair == ("A", "B")
    assert SecondS3(instance, kept).key_pair == ("C", "D")
    assert S3(instance, kept).url != SecondS3(instance, kept).url


@pytest.mark.parametrize("name", ["emulator", "swift"])
def test_requirements_are_pinned_with_hashes_and_name_no_address(name: str) -> None:
    text = (CLOUDS / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    assert "--only-binary :all:" in text
    pins = re.split(r"\n(?=[a-z0-9])", text[text.index("--only-binary") :])[1:]
    assert len(pins) > 10
    for pin in pins:
        assert re.match(r"[\w.-]+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", pin)


# --- processes -------------------------------------------------------------------------------


def test_a_process_is_found_again_and_stopped(server: ServerProcess) -> None:
    server.start(SLEEPER, {})
    again = ServerProcess(server.instance, server.name)
    assert again.alive()
    assert again.pid == int(server.pid_file.read_text())
    again.stop()
    assert not again.alive()
    assert not server.pid_file.exists()


def test_a_process_outlives_the_terminal(server: ServerProcess) -> None:
    server.start(SLEEPER, {})
    assert server.pid is not None
    assert os.getsid(server.pid) == server.pid


def test_a_pid_that_became_somebody_elses_is_left_alone(server: ServerProcess) -> None:
    with subprocess.Popen(SLEEPER) as stranger:
        server.instance.pids.mkdir()
        server.pid_file.write_text(f"{stranger.pid}\n")
        assert not server.alive()
        server.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_the_same_service_of_another_instance_is_left_alone(
    server: ServerProcess, tmp_path: Path
) -> None:
    other = ServerProcess(Instance("test", tmp_path, server.instance.ports), server.name)
    other.start(SLEEPER, {})
    server.stop()
    assert other.alive()
    other.stop()


def test_children_that_outlive_their_parent_are_ended(server: ServerProcess) -> None:
    script = f"import subprocess, time; subprocess.Popen({SLEEPER!r}); time.sleep(600)"
    server.start([sys.executable, "-c", script], {})
    assert wait.until(lambda: len(process.marked(server.mark)) == 2, 10)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert wait.until(lambda: not server.alive(), 10)
    assert len(process.marked(server.mark)) == 1
    server.stop()
    assert process.marked(server.mark) == []


def test_a_process_that_ignores_the_request_to_end_is_killed(instance: Instance) -> None:
    instance.folder.mkdir()
    stubborn = ServerProcess(instance, "stubborn", stop_seconds=0.1)
    script = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "pathlib.Path('ready').touch(); time.sleep(600)"
    )
    stubborn.start([sys.executable, "-c", script], {})
    assert wait.until((instance.folder / "ready").exists, 10)
    stubborn.stop()
    assert process.marked(stubborn.mark) == []


READY = "import pathlib, signal, subprocess, sys, time;"
SLOW = f"""{READY}
def end(*_):
    pathlib.Path('told').touch()
    while not pathlib.Path('saved').exists():
        time.sleep(0.01)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
pathlib.Path('ready').touch()
while True:
    time.sleep(0.01)
"""


def test_a_process_that_takes_long_to_end_is_given_its_time(instance: Instance) -> None:
    instance.folder.mkdir()
    slow = ServerProcess(instance, "slow", stop_seconds=600, alone_seconds=0.1)
    slow.start([sys.executable, "-c", SLOW], {})
    assert wait.until((instance.folder / "ready").exists, 30)
    with ThreadPoolExecutor() as pool:
        stopped = pool.submit(slow.stop)
        assert wait.until((instance.folder / "told").exists, 30)
        assert slow.alive()
        (instance.folder / "saved").touch()
        assert stopped.result()


def test_a_process_that_waits_for_its_children_ends_when_they_are_told_to(
    instance: Instance,
) -> None:
    instance.folder.mkdir()
    parent = ServerProcess(instance, "parent", stop_seconds=600, alone_seconds=0.1)
    script = f"""{READY}
child = subprocess.Popen({SLEEPER!r})
signal.signal(signal.SIGTERM, lambda *_: sys.exit(child.wait() and 0))
pathlib.Path('ready').touch()
time.sleep(600)
"""
    parent.start([sys.executable, "-c", script], {})
    assert wait.until((instance.folder / "ready").exists, 30)
    assert parent.stop()
    assert process.marked(parent.mark) == []


def test_who_is_killed_for_not_ending_did_not_end_in_order(instance: Instance) -> None:
    instance.folder.mkdir()
    slow = ServerProcess(instance, "slow", stop_seconds=0.2, alone_seconds=0.1)
    slow.start([sys.executable, "-c", SLOW], {})
    assert wait.until((instance.folder / "ready").exists, 30)
    assert not slow.stop()
    assert process.marked(slow.mark) == []


def test_what_is_cleaned_is_given_no_time_to_save_what_is_then_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clouds.instance.STATE", tmp_path)
    instance = Instance.named("up")
    instance.folder.mkdir()
    emulator = ServerProcess(instance, "emulator")
    child = f"import subprocess; subprocess.Popen([sys.executable, '-c', {SLOW!r}])"
    script = f"{READY}{child}; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    emulator.start([sys.executable, "-c", script], {})
    assert wait.until((instance.folder / "ready").exists, 30)
    parent = emulator.pid
    assert parent is not None
    commands.clean(instance, everything=False)
    assert process.marked(emulator.mark) == []
    assert not instance.folder.exists()


def test_a_process_whose_pid_was_not_written_down_is_found(server: ServerProcess) -> None:
    script = f"import subprocess, time; subprocess.Popen({SLEEPER!r}); time.sleep(600)"
    server.start([sys.executable, "-c", script], {})
    pid = server.pid
    assert wait.until(lambda: len(process.marked(server.mark)) == 2, 30)
    for left in ("gone", ""):
        server.pid_file.unlink() if left == "gone" else server.pid_file.write_text(left)
        assert server.pid == pid
    server.stop()
    assert process.marked(server.mark) == []


@pytest.mark.parametrize("ends", [True, False])
def test_a_stop_that_was_cut_short_is_ended_first(instance: Instance, ends: bool) -> None:
    instance.folder.mkdir()
    swift = Swift(instance, credentials.Credentials.generate())
    (server,) = swift.processes
    server.start(SLEEPER, {})
    swift.finish_stop()
    assert server.alive()
    server.pid_file.write_text(f"{server.pid} ending\n")
    if ends:
        assert server.pid is not None
        os.kill(server.pid, signal.SIGTERM)
    swift.finish_stop()
    assert not server.ending
    assert process.marked(server.mark) == []


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator of an instance that keeps its data; it is a process that only waits."""
    monkeypatch.setattr(ministack.venvs, "python_of", lambda name: Path(sys.executable))
    monkeypatch.setattr(Emulator, "answers", lambda self: True)
    instance = Instance("up", tmp_path / "up", Ports.from_base(20000))
    start = ServerProcess.start
    monkeypatch.setattr(ServerProcess, "start", lambda self, command, *_: start(self, SLEEPER, {}))
    return Emulator(instance, credentials.Credentials.generate())


def end_of(emulator: Emulator, number: signal.Signals) -> None:
    """Somebody else ends it."""
    (server,) = emulator.processes
    assert server.pid is not None
    os.kill(server.pid, number)
    assert wait.until(lambda: not server.alive(), 30)


def save(emulator: Emulator, *, seconds: float) -> None:
    """Do what an emulator does that ends in order, so many seconds after its start."""
    state = emulator.folder / "state" / "dynamodb.json"
    state.parent.mkdir(exist_ok=True)
    state.write_text("{}")
    then = (emulator.folder / "unsaved").stat().st_mtime + seconds
    os.utime(state, (then, then))


def test_an_emulator_that_ends_in_order_loses_nothing(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.launch()
    assert emulator.stop()
    emulator.launch()
    save(emulator, seconds=60)
    end_of(emulator, signal.SIGTERM)  # not by us: its system was shut down
    emulator.launch()
    assert emulator.generation == 0
    assert capsys.readouterr().out == ""
    assert emulator.stop()


def test_of_an_emulator_that_was_killed_it_is_said_what_is_lost(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.launch()
    save(emulator, seconds=-60)  # by the one before
    end_of(emulator, signal.SIGKILL)
    for generation in (1, 1):  # it is said once
        emulator.launch()
        assert emulator.generation == generation
    said = capsys.readouterr().out
    assert said.count("did not end in order: lost is what was changed in it since") == 1
    assert "the catalog" in said
    assert emulator.stop()


def test_ceph_is_not_given_up_because_its_installation_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "ROOT", "_UNAVAILABLE"):
        monkeypatch.setattr(ceph_packages, name, tmp_path / name)
    monkeypatch.setattr(ceph_packages, "_of_system", lambda: False)
    monkeypatch.setattr(ceph_packages.shutil, "which", lambda program: program)
    killed = subprocess.CompletedProcess([], -signal.SIGKILL, "")
    monkeypatch.setattr(ceph_packages.subprocess, "run", lambda *_, **__: killed)
    with pytest.raises(CloudsError, match="apt-get was killed by signal 9") as error:
        ceph_packages.install(required=False)
    assert not isinstance(error.value, CephUnavailable)
    assert not (tmp_path / "_UNAVAILABLE").exists()


def test_nothing_of_the_callers_environment_reaches_a_server(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-a-person")
    server.start(SLEEPER, {"PURPOSE": "test"})
    raw = Path(f"/proc/{server.pid}/environ").read_text()
    names = {entry.partition("=")[0] for entry in raw.split("\0") if entry}
    assert names == {"PATH", "HOME", "LANG", "PURPOSE", MARK}


def test_a_process_that_died_says_why_and_where_its_log_is(server: ServerProcess) -> None:
    server.start([sys.executable, "-c", "raise SystemExit('no disk')"], {})
    assert wait.until(lambda: not server.alive(), 10)
    assert "no disk" in str(server.died())
    assert str(server.log) in str(server.died())


# --- Swift's token cache ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def token_cache() -> ModuleType:
    path = CLOUDS / "servers" / "token_cache.py"
    spec = importlib.util.spec_from_file_location("token_cache", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clock(token_cache: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def set_time(now: float) -> None:
        monkeypatch.setattr(token_cache.time, "time", lambda: now)

    set_time(1000)
    return set_time


def test_a_token_ends_when_its_time_is_up(
    token_cache: ModuleType, clock: Callable[[float], None]
) -> None:
    cache = token_cache.MemoryCache()
    cache.set("token", {"user": "mcos"}, time=60)
    cache.set("account", "for ever")
    clock(1059)
    assert cache.get("token") == {"user": "mcos"}
    clock(1061)
    assert cache.get("token") is None
    assert cache.get_multi(["token", "account"], "server") == [None, "for ever"]


def test_what_a_caller_does_to_a_value_does_not_change_the_cache(token_cache: ModuleType) -> None:
    cache = token_cache.MemoryCache()
    cache.set("groups", ["mcos"])
    cache.get("groups").append("admin")
    assert cache.get("groups") == ["mcos"]


def test_a_counter_stays_above_zero(token_cache: ModuleType) -> None:
    cache = token_cache.MemoryCache()
    assert [cache.incr("n", 2), cache.decr("n", 5), cache.incr("n")] == [2, 0, 1]


def test_ended_entries_are_purged_when_many_are_kept(
    token_cache: ModuleType, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_cache, "_PURGE_ABOVE", 3)
    cache = token_cache.MemoryCache()
    for name in "abc":
        cache.set(name, name, time=1)
    clock(1010)
    cache.set("d", "d")
    assert len(cache._entries) == 1
