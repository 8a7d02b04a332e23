"""``ls [ACCOUNT[/CONTAINER[/PREFIX]]]``: what there is, by name."""

import argparse

from mcos_rescue.catalog import Catalog
from mcos_rescue.commands.session import say, session
from mcos_rescue.errors import Damaged, NoSuchObject
from mcos_rescue.objects import RescuedObject, object_of


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("ls", help="list accounts, containers, or objects")
    parser.add_argument("place", nargs="?", default="", metavar="ACCOUNT[/CONTAINER[/PREFIX]]")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    account, _, rest = options.place.partition("/")
    container, _, prefix = rest.partition("/")
    with session(options) as opened:
        if container:
            _list_objects(opened.catalog, account, container, prefix)
        else:
            found = _names(opened.catalog, account)
            if account and not found:
                raise NoSuchObject(f"there is no container of an account {account!r}")
            for name in found:
                say(f"{name}/")
        return opened.exit_code()


def _names(catalog: Catalog, account: str) -> list[str]:
    """Return the names of all accounts, or of an account's containers."""
    key = (account,) if account else ()
    fold = catalog.fold
    found = {
        state.key[len(key)] for state in fold.states("containers", *key) if state.record is not None
    }
    if not account:
        found |= {one.key[0] for one in fold.states("accounts") if one.record is not None}
    # What has objects is shown, whatever became of its own record.
    for name in fold.next_names("objects", *key):
        if name not in found and any(s.record for s in fold.states("objects", *key, name)):
            found.add(name)
    return sorted(found)


def _list_objects(catalog: Catalog, account: str, container: str, prefix: str) -> None:
    shown = 0
    for state in catalog.fold.states("objects", account, container, prefix=prefix):
        try:
            found = object_of(state)
        except Damaged as error:
            catalog.problems.append(f"{'/'.join(state.key)}: {error}")
            say(f"{'?':>14}  {'?':24}  {'?':12}  {state.key[2]}")
            continue
        if found is not None and found.current is not None:
            shown += 1
            say(described(found, catalog.cluster, found.name))
    is_known = catalog.fold.state("containers", account, container)
    if not shown and not prefix and (is_known is None or is_known.record is None):
        raise NoSuchObject(f"there is no container {account}/{container}")


def described(found: RescuedObject, cluster: str | None, name: str) -> str:
    """Return a line for an object that users see."""
    version = found.current
    if version is None:
        raise AssertionError("users see a version of it")
    stored = version.stored_on
    where = "here" if cluster in stored else ",".join(stored) or "nowhere"
    return f"{version.size:>14}  {found.last_modified:24}  {where:12}  {name}"
