"""Which rooms of a package import which others, read from its source.

A room is a module, or a package with all that is in it but for what is a room of its own. Imports
within functions and those for type checkers count too.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

Table = Mapping[str, Collection[str]]
"""What each room may import, itself apart. Names are dotted, within the package: ``storage``,
``command.names``; ``""`` is the package's own ``__init__``."""


def misdirected(root: Path, table: Table) -> list[str]:
    """Say where a package and the table of its rooms disagree.

    Parameters
    ----------
    root
        The package's folder; its name is the name by which it is imported.

    Returns
    -------
    One line for each import that the table does not allow, for each module without a room, for
    each room or permission that nothing uses, and for a cycle in the table itself.
    """
    found = [*_cycles(table)]
    rooms: set[str] = set()
    used: set[tuple[str, str]] = set()
    for path in sorted(root.rglob("*.py")):
        module = _module_of(path.relative_to(root))
        room = _room_of(module, table)
        where = path.relative_to(root).as_posix()
        if room is None:
            found.append(f"{where} is in no room")
            continue
        rooms.add(room)
        for line, imported in _imports(path, root):
            target = _room_of(imported, table)
            if target is None or target == room:
                continue
            used.add((room, target))
            if target not in table[room]:
                found.append(f"{where}:{line}: {_shown(room)} must not import {_shown(target)}")
    found += [f"{_shown(room)} is a room without a module" for room in sorted({*table} - rooms)]
    found += [
        f"{_shown(room)} may import {_shown(target)} and does not"
        for room in sorted(rooms)
        for target in sorted(table[room])
        if (room, target) not in used
    ]
    return found


def _cycles(table: Table) -> Iterator[str]:
    try:
        TopologicalSorter(table).prepare()
    except CycleError as error:
        yield f"the table goes round: {' -> '.join(map(_shown, error.args[1]))}"


def _module_of(path: Path) -> str:
    """Dotted name of a file, within the package."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room_of(module: str, table: Table) -> str | None:
    """The smallest room that a module is in."""
    name = module
    while name:
        if name in table:
            return name
        name = name.rpartition(".")[0]
    return "" if module == "" and "" in table else None


def _imports(path: Path, root: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name, within the package, of each module of it that a file imports."""
    package = root.name
    inside = [package, *path.relative_to(root).parent.parts]
    for node in ast.walk(ast.parse(path.read_text("utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = inside[: len(inside) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{base}.{one.name}" for one in node.names]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            if first == package:
                yield node.lineno, _existing(rest, root)


def _existing(name: str, root: Path) -> str:
    """The module that a name is, or is in."""
    while name:
        path = root.joinpath(*name.split("."))
        if path.is_dir() or path.with_suffix(".py").is_file():
            return name
        name = name.rpartition(".")[0]
    return name


def _shown(room: str) -> str:
    return room or "the package's __init__"
