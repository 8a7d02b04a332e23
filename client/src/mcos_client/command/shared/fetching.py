"""Downloading an object into its file."""

from mcos_client import Client, Downloaded
from mcos_client.command.names.trees import Copy
from mcos_client.command.shared.progress import Bar
from mcos_client.transfer.upload import PARALLEL

RESUMES = "the same command goes on where it was, by FILE.mcos-part."


def fetch(client: Client, one: Copy, bar: Bar, *, parallel: int = PARALLEL) -> Downloaded:
    """Download an object into its file."""
    return client.download_to(
        one.where.container,
        one.where.name,
        one.file,
        parallel=parallel,
        on_progress=bar.on_progress,
    )
