"""A link that is made is good for who has it, is listed, and can be ended."""

import httpx
import pytest

from tests.unit.client.command_line import Mcos

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def stored(mcos: Mcos) -> None:
    mcos.system.add_account()
    mcos("mb", "c")
    mcos("put", "-", "c/a b.txt", "--wait", stdin=b"shared")


def follow(mcos: Mcos, link: str) -> httpx.Response:
    """Follow a link as somebody who knows nothing else."""
    return mcos.system.answer(httpx.Request("GET", link))


def test_a_link_is_printed_alone_and_holds_nothing_that_is_secret_else(mcos: Mcos) -> None:
    link = mcos("share", "c/a b.txt").text.strip()
    assert follow(mcos, link).content == b"shared"
    assert mcos.system.token not in link
    assert "a b" not in link
    assert len(link.rpartition("/")[2]) == 22


def test_it_is_good_for_as_long_as_was_asked_for(mcos: Mcos) -> None:
    short = mcos("share", "c/a b.txt", "--expires", "2h").text.strip()
    default = mcos("share", "c/a b.txt").text.strip()
    long = mcos("share", "mcos:c/a b.txt", "--expires", "2w").text.strip()
    answers = []
    for seconds in (2 * 3600 - 60, 120, DAY - 2 * 3600, 13 * DAY - 120, 120):
        mcos.system.server_clock.advance(seconds)
        answers.append([follow(mcos, one).status_code for one in (short, default, long)])
    assert answers == [
        [200, 200, 200],
        [404, 200, 200],
        [404, 404, 200],
        [404, 404, 200],
        [404, 404, 404],
    ]


def test_what_is_shared_is_listed_and_ended(mcos: Mcos) -> None:
    [made] = mcos("share", "c/a b.txt", "--json").values
    assert follow(mcos, made["link"]).status_code == 200
    assert made["share"] in mcos("shares").text
    [listed] = mcos("shares", "ls", "--json").values
    assert (listed["share"], listed["container"], listed["name"]) == (
        made["share"],
        "c",
        "a b.txt",
    )
    assert "link" not in listed
    assert mcos("shares", "end", made["share"]).text == f"{made['share']} ended\n"
    assert follow(mcos, made["link"]).status_code == 404
    assert mcos("shares").text == ""
    mcos("shares", "end", made["share"], code=3)


@pytest.mark.parametrize("expires", ["never", "1", "0s", "59s", "367d", ""])
def test_a_time_that_cannot_be_is_refused(mcos: Mcos, expires: str) -> None:
    mcos("share", "c/a b.txt", "--expires", expires, code=2)
    assert mcos("shares").text == ""


def test_what_is_not_there_is_not_shared(mcos: Mcos) -> None:
    mcos("share", "c/nothing", code=3)
    mcos("share", "c", code=2)
