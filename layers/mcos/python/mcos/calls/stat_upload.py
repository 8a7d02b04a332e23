"""stat_upload: describe an upload, with the URLs to continue it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from mcos import clock, limits
from mcos.errors import QuotaExceeded
from mcos.model.uploads import Upload, UploadState
from mcos.staging import multipart
from mcos.staging.multipart import SignedPut
from mcos.versions.upload import find_upload, staging_of


@dataclass(frozen=True)
class UploadPart:
    """A part of an upload.

    Attributes
    ----------
    size
        Bytes that were received; of a part that was not, those that it must have, or None if the
        upload's size is not known.
    etag
        Quoted MD5; None if the part was not received.
    url
        Where to PUT the part.
    """

    number: int
    size: int | None
    etag: str | None
    url: str


@dataclass(frozen=True)
class UploadStat:
    """An upload, and where to send its content: ``put``, or a page of ``parts``.

    An upload that is not OPEN has neither. ``more_after`` is the number of the page's last part;
    None: there are no more.
    """

    upload: Upload
    put: SignedPut | None
    parts: list[UploadPart]
    more_after: int | None
    urls_expire_at: str


def stat_upload(account: str, upload_id: str, *, after: int = 0, limit: int) -> UploadStat:
    """Describe an upload.

    Parameters
    ----------
    after
        Only parts after this number.
    limit
        Most parts.

    Raises
    ------
    UploadNotFound, QuotaExceeded
    """
    return describe(find_upload(account, upload_id), after=after, limit=limit)


def describe(upload: Upload, *, after: int = 0, limit: int) -> UploadStat:
    """Describe an upload; ``after`` and ``limit`` as for ``stat_upload``.

    Of content of unknown size, no part is signed for which its account had no room when it was
    begun.

    Raises
    ------
    UploadNotFound, QuotaExceeded
    """
    urls_expire_at = clock.later(limits.UPLOAD_URL_SECONDS)
    if upload.state is not UploadState.OPEN:
        return UploadStat(upload, None, [], None, urls_expire_at)
    bucket, key = staging_of(upload)
    if not upload.part_size:
        put = multipart.sign_put(bucket, key, upload.size)
        return UploadStat(upload, put, [], None, urls_expire_at)
    if upload.room is not None and after * upload.part_size >= upload.room:
        raise QuotaExceeded("bytes", upload.room)
    found = multipart.parts(bucket, key, upload.multipart, after=after, limit=limit)
    received = {part.number: part for part in found}
    page = [
        one
        for one in islice(_sizes(upload, after), limit)
        if upload.room is None or (one.number - 1) * upload.part_size < upload.room
    ]
    parts = [
        UploadPart(
            number=number,
            size=received[number].size if number in received else size,
            etag=received[number].etag if number in received else None,
            url=multipart.sign_part(bucket, key, upload.multipart, number, size),
        )
        for number, size in page
    ]
    last = page[-1].number if page else after
    has_more = next(_sizes(upload, last), None) is not None
    return UploadStat(upload, None, parts, last if has_more else None, urls_expire_at)


class _PartSize(NamedTuple):
    number: int
    size: int | None


def _sizes(upload: Upload, after: int) -> Iterator[_PartSize]:
    """Yield the numbers and sizes of the parts after a number."""
    if upload.size is None:
        for number in range(after + 1, limits.PARTS + 1):
            yield _PartSize(number, None)
        return
    count = max(1, -(-upload.size // upload.part_size))
    for number in range(after + 1, count + 1):
        begin = (number - 1) * upload.part_size
        yield _PartSize(number, min(upload.part_size, upload.size - begin))
