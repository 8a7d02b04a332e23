"""The rescue's rooms import each other one way, and need nothing but Python."""

import ast
import sys
from pathlib import Path

from tests.support.import_directions import Table, misdirected

PACKAGE = Path(__file__).parents[3] / "rescue" / "src" / "mcos_rescue"

ROOMS: Table = {
    "": [],
    # The ground
    "errors": [],
    "clock": [],
    "printable": [],
    "ulids": [],
    "encryption": ["errors"],
    # What lies on a backend
    "entries": ["errors"],
    "identity": ["encryption", "errors"],
    "journal": ["entries", "encryption", "ulids", "errors"],
    # Where it lies
    "stores": ["clock", "errors"],
    "fetch": ["stores", "clock", "errors"],
    "deployments": ["stores", "journal", "ulids", "errors"],
    # What it adds up to
    "fold": ["entries"],
    "catalog": [
        "fold",
        "deployments",
        "fetch",
        "stores",
        "journal",
        "entries",
        "encryption",
        "ulids",
        "errors",
    ],
    "objects": ["fold", "errors"],
    "tables": ["fold", "errors"],
    "shelf": ["objects", "stores", "entries"],
    "copies": ["fetch", "stores", "errors"],
    "inventory": [
        "copies",
        "shelf",
        "objects",
        "catalog",
        "fetch",
        "stores",
        "identity",
        "encryption",
        "errors",
    ],
    # What a person gets
    "names": [],
    "restore": ["names", "inventory", "copies", "stores", "entries", "errors"],
    "commands": [
        "tables",
        "restore",
        "inventory",
        "copies",
        "objects",
        "catalog",
        "fetch",
        "stores",
        "encryption",
        "printable",
        "errors",
    ],
    "__main__": ["commands"],
    "build": [],
}
"""From the ground up: a room imports only what stands above it here."""


def test_the_rescues_rooms_import_each_other_one_way() -> None:
    assert misdirected(PACKAGE, ROOMS) == []


def test_the_table_is_in_the_order_of_its_floors() -> None:
    rooms = list(ROOMS)
    for room, imported in ROOMS.items():
        assert all(rooms.index(one) < rooms.index(room) for one in imported), room


def test_the_rescue_needs_the_standard_library_alone() -> None:
    allowed = {*sys.stdlib_module_names, "mcos_rescue"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            assert {name.partition(".")[0] for name in names} <= allowed, (path, names)
