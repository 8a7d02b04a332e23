"""Taking back on the command line what was deleted."""

import pytest

from mcos.model.accounts import Role
from tests.unit.client.command_line import Mcos

pytestmark = pytest.mark.usefixtures("container")


@pytest.fixture
def patient(mcos: Mcos) -> Mcos:
    """The command, where what is deleted is kept for an hour."""
    mcos.system.cloud.grant(3600)
    return mcos


def test_what_was_deleted_is_listed_and_comes_back(patient: Mcos) -> None:
    for content in (b"1", b"22"):
        patient("put", "-", "c/d/a", stdin=content)
        patient("rm", "c/d/a")
    assert patient("ls", "c").text == ""
    assert patient("ls", "--deleted", "c").text == "d/a\nd/a\n"
    assert patient("ls", "--deleted", "c/e").text == ""
    older, newer = patient("ls", "--deleted", "c/d/", "--json").values
    assert (older["size"], newer["size"]) == (1, 2)
    line = patient("ls", "--deleted", "--long", "c").text.splitlines()[0]
    assert line.split()[0] == older["version"]
    assert patient("undelete", "c/d/a").text == "c/d/a is back, CREATED\n"
    assert patient("cat", "c/d/a").output == b"22"
    patient("undelete", "c/d/a", "--version", older["version"], code=4)
    patient("rm", "c/d/a")
    patient("undelete", "c/d/a", "--version", older["version"])
    assert patient("cat", "c/d/a").output == b"1"
    patient("undelete", "c/none", code=3)
    patient("ls", "--deleted", code=2)
    patient("ls", "--deleted", "c/*", code=2)


def test_an_operator_takes_back_and_purges(patient: Mcos) -> None:
    user = patient.system.account
    patient("put", "-", "c/a", stdin=b"1")
    patient("rm", "c/a")
    patient("admin", "undelete", user, "c/a", code=5)
    patient.system.add_account(Role.ADMIN)
    assert patient("admin", "undelete", user, "c/a").text == f"c/a of {user} is back, CREATED\n"
    patient("rm", "c/a")
    assert patient("admin", "purge", user, "c/a").text == f"1 of c/a of {user} purged\n"
    patient("admin", "purge", user, "c/none", code=3)
