"""The calls of the API as both clients have them, each declared once."""

from typing import Any

from mcos_client.api import (
    account,
    admin,
    containers,
    objects,
    scrubs,
    shares,
    status,
    uploads,
    waiting,
)
from mcos_client.api import health as health_call
from mcos_client.api import login as login_call
from mcos_client.api.method import method, procedure, series
from mcos_client.api.models import Token


def _use(client: Any, token: Token) -> None:
    client.token = token.token


def _renew(client: Any, token: Token) -> None:
    client._token.renewed(token)


def _forget(client: Any, result: None) -> None:
    client.token = None


class UserCalls:
    """The calls of a user that no content of any size goes with."""

    health = method(health_call.health)
    login = method(login_call.login, then=_use)
    refresh_token = method(login_call.refresh_token, then=_renew)
    logout = method(login_call.logout, then=_forget)
    change_password = method(login_call.change_password, then=_use)

    stat_account = method(account.stat_account)

    list_container = method(containers.list_container)
    all_containers = series(containers.all_containers)
    create_container = method(containers.create_container)
    delete_container = method(containers.delete_container)

    list_object = method(objects.list_object)
    all_objects = series(objects.all_objects)
    stat_object = method(objects.stat_object)
    update_metadata = method(objects.update_metadata)
    copy_object = procedure(objects.copy_object)
    locate_object = method(objects.locate_object)
    delete_object = method(objects.delete_object)
    list_deleted = method(objects.list_deleted)
    all_deleted = series(objects.all_deleted)
    undelete_object = method(objects.undelete_object)
    watch_object = series(waiting.watch_object)
    wait_until_settled = procedure(waiting.wait_until_settled)

    share_object = method(shares.share_object)
    list_share = method(shares.list_share)
    all_shares = series(shares.all_shares)
    end_share = method(shares.end_share)

    begin_upload = method(uploads.begin_upload)
    stat_upload = method(uploads.stat_upload)
    list_upload = method(uploads.list_upload)
    all_uploads = series(uploads.all_uploads)
    complete_upload = method(uploads.complete_upload)
    abort_upload = method(uploads.abort_upload)


class OperatorCalls:
    """The calls of accounts with the role ``admin``; others are refused with ``NotPermitted``.

    A call that is refused has changed nothing.
    """

    get_status = method(status.get_status)

    list_clusters = method(admin.list_clusters)
    link_cluster = method(admin.link_cluster)
    change_cluster = method(admin.change_cluster)
    unlink_cluster = method(admin.unlink_cluster)
    drain_cluster = method(admin.drain_cluster)
    lose_cluster = method(admin.lose_cluster)

    list_policies = method(admin.list_policies)
    set_policy = method(admin.set_policy)
    delete_policy = method(admin.delete_policy)

    list_accounts = method(admin.list_accounts)
    all_accounts = series(admin.all_accounts)
    create_account = method(admin.create_account)
    change_account = method(admin.change_account)

    list_jobs = method(admin.list_jobs)
    get_job = method(admin.get_job)
    stop_job = method(admin.stop_job)
    start_job = method(admin.start_job)

    get_scrub = method(scrubs.get_scrub)
    start_scrub = method(scrubs.start_scrub)
    stop_scrub = method(scrubs.stop_scrub)
    verify_object = method(scrubs.verify_object)
    repair_object = method(scrubs.repair_object)
    undelete_for = method(admin.undelete_for)
    purge_object = method(admin.purge_object)
