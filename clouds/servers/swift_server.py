"""A whole OpenStack Swift in one process: proxy, account, container and object server.

    python swift_server.py FOLDER

FOLDER holds ``swift.conf``, ``proxy.conf``, ``account.conf``, ``container.conf`` and
``object.conf``. The rings are made here, from the ports in those files: one device, one
replica, so a ring never moves data and can be made anew at every start.

It runs on the interpreter of Swift's own environment, and imports nothing of ours but
``token_cache``, which proxy.conf names.
"""

# mypy: disable-error-code="import-not-found,import-untyped"

import os
import sys
import warnings
from typing import Any

from swift.common.utils import eventlet_monkey_patch

eventlet_monkey_patch()

import eventlet  # noqa: E402
import eventlet.wsgi  # noqa: E402
from eventlet.green import socket  # noqa: E402
from swift.common import constraints, utils, wsgi  # noqa: E402
from swift.common.http_protocol import SwiftHttpProtocol  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402

HOST = "127.0.0.1"
DEVICE = "disk"
PARTITION_POWER = 6
STORAGE_SERVERS = ("account", "container", "object")


def make_ring(folder: str, server: str, port: int) -> None:
    """Write ``FOLDER/<server>.ring.gz``: everything is on the one device."""
    builder = RingBuilder(PARTITION_POWER, 1, 0)
    builder.add_dev(
        {
            "region": 1,
            "zone": 1,
            "ip": HOST,
            "port": port,
            "replication_ip": HOST,
            "replication_port": port,
            "device": DEVICE,
            "weight": 1.0,
            "meta": "",
        }
    )
    builder.rebalance(seed=1)
    builder.get_ring().save(os.path.join(folder, f"{server}.ring.gz"))


def listen(port: int) -> Any:
    """A listening socket. Without SO_REUSEPORT: two Swifts on one port must not happen."""
    listener = eventlet.listen((HOST, port), backlog=4096, reuse_port=False)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(listener: Any, application: Any) -> None:
    """Serve ``application`` with the settings of ``swift.common.wsgi.run_server``.

    That function is for one server a process: it would take the event loop from the others.
    """
    eventlet.wsgi.server(
        listener,
        application,
        log_output=False,
        protocol=SwiftHttpProtocol,
        socket_timeout=60,
        # S3 clients want an "ETag", not an "Etag".
        capitalize_response_headers=False,
        url_length_limit=constraints.MAX_REQUEST_LINE,
    )


def main(folder: str) -> None:
    """Serve until the process is ended."""
    warnings.filterwarnings("ignore", message="capitalize_response_headers is disabled")
    utils.set_swift_dir(folder)
    utils.get_logger({}, log_to_console=True)  # from here on every logger of Swift's does

    servers = (*STORAGE_SERVERS, "proxy")
    files = {server: os.path.join(folder, f"{server}.conf") for server in servers}
    ports = {
        server: int(wsgi.appconfig(file, name=f"{server}-server")["bind_port"])
        for server, file in files.items()
    }
    for server in STORAGE_SERVERS:
        make_ring(folder, server, ports[server])
    running = [
        eventlet.spawn(serve, listen(ports[server]), wsgi.loadapp(file, {"log_name": server}))
        for server, file in files.items()
    ]
    for thread in running:
        thread.wait()


if __name__ == "__main__":
    main(sys.argv[1])
