"""The two digests, against RFC 1321 and RFC 9530."""

from mcos.model.digests import digests_of


def test_digests_are_those_of_the_rfcs() -> None:
    assert digests_of(b"abc").md5 == "900150983cd24fb0d6963f7d28e17f72"
    # RFC 9530, appendix D.
    assert digests_of(b'{"hello": "world"}\n').sha256 == (
        "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg="
    )
    assert digests_of(b"").md5 == "d41d8cd98f00b204e9800998ecf8427e"
