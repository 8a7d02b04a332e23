"""The command ``mcos``: ``python -m mcos_client``."""

from mcos_client.command.main import main

main()
