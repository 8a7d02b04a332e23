"""The library's rooms import each other one way, and the functions import the library."""

from pathlib import Path

from tests.support.import_directions import Table, misdirected

ROOT = Path(__file__).parents[2]

LIBRARY: Table = {
    "": [],
    # The ground
    "errors": [],
    "limits": [],
    "clock": [],
    "settings": [],
    "aws": ["settings", "clock", "limits"],
    # What is computed, without I/O
    "model": ["settings", "limits", "errors"],
    "placement": ["model", "errors"],
    # What is stored, and where
    "storage": ["clock"],
    "catalog": ["model", "aws", "settings", "clock", "limits", "errors"],
    "staging": ["catalog", "model", "aws", "settings", "limits"],
    "auth": ["catalog", "model", "aws", "settings", "clock", "limits", "errors"],
    # One event, one arrival, one replica, one version
    "events": ["model", "aws", "settings", "clock"],
    "inbound": ["staging", "model", "aws", "settings", "clock", "limits"],
    "replicas": ["staging", "catalog", "storage", "model", "aws", "settings", "clock", "limits"],
    "journal": ["replicas", "catalog", "storage", "model", "aws", "clock"],
    "versions": [
        "replicas",
        "staging",
        "catalog",
        "placement",
        "model",
        "aws",
        "settings",
        "clock",
        "limits",
        "errors",
    ],
    # A backend against the catalog
    "scrub": [
        "replicas",
        "staging",
        "catalog",
        "storage",
        "model",
        "settings",
        "clock",
        "limits",
    ],
    # What is done
    "calls": [
        "versions",
        "replicas",
        "staging",
        "auth",
        "catalog",
        "placement",
        "model",
        "aws",
        "settings",
        "clock",
        "limits",
        "errors",
    ],
    "admin": [
        "replicas",
        "auth",
        "catalog",
        "storage",
        "placement",
        "model",
        "aws",
        "settings",
        "clock",
        "limits",
        "errors",
    ],
    "workers": [
        "scrub",
        "versions",
        "journal",
        "replicas",
        "inbound",
        "events",
        "staging",
        "catalog",
        "storage",
        "placement",
        "model",
        "settings",
        "clock",
        "limits",
        "errors",
    ],
}
"""From the ground up: a room imports only what stands above it here."""

FUNCTIONS: Table = {"": [], "shared": [], "api": ["shared"], "workers": ["shared"]}


def test_the_librarys_rooms_import_each_other_one_way() -> None:
    assert misdirected(ROOT / "layers/mcos/python/mcos", LIBRARY) == []


def test_the_table_is_in_the_order_of_its_floors() -> None:
    rooms = list(LIBRARY)
    for room, imported in LIBRARY.items():
        assert all(rooms.index(one) < rooms.index(room) for one in imported), room


def test_handlers_share_what_is_in_shared_and_nothing_else() -> None:
    assert misdirected(ROOT / "functions/chalicelib", FUNCTIONS) == []


def test_handlers_of_workers_use_the_librarys_workers_and_no_calls() -> None:
    for path in (ROOT / "functions/chalicelib/workers").glob("*.py"):
        text = path.read_text("utf-8")
        assert "mcos.calls" not in text, path
        assert "mcos.admin" not in text, path
