"""Deleted versions in the catalog, which wait until they are due and may be taken back."""

from dataclasses import dataclass
from enum import StrEnum

from mcos.model.kept import Kept
from mcos.model.objects import ObjectKey
from mcos.model.versions import Removal


class DeletedState(StrEnum):
    """State of a deleted version; ``mcos.catalog.deleted`` has the transitions.

    KEPT: it may be taken back. RESTORING: it is becoming its object's version again. RESTORED: it
    became that. REMOVING: its copies are being removed. REMOVED: their removal is in the queues.
    """

    KEPT = "KEPT"
    RESTORING = "RESTORING"
    RESTORED = "RESTORED"
    REMOVING = "REMOVING"
    REMOVED = "REMOVED"


@dataclass(frozen=True)
class Deleted:
    """A deleted version of an object.

    Attributes
    ----------
    kept
        The version.
    cluster
        The cluster whose sweeper looks after it.
    due_at
        When the sweeper looks at it next, RFC 3339; of a KEPT one, when it is removed.
    """

    key: ObjectKey
    kept: Kept
    state: DeletedState | str
    cluster: str
    due_at: str

    @property
    def version_id(self) -> str:
        return self.kept.version.id

    @property
    def removals(self) -> tuple[Removal, ...]:
        """The removals of its copies."""
        return self.kept.version.removals()

    def is_on(self, cluster: str) -> bool:
        """Whether a cluster has a copy of it, or its content in staging."""
        if self.state in (DeletedState.RESTORED, DeletedState.REMOVED):
            return False
        version = self.kept.version
        is_staged = version.staged is not None and version.staged.cluster == cluster
        return cluster in version.replicas or (is_staged and not version.is_complete)

    def holds(self, cluster: str, incarnation: str) -> bool:
        """Whether a copy is one of its own, which must stay."""
        replica = self.kept.version.replicas.get(cluster)
        if replica is None or self.state in (DeletedState.REMOVING, DeletedState.REMOVED):
            return False
        is_stored = replica.stored and replica.incarnation == incarnation
        return is_stored or replica.replaces == incarnation
