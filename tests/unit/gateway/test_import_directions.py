"""The gateway's rooms import each other one way, and its pure part does no I/O."""

import ast
from pathlib import Path

from tests.support.import_directions import Table, misdirected

PACKAGE = Path(__file__).parents[3] / "gateway" / "src" / "mcos_serve"

ROOMS: Table = {
    "": [],
    "clock": [],
    "settings": [],
    "s3": [],
    "visible": [],
    "metrics": [],
    "body": ["s3"],
    "failures": ["s3"],
    "account": ["clock", "s3"],
    "exchange": ["account", "body", "clock", "s3", "settings"],
    "acknowledge": ["exchange", "s3"],
    "operations": ["acknowledge", "exchange", "failures", "s3", "visible"],
    "app": [
        *("account", "body", "clock", "exchange", "failures", "metrics", "operations", "s3"),
        "settings",
    ],
    "server": ["account", "app", "clock", "settings"],
    "main": ["server", "settings"],
    "__main__": ["main"],
}

NO_IO = {
    "__future__", "anycrc", "base64", "binascii", "collections", "dataclasses", "datetime", "email",
    "enum", "functools", "hashlib", "hmac", "re", "typing", "urllib", "xml", "zlib",
}  # fmt: skip
"""What the pure part may use; of ``urllib`` it parses, and fetches nothing."""


def test_the_gateways_rooms_import_each_other_one_way() -> None:
    assert misdirected(PACKAGE, ROOMS) == []


def test_what_s3_is_on_the_wire_does_no_io() -> None:
    for path in (PACKAGE / "s3").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                assert name.startswith("mcos_serve.s3") or name.partition(".")[0] in NO_IO, path
                assert not name.startswith("urllib.request"), path


def test_nothing_but_the_clock_looks_at_time() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.name != "clock.py":
            text = path.read_text("utf-8")
            assert "datetime.now" not in text, path
            assert "import time" not in text, path
