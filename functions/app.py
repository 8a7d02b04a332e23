"""The functions of a cluster, declared for Chalice: one for each name below.

A function's handler is ``handle`` in the module of its name, ``chalicelib.api.<name>`` or
``chalicelib.workers.<name>``. All functions share this module, so it does not import theirs. On
Lambda it imports the module of the function that this process serves, while the function is
initialised and the processor runs at full speed.
"""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from chalice import Chalice

API = (
    "authorizer",
    "login",
    "list_container",
    "create_container",
    "delete_container",
    "list_object",
    "create_object",
    "update_object",
    "stat_object",
    "locate_object",
    "download_object",
    "delete_object",
    "uploads",
    "deleted",
    "shares",
    "download_shared",
    "admin_clusters",
    "admin_policies",
    "admin_accounts",
    "admin_jobs",
    "admin_scrub",
    "admin_objects",
    "admin_deleted",
    "health",
    "admin_status",
    "no_route",
)
"""Functions that API Gateway invokes."""

WORKERS = (
    "put_replica",
    "put_parts",
    "get_replica",
    "digest_content",
    "commit_version",
    "replicate_version",
    "ingest_upload",
    "repair_replica",
    "sweep_pending",
    "check_health",
    "run_jobs",
    "scrub_backend",
    "publish_changes",
    "write_journal",
    "write_snapshot",
    "watch_cluster",
)
"""Functions that the state machine, other clusters, queues, streams and schedules invoke."""

MODULES = {
    **{name: f"chalicelib.api.{name}" for name in API},
    **{name: f"chalicelib.workers.{name}" for name in WORKERS},
}

# Chalice's logger has the same name as ours: its handler would print every line again.
app = Chalice(app_name="mcos", configure_logs=False)


def _handler(name: str) -> Callable[[Any, Any], Any]:
    def handle(event: Any, context: Any) -> Any:
        return import_module(MODULES[name]).handle(event, context)

    handle.__name__ = name
    return handle


# Lambda and Chalice find a function as ``app.<name>``.
for _name in MODULES:
    globals()[_name] = app.lambda_function(name=_name)(_handler(_name))

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ and os.environ.get("_HANDLER", "").startswith("app."):
    import_module(MODULES[os.environ["_HANDLER"].removeprefix("app.")])
