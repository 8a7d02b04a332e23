"""The judge of import directions finds what is wrong, and only that."""

from pathlib import Path

import pytest

from tests.support.import_directions import Table, misdirected

TABLE: Table = {"ground": [], "room": ["ground"], "room.closet": ["ground"], "": ["room"]}
MODULES = {
    "__init__.py": "from house.room.chair import Chair",
    "ground.py": "import os",
    "room/__init__.py": "",
    "room/chair.py": "from house import ground\nfrom house.room import table",
    "room/table.py": "def lay():\n    from .. import ground",
    "room/closet/__init__.py": "from ...ground import anything",
    "room/closet/coat.py": "import house.ground",
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    root = tmp_path / "house"
    for name, text in MODULES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_package_that_keeps_to_its_table_is_well(house: Path) -> None:
    assert misdirected(house, TABLE) == []


@pytest.mark.parametrize(
    ("module", "text", "complaint"),
    [
        (
            "ground.py",
            "import house.room.chair",
            "ground.py:1: ground must not import room",
        ),
        (
            "ground.py",
            "\nfrom house import room",
            "ground.py:2: ground must not import room",
        ),
        (
            "ground.py",
            "from house import Chair",
            "ground.py:1: ground must not import the package's __init__",
        ),
        (
            "room/table.py",
            "from .closet import coat",
            "room/table.py:1: room must not import room.closet",
        ),
        (
            "room/closet/coat.py",
            "if TYPE_CHECKING:\n    from ..chair import Chair",
            "room/closet/coat.py:2: room.closet must not import room",
        ),
        ("shed.py", "", "shed.py is in no room"),
        ("__init__.py", "", "the package's __init__ may import room and does not"),
    ],
)
def test_what_the_table_does_not_allow_is_told(
    house: Path, module: str, text: str, complaint: str
) -> None:
    (house / module).write_text(text)
    assert misdirected(house, TABLE) == [complaint]


def test_a_table_that_goes_round_or_has_too_many_rooms_is_told(house: Path) -> None:
    assert misdirected(house, {**TABLE, "attic": []}) == ["attic is a room without a module"]
    (house / "ground.py").write_text("import house.room")
    [complaint] = misdirected(house, {**TABLE, "ground": ["room"]})
    assert complaint.startswith("the table goes round: ")
