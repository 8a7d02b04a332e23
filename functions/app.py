"""The functions of a cluster, declared for Chalice.

All functions share this module, so it imports nothing of theirs: a function imports what it needs
itself. On Lambda that happens here at once, while the function is initialised and the processor
is at full speed, for the one function that this process serves.
"""

import os
from importlib import import_module
from typing import Any

from chalice import Chalice

app = Chalice(app_name="mcos")


def _handle(function: str, event: Any, context: Any) -> Any:
    return import_module(f"chalicelib.{function}").handle(event, context)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ and os.environ.get("_HANDLER", "").startswith("app."):
    import_module(f"chalicelib.{os.environ['_HANDLER'].removeprefix('app.')}")


# The API


@app.lambda_function(name="authorizer")
def authorizer(event: Any, context: Any) -> Any:
    return _handle("authorizer", event, context)


@app.lambda_function(name="login")
def login(event: Any, context: Any) -> Any:
    return _handle("login", event, context)


@app.lambda_function(name="list_container")
def list_container(event: Any, context: Any) -> Any:
    return _handle("list_container", event, context)


@app.lambda_function(name="create_container")
def create_container(event: Any, context: Any) -> Any:
    return _handle("create_container", event, context)


@app.lambda_function(name="delete_container")
def delete_container(event: Any, context: Any) -> Any:
    return _handle("delete_container", event, context)


@app.lambda_function(name="list_object")
def list_object(event: Any, context: Any) -> Any:
    return _handle("list_object", event, context)


@app.lambda_function(name="create_object")
def create_object(event: Any, context: Any) -> Any:
    return _handle("create_object", event, context)


@app.lambda_function(name="update_object")
def update_object(event: Any, context: Any) -> Any:
    return _handle("update_object", event, context)


@app.lambda_function(name="stat_object")
def stat_object(event: Any, context: Any) -> Any:
    return _handle("stat_object", event, context)


@app.lambda_function(name="locate_object")
def locate_object(event: Any, context: Any) -> Any:
    return _handle("locate_object", event, context)


@app.lambda_function(name="download_object")
def download_object(event: Any, context: Any) -> Any:
    return _handle("download_object", event, context)


@app.lambda_function(name="delete_object")
def delete_object(event: Any, context: Any) -> Any:
    return _handle("delete_object", event, context)


@app.lambda_function(name="uploads")
def uploads(event: Any, context: Any) -> Any:
    return _handle("uploads", event, context)


@app.lambda_function(name="admin_clusters")
def admin_clusters(event: Any, context: Any) -> Any:
    return _handle("admin_clusters", event, context)


@app.lambda_function(name="admin_policies")
def admin_policies(event: Any, context: Any) -> Any:
    return _handle("admin_policies", event, context)


@app.lambda_function(name="admin_accounts")
def admin_accounts(event: Any, context: Any) -> Any:
    return _handle("admin_accounts", event, context)


@app.lambda_function(name="admin_jobs")
def admin_jobs(event: Any, context: Any) -> Any:
    return _handle("admin_jobs", event, context)


@app.lambda_function(name="no_route")
def no_route(event: Any, context: Any) -> Any:
    return _handle("no_route", event, context)


# The workers


@app.lambda_function(name="put_replica")
def put_replica(event: Any, context: Any) -> Any:
    return _handle("put_replica", event, context)


@app.lambda_function(name="put_parts")
def put_parts(event: Any, context: Any) -> Any:
    return _handle("put_parts", event, context)


@app.lambda_function(name="get_replica")
def get_replica(event: Any, context: Any) -> Any:
    return _handle("get_replica", event, context)


@app.lambda_function(name="digest_content")
def digest_content(event: Any, context: Any) -> Any:
    return _handle("digest_content", event, context)


@app.lambda_function(name="commit_version")
def commit_version(event: Any, context: Any) -> Any:
    return _handle("commit_version", event, context)


@app.lambda_function(name="ingest_upload")
def ingest_upload(event: Any, context: Any) -> Any:
    return _handle("ingest_upload", event, context)


@app.lambda_function(name="repair_replica")
def repair_replica(event: Any, context: Any) -> Any:
    return _handle("repair_replica", event, context)


@app.lambda_function(name="sweep_pending")
def sweep_pending(event: Any, context: Any) -> Any:
    return _handle("sweep_pending", event, context)


@app.lambda_function(name="check_health")
def check_health(event: Any, context: Any) -> Any:
    return _handle("check_health", event, context)


@app.lambda_function(name="run_jobs")
def run_jobs(event: Any, context: Any) -> Any:
    return _handle("run_jobs", event, context)


@app.lambda_function(name="publish_changes")
def publish_changes(event: Any, context: Any) -> Any:
    return _handle("publish_changes", event, context)
