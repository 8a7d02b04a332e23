"""What content is taken for."""

import pytest

from mcos_client.command.shared.storing import guess_type


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "grüße".encode(), "text/plain"),
        ("a.txt", b"gr\xfc\xdfe", "application/octet-stream"),
        ("a.json", b"\xff", "application/octet-stream"),
        ("a.svg", b"\xff", "application/octet-stream"),
        ("a.png", b"\xff", "image/png"),
        ("a.tar.gz", b"\xff", "application/octet-stream"),
        ("a", b"a", "application/octet-stream"),
    ],
)
def test_what_is_not_text_is_not_called_text(name: str, content: bytes, expected: str) -> None:
    assert guess_type(name, content) == expected
