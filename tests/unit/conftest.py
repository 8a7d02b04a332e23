"""The environment of a function, before anything of ``mcos`` is imported."""

from collections.abc import Iterator

import pytest

from tests.inprocess import environment


@pytest.fixture(autouse=True)
def function_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A function of the cluster ``s3``."""
    from mcos.settings import settings

    for name, value in environment.cluster_environment("s3").items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()
