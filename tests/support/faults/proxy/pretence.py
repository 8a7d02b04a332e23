"""What a storage service answers that has done what it was asked."""

from hashlib import md5

from tests.support.faults.proxy.messages import Head


def reply_of_success(head: Head, content: bytes) -> bytes:
    """The reply to a PUT or DELETE, in the manner of S3 or of Swift."""
    if head.method == "DELETE":
        return b"HTTP/1.1 204 No Content\r\n\r\n"
    if head.headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        content = _without_chunks(content)
    digest = md5(content, usedforsecurity=False).hexdigest()
    if _is_swift(head):
        first, tag = "201 Created", digest
    else:
        first, tag = "200 OK", f'"{digest}"'
    return f"HTTP/1.1 {first}\r\nETag: {tag}\r\nContent-Length: 0\r\n\r\n".encode()


def reply_of_failure(status: int) -> bytes:
    """A reply with an error, after which the connection ends."""
    head = f"HTTP/1.1 {status} Injected\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return head.encode()


def _is_swift(head: Head) -> bool:
    return "x-auth-token" in head.headers or "temp_url_sig=" in head.target


def _without_chunks(content: bytes) -> bytes:
    """The content in a body that is ``aws-chunked``: chunks with a signature each."""
    found = b""
    while content:
        line, _, content = content.partition(b"\r\n")
        length = int(line.partition(b";")[0], 16)
        if not length:
            break
        found, content = found + content[:length], content[length + 2 :]
    return found
