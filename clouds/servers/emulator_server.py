"""The AWS emulator: MiniStack, whose entry points are called in turns, within AWS's rules.

    python emulator_server.py

Its settings are in the environment. It runs on the interpreter of MiniStack's own environment, and
imports nothing of ours but what is beside it.
"""

# mypy: disable-error-code="import-not-found,import-untyped"

import asyncio
import os
import resource

from http_api import LikeHttpApi
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app
from rules import InRules
from turns import InTurns

_KEEP_ALIVE_SECONDS = 75


def main() -> None:
    """Serve until told to end; the state is saved then."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a burst has many connections
    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    asyncio.run(serve(LikeHttpApi(InTurns(InRules(app))), config))


if __name__ == "__main__":
    main()
