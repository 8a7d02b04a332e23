"""The operators' calls for asyncio."""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any, Literal, Protocol

from mcos_client.api import admin as calls
from mcos_client.api.admin import (
    KEEP,
    Account,
    AccountPage,
    Cluster,
    ClusterState,
    Job,
    Keep,
    Role,
)
from mcos_client.api.call import Call, Result
from mcos_client.api.policies import PolicyPart, StoragePolicy


class AsyncSend(Protocol):
    """Makes a call, and gives what it answers."""

    def __call__(self, call: Call[Result], /) -> Awaitable[Result]: ...


class AsyncAdmin:
    """``AsyncClient.admin``: clusters, storage policies, accounts and jobs.

    Everybody else's calls are refused with ``NotPermitted``. A call that is refused has changed
    nothing.
    """

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def list_clusters(self) -> tuple[Cluster, ...]:
        """All linked clusters, by name."""
        return await self._send(calls.list_clusters())

    async def link_cluster(self, cluster: str, row: Mapping[str, Any]) -> Cluster:
        """Link a cluster, or replace its row; ``row`` is the API's ``ClusterRow``."""
        return await self._send(calls.link_cluster(cluster, row))

    async def change_cluster(
        self,
        cluster: str,
        *,
        state: ClusterState | Literal[Keep.KEEP] | None = KEEP,
        weight: float | Literal[Keep.KEEP] | None = KEEP,
        labels: Mapping[str, str] | Literal[Keep.KEEP] | None = KEEP,
    ) -> Cluster:
        """Give an operator's word on a cluster; None takes it back, KEEP leaves it as it is."""
        return await self._send(
            calls.change_cluster(cluster, state=state, weight=weight, labels=labels)
        )

    async def unlink_cluster(self, cluster: str) -> None:
        """Forget a cluster that was drained."""
        await self._send(calls.unlink_cluster(cluster))

    async def drain_cluster(self, cluster: str, *, rate: float | None = None) -> Job:
        """Have all replicas moved off a cluster, ``rate`` a second at most."""
        return await self._send(calls.drain_cluster(cluster, rate=rate))

    async def list_policies(self) -> tuple[StoragePolicy, ...]:
        """All storage policies, by name."""
        return await self._send(calls.list_policies())

    async def set_policy(
        self, policy: str, parts: Sequence[PolicyPart], *, readable: int | None = None
    ) -> StoragePolicy:
        """Set a storage policy; without ``readable`` more than half of the replicas are it."""
        return await self._send(calls.set_policy(policy, parts, readable=readable))

    async def delete_policy(self, policy: str) -> None:
        """Delete a storage policy that no container names."""
        await self._send(calls.delete_policy(policy))

    async def list_accounts(
        self, *, marker: str | None = None, limit: int | None = None
    ) -> AccountPage:
        """One page of the accounts. It may be empty and not be the last."""
        return await self._send(calls.list_accounts(marker=marker, limit=limit))

    async def all_accounts(self) -> AsyncIterator[Account]:
        """The accounts, page by page."""
        marker = None
        while True:
            page = await self.list_accounts(marker=marker)
            for one in page.accounts:
                yield one
            marker = page.next_marker
            if marker is None:
                return

    async def create_account(
        self, user_name: str, password: str, *, role: Role = "user"
    ) -> Account:
        """Add an account."""
        return await self._send(calls.create_account(user_name, password, role=role))

    async def change_account(
        self,
        user_name: str,
        *,
        password: str | None = None,
        role: Role | None = None,
        enabled: bool | None = None,
    ) -> Account:
        """Change what is given. A new password, and disabling, revoke the account's tokens."""
        return await self._send(
            calls.change_account(user_name, password=password, role=role, enabled=enabled)
        )

    async def list_jobs(self) -> tuple[Job, ...]:
        """All jobs, the newest first."""
        return await self._send(calls.list_jobs())

    async def get_job(self, job: str) -> Job:
        """A job, and how far it is."""
        return await self._send(calls.get_job(job))

    async def stop_job(self, job: str) -> Job:
        """Stop a job; what was moved stays moved."""
        return await self._send(calls.stop_job(job))

    async def start_job(
        self, kind: Literal["rebalance"] = "rebalance", *, rate: float | None = None
    ) -> Job:
        """Have replicas moved to where they would be placed now, ``rate`` a second at most."""
        return await self._send(calls.start_job(kind, rate=rate))
