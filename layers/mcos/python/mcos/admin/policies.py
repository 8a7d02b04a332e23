"""Storage policies: list, set, delete."""

from dataclasses import replace

from mcos.admin.checks import check_policy
from mcos.catalog import containers, registry
from mcos.catalog.registry import POLICY, current_registry
from mcos.errors import PolicyInUse, PolicyNotFound, PolicyUnmet
from mcos.model.clusters import DEFAULT_POLICY, StoragePolicy
from mcos.model.names import check_policy_name, is_policy_name
from mcos.placement.seating import unmet


def list_policies() -> list[StoragePolicy]:
    """Return every storage policy, including the default one, ordered by name."""
    policies = current_registry(fresh=True).policies
    return [policies[name] for name in sorted(policies)]


def set_policy(policy: StoragePolicy) -> bool:
    """Write or replace a policy, for versions that are placed from now on.

    Returns
    -------
    Whether the policy is new.

    Raises
    ------
    InvalidName, InvalidBody
    PolicyUnmet
        The linked clusters cannot meet it.
    """
    check_policy_name(policy.name)
    check_policy(policy)
    found = current_registry(fresh=True)
    if reason := unmet(policy, found.clusters.values()):
        raise PolicyUnmet(reason)
    before = found.policies.get(policy.name)
    registry.write_policy(replace(policy, unknown=before.unknown) if before else policy)
    return before is None


def delete_policy(name: str) -> None:
    """Delete a policy that no container has; ``default`` becomes the built-in policy again.

    Raises
    ------
    PolicyNotFound
        No operator has set it.
    PolicyInUse
    PolicyUnmet
        The linked clusters cannot meet the built-in ``default``.
    """
    if not is_policy_name(name) or registry.read(POLICY, name) is None:
        raise PolicyNotFound(f"No operator has set a storage policy {name!r}.")
    if name == DEFAULT_POLICY.name:
        reason = unmet(DEFAULT_POLICY, current_registry(fresh=True).clusters.values())
        if reason:
            raise PolicyUnmet(reason)
    elif containers.is_policy_in_use(name):
        raise PolicyInUse(f"Storage policy {name!r} must not be used by any container.")
    registry.remove(POLICY, name)
