"""Folders of files, as tests write and read them."""

from pathlib import Path

TREE = {"a.txt": b"1", "b/c.bin": bytes(range(256)), "b/d/e": b"", "ü #%/f": b"2"}


def write(folder: Path, tree: dict[str, bytes]) -> Path:
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
