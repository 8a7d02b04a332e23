"""update_object: PUT, PATCH /v1/containers/{container}/objects/{object+}, PUT .../copy/{object+}"""

from chalicelib.shared.conditions import read_conditions
from chalicelib.shared.content import read_content
from chalicelib.shared.copying import answer_copy, or_copy
from chalicelib.shared.description import CHANGES, change_of
from chalicelib.shared.endpoint import endpoint
from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import fields
from chalicelib.shared.object_reply import reply_to_description, reply_to_write
from chalicelib.shared.operators import by_method
from chalicelib.shared.preferences import read_prefer
from chalicelib.shared.storage_policy import read_storage_policy
from mcos.calls.update_metadata import update_metadata
from mcos.calls.update_object import update_object
from mcos.errors import InvalidQuery
from mcos.model.uploads import Action


@endpoint("update_object")
def _update(request: Request) -> Response:
    key = request.object_key()
    preference = read_prefer(request)
    updated = update_object(
        key,
        read_content(request),
        preference,
        read_conditions(request),
        storage_policy=read_storage_policy(request),
        create=_is_creating(request),
    )
    return reply_to_write(updated.record, preference, done=201 if updated.is_new else 200)


@endpoint("update_metadata")
def _update_metadata(request: Request) -> Response:
    key = request.object_key()
    change = change_of(fields(request, optional=CHANGES))
    return reply_to_description(update_metadata(key, change, read_conditions(request)))


@endpoint("update_by_copy")
def _copy(request: Request) -> Response:
    return answer_copy(request, Action.PUT if _is_creating(request) else Action.UPDATE)


def _is_creating(request: Request) -> bool:
    """Whether the object is to be created if there is none.

    Raises
    ------
    InvalidQuery
    """
    wanted = request.query("if_missing")
    if wanted not in (None, "", "create"):
        raise InvalidQuery("if_missing must be create.")
    return wanted == "create"


handle = or_copy(by_method({"PUT": _update, "PATCH": _update_metadata}), _copy)
