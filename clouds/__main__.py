"""``python -m clouds``: run the local clouds."""

import argparse
import sys

from clouds import clusters, commands, emulators
from clouds.errors import CloudsError
from clouds.instance import NAMES, Instance


def main(arguments: list[str] | None = None) -> int:
    """Do one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        instance = Instance.named(options.instance)
        match options.command:
            case "install":
                commands.install()
            case "start":
                commands.start(instance, options.name, options.clusters, options.emulator)
            case "stop":
                commands.stop(instance, options.name)
            case "status":
                commands.status(instance)
            case "describe":
                commands.describe(instance)
            case "logs":
                commands.logs(instance, options.lines, options.follow)
            case "clean":
                commands.clean(instance, options.all)
    except CloudsError as error:
        print(f"clouds: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m clouds", description="The local clouds.")
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--instance", choices=NAMES, default="up", help="default: %(default)s")
    commands_of = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        return commands_of.add_parser(name, help=summary, description=summary, parents=[every])

    add("install", "make what is needed: virtual environments, Ceph's programs")
    start = add("start", "start everything, or one storage service, and wait until it answers")
    stop = add("stop", "stop everything, or one storage service; the data stays")
    for command in (start, stop):
        command.add_argument(
            "name",
            nargs="?",
            choices=clusters.NAMES,
            metavar="NAME",
            help=f"one of {', '.join(clusters.NAMES)}",
        )
    start.add_argument(
        "--clusters",
        type=int,
        choices=clusters.COUNTS,
        help=f"default: as many as the instance has, {clusters.COUNTS[0]} if it is new",
    )
    start.add_argument(
        "--emulator",
        metavar="URL",
        help=f"of an AWS emulator that runs already; {emulators.FOUND}: the one that "
        "localstack-client finds. Default: as the instance has it, the embedded one if it is new",
    )
    add("status", "say what runs")
    add("describe", "print endpoints and credentials as JSON")
    logs = add("logs", "show the logs")
    logs.add_argument("--lines", type=int, default=10, help="default: %(default)s")
    logs.add_argument("--no-follow", dest="follow", action="store_false")
    clean = add("clean", "stop the instance and remove its data")
    clean.add_argument("--all", action="store_true", help="remove the whole state folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
