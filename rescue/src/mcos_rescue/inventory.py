"""What of the catalog is here, on this backend: the one answer that all commands give."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from mcos_rescue import fetch, identity
from mcos_rescue.catalog import Catalog
from mcos_rescue.copies import Expected
from mcos_rescue.encryption import NO_KEYS, Keys
from mcos_rescue.errors import Damaged, RescueError
from mcos_rescue.objects import RescuedObject, Version, object_of
from mcos_rescue.shelf import Shelf, Stray
from mcos_rescue.stores.contract import Store

# What was written so shortly before the newest segment may not be in it yet.
_MARGIN = timedelta(minutes=1)

# Where the type is not that with which the service serves the copy.
_TYPE = "x-object-meta-mcos-content-type"


@dataclass(frozen=True)
class Found:
    """A content of which copies are, or should be, on this backend.

    Attributes
    ----------
    keys
        Where to look for it, the likeliest first; empty: nothing of it is here.
    elsewhere
        Other clusters that have a copy.
    """

    account: str
    container: str
    name: str
    version: str
    expected: Expected
    content_type: str
    metadata: dict[str, str]
    headers: dict[str, str]
    created_at: str
    last_modified: str
    keys: tuple[str, ...]
    elsewhere: tuple[str, ...]

    @property
    def path(self) -> str:
        """Full name of the object."""
        return f"{self.account}/{self.container}/{self.name}"


@dataclass(frozen=True)
class Unseen:
    """A content that is here, and that is not, or not certainly, what users saw last.

    Attributes
    ----------
    why
        What it is.
    """

    found: Found
    why: str


class Inventory:
    """The objects of a catalog, and what lies on the backend.

    Parameters
    ----------
    account
        None: all accounts.

    Attributes
    ----------
    database
        The SQLite database of the catalog.
    problems
        Records and copies that make no sense; it grows while they are looked at.
    old_strays, foreign_strays
        Number of copies that no entry names: older than the journal is, and of other deployments.
    """

    def __init__(
        self, store: Store, catalog: Catalog, *, account: str | None = None, keys: Keys = NO_KEYS
    ) -> None:
        self._store, self._catalog, self._account, self._keys = store, catalog, account, keys
        self.database = catalog.fold.database
        self._shelf = Shelf(self.database, fetch.all_keys(store))
        self.problems: list[str] = []
        self.old_strays = self.foreign_strays = 0

    def names(self) -> Iterator[tuple[str, str, str]]:
        """Yield account, container and name of every object that users see."""
        for one in self._objects():
            if one.current is not None:
                yield one.account, one.container, one.name

    def seen(self) -> Iterator[Found]:
        """Yield what users see of each object, here or not."""
        for one in self._objects():
            if one.current is not None:
                yield self._found(one, one.current)

    def pending(self) -> Iterator[Found]:
        """Yield the last pending version of each object of which users see nothing."""
        for one in self._objects():
            if one.current is None:
                yield self._found(one, one.pending[-1])

    def unseen(self) -> Iterator[Unseen]:
        """Yield contents that are here beside those that users see, the lost seconds of a journal.

        These are the version before one that is not here, versions that were not seen yet, and
        copies that no entry names because they are newer than the journal.
        """
        for one in self._objects():
            if one.previous is not None and not self._is_here(one.current):
                yield Unseen(self._found(one, one.previous), "the version before the last one")
            for version in one.pending:
                if self._shelf.copies_of(version):
                    yield Unseen(self._found(one, version), "a change that was under way")
        newest = self._catalog.journal.newest_at
        for stray in self._shelf.strays():
            if newest is not None and stray.modified < newest - _MARGIN:
                self.old_strays += 1
            elif found := self._identified(stray):
                yield Unseen(found, "written after the journal")

    def _objects(self) -> Iterator[RescuedObject]:
        key = () if self._account is None else (self._account,)
        for state in self._catalog.fold.states("objects", *key):
            try:
                found = object_of(state)
            except Damaged as error:
                problem = f"{'/'.join(state.key)}: {error}"
                if problem not in self.problems:
                    self.problems.append(problem)
                continue
            if found is not None:
                yield found

    def _is_here(self, version: Version | None) -> bool:
        return version is not None and bool(self._shelf.copies_of(version))

    def _found(self, one: RescuedObject, version: Version) -> Found:
        return found_of(one, version, self._catalog.cluster, self._shelf.copies_of(version))

    def _identified(self, stray: Stray) -> Found | None:
        """Return whose content a stray is, by its own headers; None if that is nobody's here."""
        try:
            headers = fetch.headers(self._store, stray.key)
            text = identity.join(headers)
            if text is None:
                raise Damaged("it has no identity")
            whose = identity.decode(text, self._keys)
            account, version = stray.version.split("/")
            if whose.account != account:
                raise Damaged("its identity names another account")
        except RescueError as error:
            self.problems.append(f"{stray.key}: newer than the journal, and nobody's: {error}")
            return None
        if whose.deployment != self._catalog.journal.deployment:
            self.foreign_strays += 1
            return None
        if self._account not in (None, account):
            return None
        in_parts = "-" in headers.get("etag", "") or "x-static-large-object" in headers
        md5 = "" if in_parts else headers.get("etag", "").strip('"')
        return Found(
            account,
            whose.container,
            whose.name if whose.name is not None else f"sha256 {whose.name_sha256}",
            version,
            Expected(stray.size, md5=md5),
            headers.get(_TYPE) or headers.get("content-type", ""),
            {},
            {},
            whose.created_at,
            whose.created_at,
            (stray.key,),
            (),
        )


def found_of(one: RescuedObject, version: Version, cluster: str | None, lying: list[str]) -> Found:
    """Return where a version's copies are.

    Parameters
    ----------
    cluster
        Whose backend it is; None: not known.
    lying
        Keys of copies that are certainly there.
    """
    expected = [key for key in version.keys_on(cluster) if key in lying]
    # A listing may be behind: what the catalog says is stored here is tried as well.
    promised = [copy.key for copy in version.copies if copy.is_stored and copy.cluster == cluster]
    return Found(
        one.account,
        one.container,
        one.name,
        version.id,
        Expected(version.size, version.sha256, version.md5),
        version.content_type,
        version.metadata,
        version.headers,
        version.created_at,
        one.last_modified,
        tuple(dict.fromkeys([*expected, *lying, *promised])),
        tuple(name for name in version.stored_on if name != cluster),
    )
