"""Storage policies: list, set, delete."""

from mcos.admin.checks import check_policy
from mcos.catalog import containers, registry
from mcos.catalog.registry import POLICY, current_registry
from mcos.errors import PolicyInUse, PolicyNotFound, PolicyUnmet
from mcos.model.clusters import DEFAULT_POLICY, StoragePolicy
from mcos.model.names import check_policy_name, is_policy_name
from mcos.placement.seating import unmet


def list_policies() -> list[StoragePolicy]:
    """Every storage policy by name, the default one among them."""
    policies = current_registry(fresh=True).policies
    return [policies[name] for name in sorted(policies)]


def set_policy(policy: StoragePolicy) -> bool:
    """Write a policy in place of the one of its name, for versions that are placed from now on.

    Returns
    -------
    Whether there was none of that name.

    Raises
    ------
    InvalidName, InvalidBody
    PolicyUnmet
        The linked clusters could not meet it.
    """
    check_policy_name(policy.name)
    check_policy(policy)
    found = current_registry(fresh=True)
    if reason := unmet(policy, found.clusters.values()):
        raise PolicyUnmet(reason)
    registry.write_policy(policy)
    return policy.name not in found.policies


def delete_policy(name: str) -> None:
    """Delete a policy that no container names; the default one becomes the built-in one again.

    Raises
    ------
    PolicyNotFound
        No operator has set it.
    PolicyInUse
    PolicyUnmet
        It is the default one, and the linked clusters could not meet the built-in one.
    """
    if not is_policy_name(name) or registry.read(POLICY, name) is None:
        raise PolicyNotFound(f"No operator has set a storage policy {name!r}.")
    if name == DEFAULT_POLICY.name:
        reason = unmet(DEFAULT_POLICY, current_registry(fresh=True).clusters.values())
        if reason:
            raise PolicyUnmet(reason)
    elif containers.some_container_has_policy(name):
        raise PolicyInUse(f"There are containers with the storage policy {name!r}.")
    registry.remove(POLICY, name)
