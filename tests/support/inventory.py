"""What is really there: in the catalog, on the services, in staging and in the queues."""

from collections.abc import Iterator
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.sqs.models import Queue, sqs_backends

from mcos.catalog import deleted, objects
from mcos.model.deleted import Deleted, DeletedState
from mcos.model.digests import digests_of
from mcos.model.objects import ObjectRecord
from mcos.replicas.backend import key_of
from tests.support.environment import (
    ACCOUNT_ID,
    ALL_CLUSTERS,
    CLUSTERS,
    PREFIX,
    REGION,
    cluster_environment,
    region_of,
)
from tests.support.fake_backend import FakeBackend
from tests.support.network import Network


class Inventory:
    """Looks at everything from behind; nothing that it does is a network call.

    Attributes
    ----------
    network
        What every network call passes through.
    backends
        The storage service of each cluster.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.backends = {name: FakeBackend(name, network) for name in ALL_CLUSTERS}

    def repair_queue(self, cluster: str) -> Queue:
        """A cluster's repair queue."""
        return sqs_backends[ACCOUNT_ID][region_of(cluster)].get_queue(f"{PREFIX}-{cluster}-repair")

    def replicate_queue(self, cluster: str) -> Queue:
        """A cluster's replicate queue."""
        queues = sqs_backends[ACCOUNT_ID][region_of(cluster)]
        return queues.get_queue(f"{PREFIX}-{cluster}-replicate")

    def waiting(self) -> dict[str, int]:
        """Messages in each cluster's replicate queue."""
        return {name: len(self.replicate_queue(name).messages) for name in ALL_CLUSTERS}

    def queued(self) -> dict[str, int]:
        """Messages in each cluster's repair queue."""
        return {name: len(self.repair_queue(name).messages) for name in ALL_CLUSTERS}

    def unsettled(self) -> list[str]:
        """Names of the objects that are in the sweepers' index."""
        return [item["name"].value for item in self.unsettled_items()]

    def sweepers(self) -> list[str]:
        """Clusters whose sweeper has something to do there."""
        partitions = {item["sweeper"].value for item in self.unsettled_items()}
        return sorted({one.rpartition("/")[2] for one in partitions})

    def unsettled_items(self) -> Iterator[dict[str, Any]]:
        """The attributes of what is in the sweepers' index."""
        table = dynamodb_backends[ACCOUNT_ID][REGION].get_table(f"{PREFIX}-objects")
        for items in table.items.values():
            for item in items.values():
                if "sweeper" in item.attrs:
                    yield item.attrs

    def has_work_for_sweepers(self) -> bool:
        """Whether there is anything that a sweeper looks through, due or not."""
        tables = (
            dynamodb_backends[ACCOUNT_ID][REGION].get_table(f"{PREFIX}-{name}")
            for name in ("uploads", "deleted")
        )
        return any(self.unsettled_items()) or any(any(table.items.values()) for table in tables)

    def record(self, account: str, container: str, name: str) -> ObjectRecord | None:
        """The catalog's record of an object."""
        found = [one for one in self.records(account) if one.key == (account, container, name)]
        return found[0] if found else None

    def deleted(self, account: str) -> list[Deleted]:
        """Every deleted version of an account that may be taken back, or was a moment ago."""
        with self.network.outside():
            found = deleted.scan(None, limit=1000)
        assert found.cursor is None
        return [one for one in found.deleted if one.key.account == account]

    def key(self, account: str, container: str, name: str, cluster: str) -> str:
        """The key of the replica of an object on a cluster's service."""
        record = self.record(account, container, name)
        assert record is not None
        assert record.current is not None
        return key_of(account, record.current, cluster)

    def records(self, account: str) -> list[ObjectRecord]:
        """Every record of an account."""
        partitions = dynamodb_backends[ACCOUNT_ID][REGION].get_table(f"{PREFIX}-objects").items
        return [
            objects.record_of_image({name: value.to_json() for name, value in item.attrs.items()})
            for key, items in partitions.items()
            if key.value.startswith(f"{account}/")
            for item in items.values()
        ]

    def replicas(self, account: str) -> dict[str, dict[str, bytes]]:
        """Contents by version id, by cluster: what an account's bytes are really like.

        A version that has two copies on one service fails the test. Clusters that are not always
        linked are among them only if they hold something.
        """
        held: dict[str, dict[str, bytes]] = {name: {} for name in self.backends}
        for name, backend in self.backends.items():
            for key, (content, _) in backend.replicas.items():
                owner, _, version = key.partition("/")
                if owner == account:
                    version_id = version.partition("/")[0]
                    assert version_id not in held[name], f"two copies on {name}: {key}"
                    held[name][version_id] = content
        return {name: bodies for name, bodies in held.items() if bodies or name in CLUSTERS}

    def staged(self) -> set[str]:
        """Keys of what is in the staging buckets in any version, of ``versions/`` the ids."""
        buckets = s3_backends[ACCOUNT_ID]["aws"].buckets
        names = [cluster_environment(cluster)["MCOS_STAGING_BUCKET"] for cluster in ALL_CLUSTERS]
        return {
            key.removeprefix("versions/")
            for name in names
            for key, versions in buckets[name].keys.lists()
            if versions
        }

    def staged_version(self, cluster: str, key: str) -> str:
        """S3's id of what a cluster's staging has under a key now."""
        bucket = cluster_environment(cluster)["MCOS_STAGING_BUCKET"]
        version: str = s3_backends[ACCOUNT_ID]["aws"].buckets[bucket].keys[key].version_id
        return version

    def multipart_uploads(self) -> list[str]:
        """Keys of multipart uploads that were begun in the staging buckets and have not ended."""
        buckets = s3_backends[ACCOUNT_ID]["aws"].buckets
        names = [cluster_environment(cluster)["MCOS_STAGING_BUCKET"] for cluster in ALL_CLUSTERS]
        return [one.key_name for name in names for one in buckets[name].multiparts.values()]

    def check_storage_of_all(self) -> None:
        """Of every account, as ``check_storage``; and nothing is staged."""
        keys = [key for backend in self.backends.values() for key in backend.replicas]
        for account in {key.partition("/")[0] for key in keys if not key.startswith("~")}:
            self.check_storage(account)
        assert self.staged() == set()

    def check_storage(self, account: str) -> None:
        """Nothing is owed, and the services hold exactly what the records speak of, and what is
        deleted and kept."""
        wanted: dict[str, dict[str, str]] = {name: {} for name in ALL_CLUSTERS}
        for record in self.records(account):
            assert not record.is_unsettled, record
            assert not record.owes, record
            if record.current is not None:
                assert record.current.is_complete, record
                for cluster in record.current.replicas:
                    wanted[cluster][record.current.id] = record.current.sha256
        for one in self.deleted(account):
            assert one.state not in (DeletedState.RESTORING, DeletedState.REMOVING), one
            if one.state is DeletedState.KEPT:
                for cluster in one.kept.version.stored:
                    assert one.version_id not in wanted[cluster], "in two places"
                    wanted[cluster][one.version_id] = one.kept.version.sha256
        held = {
            cluster: {version: digests_of(body).sha256 for version, body in bodies.items()}
            for cluster, bodies in self.replicas(account).items()
        }
        assert held == {name: wanted[name] for name in wanted if wanted[name] or name in held}
