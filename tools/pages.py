"""Links of the pages that lead out of docs/: on the site they are the names of files."""

import re
from pathlib import Path
from posixpath import normpath
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

_LINK = re.compile(r"\[([^\]]*)\]\((\.\./[^)#]+)(?:#[^)]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Show a link to a file of the repository as its path (an event of mkdocs).

    Raises
    ------
    FileNotFoundError
        There is no such file.
    """
    folder = Path("docs", page.file.src_uri).parent

    def shown(found: re.Match[str]) -> str:
        path = normpath((folder / found[2]).as_posix())
        if path.startswith("docs/"):
            return found[0]
        if not (ROOT / path).exists():
            raise FileNotFoundError(f"{page.file.src_uri} links to {path}, which is not there")
        return f"{found[1]} (`{path}`)"

    return _LINK.sub(shown, markdown)
