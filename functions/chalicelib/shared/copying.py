"""The request of a copy: its source, and what is to be different of its description."""

from collections.abc import Mapping
from typing import Any

from chalicelib.shared.conditions import read_conditions
from chalicelib.shared.description import CHANGES, change_of
from chalicelib.shared.endpoint import Handler
from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import fields, record, text
from chalicelib.shared.object_reply import reply_to_description, reply_to_write
from chalicelib.shared.preferences import read_prefer
from chalicelib.shared.storage_policy import read_storage_policy
from mcos.calls.copy_object import CopySource, copy_object
from mcos.model.objects import ObjectKey
from mcos.model.uploads import Action


def _source(value: Any, name: str) -> dict[str, str]:
    given: dict[str, str] = record(
        value, name, {"container": text, "object": text}, {"version": text, "if_match": text}
    )
    return given


def or_copy(usual: Handler, copied: Handler) -> Handler:
    """Make a handler for the calls of objects, and for those that copy to them."""

    def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        is_copy = "/copy/" in event.get("routeKey", "")  # which has no names of users
        return (copied if is_copy else usual)(event, context)

    return handle


def answer_copy(request: Request, action: Action) -> Response:
    """Copy an object to the one that the path names, and answer as its create or update does.

    Raises
    ------
    InvalidBody, and what ``copy_object`` raises.
    """
    key = request.object_key()
    given = fields(request, required={"source": _source}, optional=CHANGES)
    source = given["source"]
    copied = copy_object(
        key,
        CopySource(
            ObjectKey(key.account, source["container"], source["object"]),
            source.get("version"),
            source.get("if_match"),
        ),
        change_of(given),
        read_prefer(request),
        read_conditions(request),
        action=action,
        storage_policy=read_storage_policy(request),
    )
    if copied.in_place:
        return reply_to_description(copied.record)
    return reply_to_write(copied.record, copied.prefer, done=201 if copied.is_new else 200)
