"""Configuration files of the storage services, as ``string.Template`` texts."""

from importlib.resources import files
from string import Template


def render(name: str, **values: object) -> str:
    """The template ``name`` (``"swift/proxy.conf"``) with each ``${value}`` filled in.

    A value that is missing raises KeyError; ``$$`` stands for one dollar sign.
    """
    text = files(__name__).joinpath(name).read_text()
    return Template(text).substitute({key: str(value) for key, value in values.items()})
