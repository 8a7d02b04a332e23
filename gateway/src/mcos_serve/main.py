"""mcos serve: run the gateway."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mcos_serve import settings as settings_of
from mcos_serve.server import gateway_of, names, server_of
from mcos_serve.settings import InvalidSettings

_ENVIRONMENT = ", ".join(settings_of.VARIABLES)


def main(arguments: Sequence[str] | None = None, program: str = "mcos-serve") -> int:
    """Run it until it is stopped; return the exit status."""
    given = _parser(program).parse_args(arguments)
    more = {"region": given.region, "domains": names(given.domain), "ack": given.ack}
    try:
        settings = (
            settings_of.from_environment(os.environ, **more)
            if given.config is None
            else settings_of.from_file(given.config, **more)
        )
    except InvalidSettings as error:
        sys.stderr.write(f"{program}: {error}\n")
        return 2
    if (given.tls_key is None) != (given.tls_certificate is None):
        sys.stderr.write(f"{program}: --tls-certificate and --tls-key go together\n")
        return 2
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    server = server_of(
        gateway_of(settings),
        host=given.host,
        port=given.port,
        certificate=given.tls_certificate,
        key=given.tls_key,
    )
    server.run()
    return 0 if server.started else 1


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Speak S3 in front of MCOS, for programs that know nothing else.",
        epilog=f"Without --config, the environment has {_ENVIRONMENT}.",
    )
    add = parser.add_argument
    add("--config", type=Path, metavar="FILE", help="JSON, readable by its owner alone: docs/s3.md")
    add("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    add("--port", type=int, default=9000, help="port to listen at (%(default)s)")
    add("--region", default="us-east-1", help="what GetBucketLocation says (%(default)s)")
    add(
        "--domain",
        action="append",
        default=[],
        help="hosts that end with it begin with a bucket; may be repeated",
    )
    add(
        "--ack",
        choices=("durable", "replicated"),
        default="durable",
        help="answer writes when they are recorded and can be read (%(default)s), or when all "
        "replicas are stored",
    )
    add("--tls-certificate", type=Path, metavar="FILE", help="PEM, with its chain")
    add("--tls-key", type=Path, metavar="FILE", help="PEM")
    return parser


if __name__ == "__main__":
    sys.exit(main())
