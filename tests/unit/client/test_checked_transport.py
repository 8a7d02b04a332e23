"""The functional tests look at each reply before the client does, which must then read it still."""

import gzip

from mcos_client import Client
from tests.support.paths import object_path
from tests.support.wire import CheckedTransport
from tests.unit.client.loopback import serving
from tests.unit.client.system import System


def test_a_client_reads_what_was_checked_and_as_it_was_encoded(system: System) -> None:
    stored = gzip.compress(b"many words")
    with (
        serving(system) as address,
        Client(address, system.token, transport=CheckedTransport(address)) as client,
    ):
        client.create_container("c")
        headers = {"content-encoding": "gzip", "prefer": "wait=25"}
        reply = system.cloud.call(
            "s3",
            "POST",
            object_path("c", "o.gz"),
            headers=headers,
            body=stored,
            token=system.token,
        )
        assert reply.status == 201
        assert client.download_object("c", "o.gz").content == stored
