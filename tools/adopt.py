"""Take into Terraform's state what is there and is not in it.

A deployment that was killed has made things of which its state does not know; the next one would
fail as they exist, or make them twice. Nothing is deleted for that, as it may hold data: what
Terraform plans to create and is there already is imported, by the name that it is planned with.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from localstack_client.session import Session

from tools.releases import LIVE
from tools.terraform import CONFIGURATION, ROOT

IMPORTS = "adopted.tf"
_UNIQUE = 26  # characters that Terraform adds to a name's prefix
EXISTS = (
    *("AlreadyExists", "already exists", "ResourceExists", "ResourceInUse"),
    *("ResourceConflict", "ConflictException", "ConditionalCheckFailed"),
)
"""One of these is in what Terraform says when it cannot create a thing because it is there."""

Values = Mapping[str, Any]
"""What a resource is planned with; what is not known yet is not in it."""


@dataclass(frozen=True)
class Creation:
    """A resource that Terraform plans to create."""

    address: str
    type: str
    values: Values


def creations(plan: Mapping[str, Any]) -> list[Creation]:
    """What is created by a plan, as ``terraform show -json`` tells it."""
    return [
        Creation(one["address"], one["type"], one["change"]["after"])
        for one in plan.get("resource_changes", ())
        if one["change"]["actions"] == ["create"] and "importing" not in one["change"]
    ]


class Adopter:
    """Finds what exists of that which is to be created.

    Parameters
    ----------
    session
        Of the emulator.
    """

    def __init__(self, session: Session) -> None:
        self._client = cache(session.client)
        # What exists of a type: what a planned resource is known by, and what import calls it.
        self._existing: dict[str, tuple[Callable[[Values], Any], Callable[..., dict[Any, str]]]] = {
            "aws_apigatewayv2_api": (by("name"), self._apis),
            "aws_apigatewayv2_authorizer": (by("api_id", "name"), self._authorizers),
            "aws_apigatewayv2_integration": (by("api_id", "integration_uri"), self._integrations),
            "aws_apigatewayv2_route": (by("api_id", "route_key"), self._routes),
            "aws_apigatewayv2_stage": (by("api_id", "name"), self._stages),
            "aws_cloudwatch_event_bus": (by("name"), self._buses),
            "aws_cloudwatch_log_group": (by("name"), self._log_groups),
            "aws_dynamodb_table": (by("name"), self._tables),
            "aws_iam_role": (by("name"), self._roles),
            "aws_lambda_event_source_mapping": (
                by("event_source_arn", "function_name"),
                self._mappings,
            ),
            "aws_lambda_alias": (by("function_name", "name"), self._aliases),
            "aws_lambda_function": (by("function_name"), self._functions),
            "aws_lambda_permission": (_permission, self._permissions),
            "aws_s3_bucket": (by("bucket"), self._buckets),
            "aws_scheduler_schedule": (by("name"), self._schedules),
            "aws_secretsmanager_secret": (by("name_prefix"), self._secrets),
            "aws_sfn_state_machine": (by("name"), self._state_machines),
            "aws_sqs_queue": (by("name"), self._queues),
        }

    def has_apis(self) -> bool:
        """Whether there is an API, of whatever name."""
        return bool(self._apis())

    def imports(self, planned: Iterable[Creation]) -> dict[str, str]:
        """What import calls those that are there, by address."""
        found = {}
        listed: dict[tuple[str, Any], dict[Any, str]] = {}
        for one in planned:
            if one.type not in self._existing:
                continue  # to create it again changes nothing
            key_of, existing = self._existing[one.type]
            key = key_of(one.values)
            if key is None:
                continue
            within = key[0] if isinstance(key, tuple) else None
            if (one.type, within) not in listed:
                listed[one.type, within] = existing(within) if within else existing()
            if key in (known := listed[one.type, within]):
                found[one.address] = known[key]
        return found

    def remove_items(self, planned: Iterable[Creation]) -> None:
        """Remove items of tables that are to be created again: they cannot be imported."""
        for one in planned:
            if one.type == "aws_dynamodb_table_item" and "item" in one.values:
                item = json.loads(one.values["item"])
                keys = (one.values["hash_key"], one.values["range_key"])
                self._client("dynamodb").delete_item(
                    TableName=one.values["table_name"], Key={name: item[name] for name in keys}
                )

    # --- what there is -------------------------------------------------------------------

    def _pages(self, service: str, call: str, key: str, **arguments: Any) -> Iterator[Any]:
        pages = self._client(service).get_paginator(call).paginate(**arguments)
        return (one for page in pages for one in page.get(key, ()))

    def _apis(self) -> dict[Any, str]:
        return {
            one["Name"]: one["ApiId"] for one in self._pages("apigatewayv2", "get_apis", "Items")
        }

    def _of_api(self, api: str, call: str, field: str, identifier: str) -> dict[Any, str]:
        found = self._pages("apigatewayv2", call, "Items", ApiId=api)
        return {(api, one[field]): f"{api}/{one[identifier]}" for one in found}

    def _authorizers(self, api: str) -> dict[Any, str]:
        return self._of_api(api, "get_authorizers", "Name", "AuthorizerId")

    def _integrations(self, api: str) -> dict[Any, str]:
        return self._of_api(api, "get_integrations", "IntegrationUri", "IntegrationId")

    def _routes(self, api: str) -> dict[Any, str]:
        return self._of_api(api, "get_routes", "RouteKey", "RouteId")

    def _stages(self, api: str) -> dict[Any, str]:
        return self._of_api(api, "get_stages", "StageName", "StageName")

    def _buses(self) -> dict[Any, str]:
        buses = self._client("events").list_event_buses()["EventBuses"]
        return {one["Name"]: one["Name"] for one in buses}

    def _log_groups(self) -> dict[Any, str]:
        found = self._pages("logs", "describe_log_groups", "logGroups")
        return {one["logGroupName"]: one["logGroupName"] for one in found}

    def _tables(self) -> dict[Any, str]:
        return {name: name for name in self._pages("dynamodb", "list_tables", "TableNames")}

    def _roles(self) -> dict[Any, str]:
        found = self._pages("iam", "list_roles", "Roles")
        return {one["RoleName"]: one["RoleName"] for one in found}

    def _mappings(self, source: str) -> dict[Any, str]:
        found = self._pages(
            "lambda", "list_event_source_mappings", "EventSourceMappings", EventSourceArn=source
        )
        return {(source, one["FunctionArn"]): one["UUID"] for one in found}

    def _functions(self) -> dict[Any, str]:
        found = self._pages("lambda", "list_functions", "Functions")
        return {one["FunctionName"]: one["FunctionName"] for one in found}

    def _aliases(self, function: str) -> dict[Any, str]:
        try:
            found = self._pages("lambda", "list_aliases", "Aliases", FunctionName=function)
            return {(function, one["Name"]): f"{function}/{one['Name']}" for one in found}
        except self._client("lambda").exceptions.ResourceNotFoundException:
            return {}

    def _permissions(self, function: str) -> dict[Any, str]:
        found = {}
        for qualifier in ("", LIVE):
            named = {"FunctionName": function} | ({"Qualifier": qualifier} if qualifier else {})
            functions = self._client("lambda")
            try:
                policy = functions.get_policy(**named)["Policy"]
            except functions.exceptions.ResourceNotFoundException:
                continue
            whole = f"{function}:{qualifier}" if qualifier else function
            for one in json.loads(policy)["Statement"]:
                found[function, qualifier, one["Sid"]] = f"{whole}/{one['Sid']}"
        return found

    def _buckets(self) -> dict[Any, str]:
        return {one["Name"]: one["Name"] for one in self._client("s3").list_buckets()["Buckets"]}

    def _schedules(self) -> dict[Any, str]:
        found = self._pages("scheduler", "list_schedules", "Schedules")
        return {one["Name"]: f"{one['GroupName']}/{one['Name']}" for one in found}

    def _secrets(self) -> dict[Any, str]:
        found = self._pages("secretsmanager", "list_secrets", "SecretList")
        return {one["Name"][:-_UNIQUE]: one["ARN"] for one in found}

    def _state_machines(self) -> dict[Any, str]:
        found = self._pages("stepfunctions", "list_state_machines", "stateMachines")
        return {one["name"]: one["stateMachineArn"] for one in found}

    def _queues(self) -> dict[Any, str]:
        urls = self._pages("sqs", "list_queues", "QueueUrls")
        return {url.rpartition("/")[2]: url for url in urls}


def by(*names: str) -> Callable[[Values], Any]:
    """What a resource is known by: one of its values, or several; None if they are not known."""

    def key(values: Values) -> Any:
        found = tuple(values.get(name) for name in names)
        if None in found:
            return None
        return found if len(found) > 1 else found[0]

    return key


def _permission(values: Values) -> Any:
    """What a permission is known by: its function, an alias of that if it is of one, its name."""
    if "function_name" not in values:
        return None
    return values["function_name"], values.get("qualifier") or "", values["statement_id"]


def configuration_with(imports: Mapping[str, str], folder: Path) -> Path:
    """Make a copy of the configuration, in ``folder``, that imports; returns its root module."""
    shutil.rmtree(folder, ignore_errors=True)
    root = folder / CONFIGURATION.relative_to(ROOT)
    unwanted = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfvars", "*_override.tf")
    shutil.copytree(CONFIGURATION, root, ignore=unwanted)
    shutil.copy(ROOT / "openapi.yaml", folder)
    shutil.copytree(ROOT / "statemachines", folder / "statemachines")
    blocks = [
        f"import {{\n  to = {address}\n  id = {json.dumps(identifier)}\n}}\n"
        for address, identifier in imports.items()
    ]
    (root / IMPORTS).write_text("\n".join(blocks))
    return root
