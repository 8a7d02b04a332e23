"""A bucket of S3, or of Ceph's RADOS Gateway through its S3 protocol."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_plus, urlsplit
from xml.etree import ElementTree

from mcos_rescue import clock
from mcos_rescue.errors import NotThere, Refused, Unavailable
from mcos_rescue.stores.contract import Listed
from mcos_rescue.stores.http import Http, Reply, checked_url
from mcos_rescue.stores.replies import check_range, failure_of
from mcos_rescue.stores.signature import (
    Credentials,
    encoded_path,
    encoded_query,
    signed_headers,
)

_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>")


class S3Store:
    """A bucket, addressed by path.

    Parameters
    ----------
    endpoint_url
        Empty: that of AWS in the region.
    """

    def __init__(
        self,
        kind: str,
        *,
        region: str,
        bucket: str,
        endpoint_url: str,
        credentials: Credentials,
        http: Http | None = None,
    ) -> None:
        self.kind = kind
        self._region, self._bucket, self._credentials = region, bucket, credentials
        self._endpoint = checked_url("endpoint_url", endpoint_url or _endpoint(region))
        self._http = http or Http()
        self._behind = timedelta()

    def page(self, prefix: str, after: str) -> list[Listed]:
        """See ``Store.page``."""
        query = {"list-type": "2", "encoding-type": "url", "prefix": prefix}
        if after:
            query["start-after"] = after
        where = f"{self.kind}: the listing"
        with self._get(encoded_path(self._bucket), query, {}, where) as reply:
            if reply.status != 200:
                raise self._failure(reply, where)
            body = reply.body()
        try:
            root = ElementTree.fromstring(body)  # noqa: S314  (expat itself limits entities)
            space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
            if root.tag != f"{space}ListBucketResult":
                raise ValueError
            return [
                Listed(
                    unquote_plus(one.findtext(f"{space}Key") or ""),
                    int(one.findtext(f"{space}Size") or ""),
                    datetime.fromisoformat(one.findtext(f"{space}LastModified") or ""),
                )
                for one in root.iter(f"{space}Contents")
            ]
        except (ElementTree.ParseError, ValueError):
            raise Refused(f"{where} is malformed") from None

    def open(self, key: str, first: int = 0) -> Reply:
        """See ``Store.open``."""
        where = f"{self.kind}: {key}"
        headers = {"range": f"bytes={first}-"} if first else {}
        reply = self._get(encoded_path(self._bucket, key), {}, headers, where)
        if reply.status not in (200, 206):
            with reply:
                raise self._failure(reply, where)
        return check_range(reply, first, where)

    def _get(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], where: str
    ) -> Reply:
        reply = self._sent(path, query, headers, where)
        if reply.status != 403 or not self._learned_time(reply):
            return reply
        with reply:
            pass
        return self._sent(path, query, headers, where)

    def _sent(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], where: str
    ) -> Reply:
        parts = urlsplit(self._endpoint)
        path, text = parts.path + path, encoded_query(query)
        signed = signed_headers(
            self._credentials,
            region=self._region,
            host=parts.netloc,
            path=path,
            query=text,
            moment=clock.moment() + self._behind,
            headers=headers,
        )
        url = f"{parts.scheme}://{parts.netloc}{path}" + (f"?{text}" if text else "")
        return self._http.get(url, signed, where=where)

    def _learned_time(self, reply: Reply) -> bool:
        """Whether this machine's clock is wrong, which makes every signature wrong."""
        try:
            theirs = parsedate_to_datetime(reply.headers["date"])
        except (KeyError, ValueError):
            return False
        behind = theirs - clock.moment()
        if abs(behind - self._behind) < timedelta(minutes=5):
            return False
        self._behind = behind
        return True

    def _failure(self, reply: Reply, where: str) -> Exception:
        try:
            found = _CODE.search(reply.body())
        except (Unavailable, Refused):
            found = None
        code = found[1].decode() if found else ""
        if reply.status == 404 and code in ("", "NoSuchKey"):
            return NotThere(f"{where} is not there")
        if code in ("SlowDown", "RequestTimeout"):
            return Unavailable(f"{where} was answered {reply.status} {code}")
        return failure_of(reply.status, f"{where} was answered {reply.status} {code}".rstrip())


def _endpoint(region: str) -> str:
    return f"https://s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
