"""Names from a backend, made fit for a terminal."""


def printable(text: str) -> str:
    """Return ``text`` with everything escaped that a terminal could take for a command.

    The backslash is escaped too, so two different names never look alike by it.

    >>> printable("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return "".join(one if one.isprintable() and one != "\\" else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
