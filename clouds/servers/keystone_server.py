"""A whole OpenStack Keystone in one process, on SQLite.

    python keystone_server.py FOLDER PORT

FOLDER holds ``keystone.conf``; its database and the keys of its tokens are made here, at the first
start. ``KEYSTONE_ADMIN_PASSWORD`` is the password of its user ``admin``.

It runs on the interpreter of Keystone's own environment, and imports nothing of ours.
"""

# mypy: disable-error-code="import-not-found,import-untyped"

import base64
import os
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Lock
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

HOST = "127.0.0.1"
REGION = "local"


class Server(ThreadingMixIn, WSGIServer):
    """One thread a request."""

    daemon_threads = True
    request_queue_size = 4096


class Handler(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def make_keys(folder: Path) -> None:
    """Make the key that tokens are encrypted with, unless it is there."""
    repository = folder / "fernet-keys"
    repository.mkdir(mode=0o700, exist_ok=True)
    for name in ("0", "1"):  # the next, and the one in use
        if not (repository / name).exists():
            partial = repository.with_name("fernet-key.partial")
            partial.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
            partial.chmod(0o600)
            partial.replace(repository / name)


def fill(folder: Path, url: str, password: str) -> None:
    """Make tables, the admin and the catalog, unless it was done for this release and address."""
    wanted = f"{version('keystone')} {url}\n"
    done = folder / "filled"
    if done.exists() and done.read_text() == wanted:
        return
    # In a child: a process can load Keystone's backends once, and is to serve with them.
    child = os.fork()
    if child == 0:
        try:
            _fill(url, password)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("Keystone's database could not be made")
    done.write_text(wanted)


def _fill(url: str, password: str) -> None:
    from keystone.cmd import bootstrap
    from keystone.common.sql import upgrades

    upgrades.offline_sync_database_to_version()
    first = bootstrap.Bootstrapper()
    first.admin_username = first.project_name = first.admin_role_name = "admin"
    first.admin_password = password
    first.immutable_roles = True
    first.service_name = "keystone"
    first.region_id = REGION
    first.public_url = first.internal_url = first.admin_url = url
    first.bootstrap()


def one_at_a_time(application: Any) -> Any:
    """Let requests wait for each other: the cache in memory and SQLite take no two at once."""
    turn = Lock()

    def serve(environ: Any, start_response: Any) -> list[bytes]:
        with turn:
            reply = application(environ, start_response)
            content = list(reply)
            if hasattr(reply, "close"):
                reply.close()
            return content

    return serve


def main(folder: Path, port: int) -> None:
    """Serve until the process is ended."""
    from keystone.server.flask import core

    url, password = f"http://{HOST}:{port}/v3", os.environ["KEYSTONE_ADMIN_PASSWORD"]
    make_keys(folder)
    application = core.initialize_application(
        "public",
        # Between its configuration, which is read once, and what needs tables.
        lambda: fill(folder, url, password),
        [str(folder / "keystone.conf")],
    )
    with make_server(HOST, port, one_at_a_time(application), Server, Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    own_folder, own_port = sys.argv[1:]
    del sys.argv[1:]  # Keystone would take them for its own
    main(Path(own_folder), int(own_port))
