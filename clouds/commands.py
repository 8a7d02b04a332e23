"""What ``python -m clouds`` can do, one function a command."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from clouds import clusters, emulators, progress, services
from clouds import install as installation
from clouds.errors import CloudsError
from clouds.files import remove
from clouds.instance import NAMES, STATE, Instance
from clouds.services import Backend, Emulator, Service


def install() -> None:
    """Make everything that the local clouds need."""
    installation.install()


def start(
    instance: Instance,
    name: str | None = None,
    count: int | None = None,
    emulator: str | None = None,
) -> None:
    """Start what does not run, one backend or everything, and wait until it answers.

    With a ``count``, the instance gets that many clusters; what runs of it is left alone. With an
    ``emulator``, a new instance uses that one, which is started by others.
    """
    if name is not None and (count is not None or emulator is not None):
        raise CloudsError(
            "a number of clusters, or an emulator, is for starting everything: leave NAME out"
        )
    installation.install()
    with instance.locked():
        _check(instance)
        clusters.settle(instance, count)
        emulators.settle(instance, emulator)
        instance.record_ports()
        chosen = _services(instance, name)
        installation.install_environments(
            {one.extra_environment for one in chosen if one.extra_environment}
        )
        _side_by_side(_start_one, chosen)


def stop(instance: Instance, name: str | None = None) -> None:
    """Stop one backend or everything; the data stays."""
    if not instance.folder.exists():
        return
    with instance.locked():
        _side_by_side(_stop_one, _services(instance, name))


def status(instance: Instance) -> None:
    """Print a line per service."""
    if not instance.folder.exists():
        progress.say(instance.name, "never started")
        return
    for service in _services(instance, None):
        pids = " ".join(str(process.pid or "-") for process in service.processes)
        pids = f"  pid {pids}" if pids else ""
        state = f"running   {service.url}{pids}" if service.running() else "stopped "
        progress.say(service.name, f"{state}  {service.description}")


def describe(instance: Instance) -> None:
    """Print, as JSON, what a deployment needs to know."""
    if not instance.folder.exists():
        raise CloudsError(f"{instance.name} was never started")
    with instance.locked():
        _check(instance)
        backends = services.backends_of(instance)
        emulator = services.emulator_of(instance)
    description = {
        "aws_endpoint_url": emulator.url,
        "aws_embedded": isinstance(emulator, Emulator),
        "aws_generation": emulator.generation,
        "backends": {
            name: {"kind": backend.kind, **backend.secret()} for name, backend in backends.items()
        },
        "clusters": {name: asdict(clusters.PLACEMENTS[name]) for name in backends},
    }
    print(json.dumps(description, indent=2))


def logs(instance: Instance, lines: int, follow: bool) -> None:
    """Show the ends of all logs; with ``follow``, go on until interrupted."""
    files = sorted(instance.logs.glob("*.log"))
    if not files:
        raise CloudsError(f"{instance.name} has no logs yet")
    command = ["tail", f"--lines={lines}", *(["-F"] if follow else []), "--", *map(str, files)]
    with contextlib.suppress(KeyboardInterrupt):
        subprocess.run(command, check=False)


def clean(instance: Instance, everything: bool) -> None:
    """End the instance and remove its state; ``everything`` removes the whole state folder."""
    for name in NAMES if everything else (instance.name,):
        doomed = Instance.named(name)
        with doomed.locked():
            if doomed.folder.exists():
                # In no order: it would save what is then removed, and may take minutes for that.
                _side_by_side(_kill_one, _services(doomed, None))
            doomed.remove()
    if everything:
        remove(STATE)


def _services(instance: Instance, name: str | None) -> list[Service]:
    if name is not None:
        clusters.require(instance, name)
        return [services.backends_of(instance)[name]]
    return [services.emulator_of(instance), *services.backends_of(instance).values()]


def _check(instance: Instance) -> None:
    """Raise :class:`CloudsError` when ``instance`` is not what the environment asks for."""
    services.check_third(instance)
    everything = _services(instance, None)
    if any(process.alive() for service in everything for process in service.processes):
        instance.require_same_ports()


def _start_one(service: Service) -> None:
    service.finish_stop()
    ran = service.running()
    begin = time.monotonic()
    service.launch()  # returns once it answers
    if isinstance(service, Backend):
        service.create_replicas_container()
    took = f" ({time.monotonic() - begin:.1f} s)" if not ran else ""
    did = "runs   " if ran else "started"
    progress.say(service.name, f"{did}   {service.url}  {service.description}{took}")


def _stop_one(service: Service) -> None:
    if not service.processes:
        return  # not ours
    ran = any(process.alive() for process in service.processes)
    begin = time.monotonic()
    service.stop()  # also what a crash left behind
    took = f"({time.monotonic() - begin:.1f} s)" if ran else ""
    progress.say(service.name, f"stopped   {took}".rstrip())


def _kill_one(service: Service) -> None:
    ran = any(process.alive() for process in service.processes)
    service.kill()
    if ran:
        progress.say(service.name, "stopped")


def _side_by_side(action: Callable[[Service], None], chosen: Iterable[Service]) -> None:
    """Do ``action`` to all at once; what fails does not keep the others from being done."""
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(action, service) for service in chosen]
    errors = [error for job in jobs if (error := job.exception()) is not None]
    for error in errors:
        if not isinstance(error, CloudsError):
            raise error
    if errors:
        raise CloudsError("\n".join(map(str, errors)))
