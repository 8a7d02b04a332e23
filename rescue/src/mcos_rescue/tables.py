"""What a catalog says, written into the tables of another deployment.

It is the library ``mcos`` of that deployment's release that writes, imported only here.
"""

import json
import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from mcos_rescue.errors import BadSettings, Unavailable
from mcos_rescue.fold import Fold

_MISSING = (
    "the library mcos, which writes the tables, cannot be imported ({name} is missing): give the "
    "folder layers/mcos/python of the deployment's release as PYTHONPATH, and install "
    "layers/common/requirements.txt"
)
_WRITERS = 16


def write(
    fold: Fold,
    *,
    deployment: str,
    generation: int,
    prefix: str,
    write_off: bool = False,
    again: bool = False,
) -> Any:
    """Write the states of a fold. It may be repeated: ``mcos.admin.import_catalog`` says how.

    Region and credentials of the tables are those of the environment.

    Parameters
    ----------
    deployment, generation
        The lost deployment's.
    prefix
        What the names of the tables begin with.

    Returns
    -------
    The library's ``Report``.

    Raises
    ------
    BadSettings
        The library is not there.
    Unavailable
    """
    os.environ["MCOS_TABLE_PREFIX"] = prefix
    try:
        importing: Any = import_module("mcos.admin.import_catalog")
        aws_errors: Any = import_module("mcos.catalog.tables").ERRORS
    except ModuleNotFoundError as error:
        raise BadSettings(_MISSING.format(name=error.name)) from None

    def states(table: str) -> Iterator[Any]:
        for one in fold.states(table):
            record = None if one.record is None else json.loads(one.record)
            yield importing.State(one.table, one.key, one.revision, record, one.is_doubtful)

    try:
        return importing.import_catalog(
            states,
            deployment=deployment,
            generation=generation,
            write_off=write_off,
            again=again,
            workers=_WRITERS,
        )
    except aws_errors as error:
        raise Unavailable(f"the tables {prefix}-* cannot be read or written: {error}") from error


def lines_of(report: Any) -> Iterator[str]:
    """Yield what a person should know of a report: a line for each table, and the generation."""
    for table, counts in report.tables.items():
        parts = [f"{name} {getattr(counts, name)}" for name in ("written", "kept", "trimmed")]
        parts += [f"{name} {n}" for name in ("removed", "doubtful") if (n := getattr(counts, name))]
        parts += [f"left out {number} ({reason})" for reason, number in counts.left_out.items()]
        yield f"{table}: {', '.join(parts)}"
    yield f"the catalog has generation {report.generation}"
