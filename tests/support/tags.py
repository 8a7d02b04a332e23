"""ETags as users expect them."""

from hashlib import md5


def sent_tag(content: bytes, part_size: int) -> str:
    """The ETag of what was sent in parts of that size; 0: in one piece."""
    if not part_size:
        return etag(content)
    pieces = [content[at : at + part_size] for at in range(0, len(content), part_size)]
    sums = b"".join(md5(one, usedforsecurity=False).digest() for one in pieces)
    return f'"{md5(sums, usedforsecurity=False).hexdigest()}-{len(pieces)}"'


def etag(content: bytes) -> str:
    """Quoted MD5."""
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'
