"""Storage policies: named rules of placement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class PolicyPart:
    """Some replicas of a storage policy, and the labels that their clusters must or should have."""

    replicas: int
    must: Mapping[str, str]
    should: Mapping[str, str]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["replicas"], dict(value["must"]), dict(value["should"]))

    def as_json(self) -> dict[str, Any]:
        """Give the part as the API takes it."""
        return {"replicas": self.replicas, "must": dict(self.must), "should": dict(self.should)}


@dataclass(frozen=True)
class StoragePolicy:
    """A named rule of placement; so many stored replicas make a version ``readable``."""

    name: str
    parts: tuple[PolicyPart, ...]
    readable: int

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        parts = tuple(PolicyPart.from_json(part) for part in value["parts"])
        return cls(value["name"], parts, value["readable"])
