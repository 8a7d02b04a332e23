"""Deleting objects, and containers."""

from pathlib import Path

import httpx
import pytest

from tests.unit.client.command_line import Mcos
from tests.unit.client.system import problem
from tests.unit.client.trees import TREE, read

pytestmark = pytest.mark.usefixtures("container")


def test_rm_and_rb(mcos: Mcos) -> None:
    mcos("put", "-", "c/o", stdin=b"1")
    mcos("rb", "c", code=4)
    assert mcos("rm", "c/o").text == "c/o deleted\n"
    mcos("rm", "c/o", code=3)
    mcos("rb", "c")
    mcos("rb", "c", code=3)


def test_only_what_is_below_a_folder_is_copied_and_deleted(
    mcos: Mcos, folder: Path, tmp_path: Path
) -> None:
    for name in ("b", "b/1", "b2"):
        mcos("put", "-", f"c/{name}", stdin=b"1")
    mcos("cp", "-r", "mcos:c/b", str(tmp_path / "back"))
    assert sorted(read(tmp_path / "back")) == ["1"]
    mcos("rm", "-r", "c/b")
    assert sorted(mcos.system.stored()) == ["b2"]
    mcos("rm", "-r", "c/none", code=3)
    mcos("rm", "-r", "c")
    assert mcos.system.stored() == {}
    mcos("rm", "-r", "c")


def test_rm_takes_what_others_delete_for_deleted(mcos: Mcos, folder: Path) -> None:
    mcos("cp", "-r", str(folder), "mcos:c")

    def gone(request: httpx.Request) -> httpx.Response | None:
        if request.method != "DELETE":
            return None
        return problem(404, "object_not_found")

    mcos.system.instead = gone
    assert len(mcos("rm", "-r", "c", "--json").values) == len(TREE)
