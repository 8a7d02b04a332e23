"""One account's containers and objects, in memory: what the API must look like to one user."""

from dataclasses import dataclass, field
from hashlib import md5

from tests.support.stateful.strategies import Content


def etag_of(content: Content) -> str:
    """The ETag of some content."""
    return f'"{md5(content.body, usedforsecurity=False).hexdigest()}"'


@dataclass
class ModelObject:
    """An object.

    Attributes
    ----------
    visible
        Contents that a reader may be shown, in the order in which they can appear. None: not
        readable yet.
    deleting
        Its deletion was taken: it may or may not be gone.
    """

    visible: list[Content | None]
    deleting: bool = False

    @property
    def last(self) -> Content:
        """The content that was accepted last."""
        content = self.visible[-1]
        if content is None:
            raise AssertionError("an object has content on its way at least")
        return content

    def write(self, content: Content, *, done: bool) -> None:
        """A write was done, or was taken."""
        self.visible = [content] if done else [*self.visible, content]

    def could_be(self, etag: str) -> bool:
        """Whether a reader may be shown content of that ETag."""
        return any(one is not None and etag_of(one) == etag for one in self.visible)

    def shown(self, content: Content | None) -> bool:
        """A reader was shown ``content``; returns whether it may have been.

        From then on no reader may be shown what came before it.
        """
        if content not in self.visible:
            return False
        self.visible = self.visible[self.visible.index(content) :]
        return True

    def settle(self) -> None:
        """Nothing is under way any more."""
        self.visible = [self.last]


@dataclass
class ModelAccount:
    """Containers by name, and in each its objects by name."""

    containers: dict[str, dict[str, ModelObject]] = field(default_factory=dict)

    def find(self, container: str, name: str) -> ModelObject | None:
        """An object that is there or is being deleted."""
        return self.containers.get(container, {}).get(name)

    def create(self, container: str, name: str, content: Content, *, done: bool) -> None:
        visible = [content] if done else [None, content]
        self.containers[container][name] = ModelObject(list(visible))

    def delete(self, container: str, name: str, *, done: bool) -> None:
        if done:
            del self.containers[container][name]
        else:
            self.containers[container][name].deleting = True

    def settle(self) -> None:
        """Nothing is under way any more."""
        for objects in self.containers.values():
            for name in [name for name, one in objects.items() if one.deleting]:
                del objects[name]
            for one in objects.values():
                one.settle()
