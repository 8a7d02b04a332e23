"""aws-chunked framing decodes to what was framed, or is refused."""

from base64 import b64encode
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcos_serve.s3.checksums import ALGORITHMS, PREFIX, Digests
from mcos_serve.s3.chunked import ChunkedDecoder
from mcos_serve.s3.content import Expected, IncomingContent
from mcos_serve.s3.errors import S3Error
from mcos_serve.s3.signing import ChunkKey, Framing, _signing_key
from tests.support.serving.signer import SECRET, framed

KEY = ChunkKey(
    _signing_key(SECRET, "20130524", "us-east-1"),
    "20130524T000000Z",
    "20130524/us-east-1/s3/aws4_request",
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
)
CHUNKS = st.lists(st.binary(min_size=1, max_size=300), max_size=6)
FRAMINGS = st.sampled_from([one for one in Framing if one.is_chunked])


def checksum(algorithm: str, content: bytes) -> str:
    digests = Digests((algorithm,))
    digests.update(content)
    return digests.text(algorithm)


def body_of(framing: Framing, chunks: list[bytes], algorithm: str = "crc32") -> bytes:
    trailers = {f"{PREFIX}{algorithm}": checksum(algorithm, b"".join(chunks))}
    return framed(
        chunks,
        key=KEY if framing.is_signed else None,
        trailers=trailers if framing.has_trailer else None,
    )


def expected(framing: Framing, size: int, algorithm: str = "crc32") -> Expected:
    return Expected(
        framing=framing,
        chunk_key=KEY if framing.is_signed else None,
        size=size,
        in_trailer=(algorithm,) if framing.has_trailer else (),
    )


def decoded(how: Expected, pieces: list[bytes]) -> bytes:
    incoming = IncomingContent(how)
    content = b"".join(bytes(one) for piece in pieces for one in incoming.feed(piece))
    incoming.finish()
    return content


def cut(body: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(body), *(place % (len(body) + 1) for place in at)})
    return [body[first:end] for first, end in pairwise(places)]


@given(FRAMINGS, CHUNKS, st.sampled_from(sorted(ALGORITHMS)), st.lists(st.integers(0), max_size=8))
def test_what_is_framed_comes_out_however_it_is_cut(
    framing: Framing, chunks: list[bytes], algorithm: str, at: list[int]
) -> None:
    content = b"".join(chunks)
    body = body_of(framing, chunks, algorithm)
    assert decoded(expected(framing, len(content), algorithm), cut(body, at)) == content


@given(FRAMINGS, CHUNKS, st.data())
def test_any_byte_changed_is_refused_or_changes_nothing(
    framing: Framing, chunks: list[bytes], data: st.DataObject
) -> None:
    content, body = b"".join(chunks), body_of(framing, chunks)
    at = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != body[at]))
    changed = body[:at] + bytes([other]) + body[at + 1 :]
    try:
        assert decoded(expected(framing, len(content)), [changed]) == content
    except S3Error as error:
        assert error.status in (400, 403)  # noqa: PT017


@given(FRAMINGS, st.lists(st.binary(max_size=40), max_size=6))
def test_no_body_makes_it_fail_otherwise(framing: Framing, pieces: list[bytes]) -> None:
    with pytest.raises(S3Error):
        decoded(expected(framing, 1), pieces)


@given(FRAMINGS, CHUNKS, st.integers(1))
def test_a_body_that_is_cut_off_is_refused(
    framing: Framing, chunks: list[bytes], less: int
) -> None:
    body = body_of(framing, chunks)
    with pytest.raises(S3Error) as caught:
        decoded(expected(framing, len(b"".join(chunks))), [body[: -(less % len(body) or 1)]])
    assert caught.value.code in ("IncompleteBody", "SignatureDoesNotMatch")


def test_the_example_of_amazons_reference() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html"""
    body = (
        b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
        b"\r\n" + 65536 * b"a" + b"\r\n"
        b"400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"
        b"\r\n" + 1024 * b"a" + b"\r\n"
        b"0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"
        b"\r\n\r\n"
    )
    framing = Framing.SIGNED_CHUNKS
    assert decoded(expected(framing, 66560), [body]) == 66560 * b"a"
    assert framed([65536 * b"a", 1024 * b"a"], key=KEY) == body


def test_the_example_of_amazons_reference_with_a_trailer() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html"""
    seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
    key = ChunkKey(KEY.key, KEY.time, KEY.scope, seed)
    body = (
        b"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"
        b"\r\n" + 65536 * b"a" + b"\r\n"
        b"400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"
        b"\r\n" + 1024 * b"a" + b"\r\n"
        b"0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"
        b"\r\nx-amz-checksum-crc32c:sOO8/Q==\n\r\n"
        b"x-amz-trailer-signature:"
        b"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
    )
    how = Expected(
        framing=Framing.SIGNED_CHUNKS_TRAILER,
        chunk_key=key,
        size=66560,
        in_trailer=("crc32c",),
    )
    assert decoded(how, [body]) == 66560 * b"a"
    assert decoded(how, [body.replace(b"==\n\r\n", b"==\r\n")]) == 66560 * b"a"


@pytest.mark.parametrize(
    ("algorithm", "check"),
    [
        ("crc32", "cbf43926"),
        ("crc32c", "e3069283"),
        ("crc64nvme", "ae8b14860a799888"),
        ("sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ],
)
def test_checksums_are_those_that_their_catalogues_have(algorithm: str, check: str) -> None:
    assert checksum(algorithm, b"123456789") == b64encode(bytes.fromhex(check)).decode()


def test_a_checksum_of_the_trailer_that_was_not_promised_is_refused() -> None:
    body = framed([b"abc"], trailers={"x-amz-checksum-crc32": checksum("crc32", b"abc")})
    how = Expected(framing=Framing.UNSIGNED_CHUNKS_TRAILER, size=3)
    with pytest.raises(S3Error, match="x-amz-trailer"):
        decoded(how, [body])
    promised = expected(Framing.UNSIGNED_CHUNKS_TRAILER, 3)
    with pytest.raises(S3Error, match="x-amz-trailer"):
        decoded(promised, [framed([b"abc"])])


def test_a_line_that_never_ends_holds_no_memory() -> None:
    decoder = ChunkedDecoder(Framing.UNSIGNED_CHUNKS_TRAILER, None)
    with pytest.raises(S3Error, match="line"):
        decoder.feed(1_000_000 * b"0")


def test_content_that_is_longer_than_said_is_refused_as_it_comes() -> None:
    incoming = IncomingContent(expected(Framing.UNSIGNED_CHUNKS_TRAILER, 2))
    with pytest.raises(S3Error, match="has more"):
        incoming.feed(b"3\r\nabc\r\n")
