"""Containers that retain what is stored in them, on the command line."""

from tests.unit.client.command_line import Mcos


def test_what_a_container_retains_is_neither_removed_nor_replaced(mcos: Mcos) -> None:
    assert mcos("mb", "kept", "--retention", "7").text == (
        "kept (storage policy default, retained for 7 days)\n"
    )
    mcos("put", "-", "kept/o", stdin=b"1")
    refused = mcos("rm", "kept/o", code=4)
    assert "retained until" in refused.errors
    mcos("put", "-", "kept/o", stdin=b"2", code=4)
    assert mcos("cat", "kept/o").output == b"1"
    [stat] = mcos("stat", "kept/o", "--json").values
    facts = [line.split() for line in mcos("stat", "kept/o").text.splitlines()]
    assert ["retained", "until", stat["retained_until"][:10]] in [one[:3] for one in facts]


def test_a_retention_is_raised_and_shown(mcos: Mcos) -> None:
    assert mcos("mb", "c").text == "c (storage policy default)\n"
    for asked, days in ((7, 7), (3, 7), (9, 9)):
        [made] = mcos("mb", "c", "--retention", str(asked), "--json").values
        assert made["retention_days"] == days
    [listed] = mcos("ls", "--json").values
    assert listed["retention_days"] == 9
    mcos("mb", "c", "--retention", "36501", code=2)
