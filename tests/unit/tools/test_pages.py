"""On the site, a link to a file of the repository is its path, and one to no file an error."""

from types import SimpleNamespace

import pytest

from tools.pages import on_page_markdown

PAGE = SimpleNamespace(file=SimpleNamespace(src_uri="tasks/share.md"))


def test_a_link_out_of_the_pages_is_a_path() -> None:
    text = "see [the client](../../client/README.md#the-command), [costs](../cost.md)"
    shown = on_page_markdown(text, page=PAGE)
    assert shown == "see the client (`client/README.md`), [costs](../cost.md)"


def test_a_link_to_nothing_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"client/NOTHING\.md"):
        on_page_markdown("[x](../../client/NOTHING.md)", page=PAGE)
