"""The client's rooms import each other one way."""

from pathlib import Path

from tests.support.import_directions import Table, misdirected

PACKAGE = Path(__file__).parents[3] / "client" / "src" / "mcos_client"

ROOMS: Table = {
    # The ground
    "errors": [],
    "private_files": [],
    "config": ["private_files"],
    # Up to the library's two faces
    "api": ["errors"],
    "sending": ["api", "errors"],
    "transfer": ["sending", "api", "private_files", "errors"],
    "admin": ["api"],
    "content": ["transfer", "sending", "api", "errors"],
    "client": ["admin", "content", "sending", "api", "errors"],
    "aio": ["client", "transfer", "sending", "api", "errors"],
    "": ["client", "aio", "transfer", "sending", "api", "errors"],
    # What is built on them
    "fs": ["client", "content", "transfer", "sending", "api", "config", "errors"],
    "command.names": ["", "transfer"],
    "command.shared": ["command.names", "", "content", "transfer", "api", "config", "errors"],
    "command": ["command.names", "command.shared", "", "transfer", "api", "config"],
    "__main__": ["command"],
}


def test_the_clients_rooms_import_each_other_one_way() -> None:
    assert misdirected(PACKAGE, ROOMS) == []
