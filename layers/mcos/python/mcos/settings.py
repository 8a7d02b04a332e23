"""The environment of a function, read once into a typed value."""

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Mode = Literal["respond-async", "wait"]


@dataclass(frozen=True)
class Settings:
    """What a function is told by its deployment. No value is a secret; secrets are named here."""

    cluster: str
    staging_bucket: str
    state_machine_arn: str
    large_state_machine_arn: str
    repair_queue_url: str
    token_key_secret: str
    backend: str
    backend_secret: str
    default_prefer: Mode


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Read the environment.

    Raises
    ------
    KeyError
        A variable is missing: the deployment is wrong, and no call should be answered.
    ValueError
        ``MCOS_DEFAULT_PREFER`` is neither ``respond-async`` nor ``wait``.
    """
    prefer = os.environ["MCOS_DEFAULT_PREFER"]
    if prefer not in ("respond-async", "wait"):
        raise ValueError(f"MCOS_DEFAULT_PREFER is {prefer!r}")
    return Settings(
        cluster=os.environ["MCOS_CLUSTER"],
        staging_bucket=os.environ["MCOS_STAGING_BUCKET"],
        state_machine_arn=os.environ["MCOS_STATE_MACHINE_ARN"],
        large_state_machine_arn=os.environ["MCOS_LARGE_STATE_MACHINE_ARN"],
        repair_queue_url=os.environ["MCOS_REPAIR_QUEUE_URL"],
        token_key_secret=os.environ["MCOS_TOKEN_KEY_SECRET"],
        backend=os.environ["MCOS_BACKEND"],
        backend_secret=os.environ["MCOS_BACKEND_SECRET"],
        default_prefer=prefer,  # type: ignore[arg-type]  # narrowed by the check above
    )
