"""Clusters in the registry, for tests that have no functions."""

from mcos.catalog import registry
from tests.support.builders import CLUSTERS


def link() -> None:
    """Link all clusters."""
    for name in CLUSTERS:
        row = {
            "entry_point": "https://x.test",
            "backend": name,
            "provider": name,
            "location": "here",
            "labels": {},
            "weight": 1,
            **dict.fromkeys(("put_replica", "put_parts", "get_replica"), "arn"),
            "repair_queue_url": "https://q.test",
            "staging_bucket": "b",
        }
        registry.write(registry.CLUSTER, name, row)
