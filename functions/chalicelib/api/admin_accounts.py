"""admin_accounts: the calls under /v1/admin/accounts"""

from typing import Any

from chalicelib.shared.http import Request, Response
from chalicelib.shared.json_body import fields, flag, number, one_of, or_null, record, text, whole
from chalicelib.shared.operators import dispatch, operation
from mcos.admin import accounts
from mcos.model.accounts import Account, Role

_ROLE = one_of(Role, *Role)

_LIMITS = {
    "bytes": or_null(whole),
    "objects": or_null(whole),
    "uploads": or_null(whole),
    "writes_per_second": or_null(number),
}


@operation("list_accounts")
def list_accounts(request: Request) -> Response:
    page = accounts.list_accounts(marker=request.query("marker"), limit=request.limit())
    body = {
        "accounts": [_describe(account) for account in page.accounts],
        "next_marker": page.more_after,
    }
    return Response.json(200, body)


@operation("create_account")
def create_account(request: Request) -> Response:
    asked = fields(request, {"password": text}, {"role": _ROLE, "quota": _quota})
    account = accounts.create_account(
        request.name("account"), asked["password"], asked.get("role", Role.USER), asked.get("quota")
    )
    return Response.json(201, _describe(account))


@operation("change_account")
def change_account(request: Request) -> Response:
    asked = fields(
        request,
        optional={"password": text, "role": _ROLE, "enabled": flag, "quota": _quota},
    )
    return Response.json(200, _describe(accounts.change_account(request.name("account"), **asked)))


handle = dispatch(
    {
        ("GET", None): list_accounts,
        ("PUT", "account"): create_account,
        ("PATCH", "account"): change_account,
    }
)


def _describe(account: Account) -> dict[str, Any]:
    return {
        "user_name": account.user_name,
        "role": account.role.value,
        "enabled": account.is_enabled,
        "created_at": account.created_at,
        "quota": dict(account.quota),
    }


def _quota(value: Any, name: str) -> dict[str, float | None]:
    return record(value, name, {}, _LIMITS)
