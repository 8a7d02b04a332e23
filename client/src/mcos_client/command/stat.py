"""mcos stat: what an object is, and where its replicas are."""

from typing import Annotated

import typer

from mcos_client import ObjectPlacement, ObjectStat, Replica
from mcos_client.command.names.locations import object_location
from mcos_client.command.shared import completing
from mcos_client.command.shared.output import as_json, print_json, size_of, table, time_of
from mcos_client.command.shared.session import Json, Session, session_of


def stat(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="CONTAINER/OBJECT", help="What to look at.", autocompletion=completing.remote
        ),
    ],
    placement: Annotated[
        bool,
        typer.Option("--placement", help="Tell what every cluster is for its next version, too."),
    ] = False,
    json: Json = False,
) -> None:
    """Show an object with every replica of it."""
    session = session_of(context)
    where = object_location(source)
    with session.client() as client:
        found = client.stat_object(where.container, where.name)
        located = client.locate_object(where.container, where.name) if placement else None
    if session.json:
        value = as_json(found)
        if located is not None:
            value["placement"] = as_json(located.placement)
        print_json(session, value)
        return
    _print_facts(session, found)
    _print_replicas(session, found.replicas)
    for pending in found.pending:
        session.console.print()
        session.console.print(f"pending version {pending.version}, {size_of(pending.size)}")
        _print_replicas(session, pending.replicas)
    if located is not None:
        _print_placement(session, located)


def _print_facts(session: Session, found: ObjectStat) -> None:
    facts = {
        "object": f"{found.container}/{found.name}",
        "state": found.state if found.reason is None else f"{found.state}: {found.reason}",
        "size": f"{size_of(found.size)} ({found.size:,} bytes)",
        "type": found.content_type,
        "etag": found.etag,
        "sha-256": found.sha256,
        "version": found.version,
        "policy": found.storage_policy,
        "created": time_of(found.created_at),
        "modified": time_of(found.last_modified),
        **({"retained": f"until {time_of(held)}"} if (held := found.retained_until) else {}),
        **{key.lower(): value for key, value in found.headers.items()},
        **{f"meta {key}": value for key, value in found.metadata.items()},
    }
    table(session, None, facts.items())


def _print_replicas(session: Session, replicas: tuple[Replica, ...]) -> None:
    rows = ((one.cluster, one.backend, one.state, one.size, one.sha256) for one in replicas)
    session.console.print()
    table(session, ("cluster", "backend", "state", "bytes", "sha-256"), rows)


def _print_placement(session: Session, located: ObjectPlacement) -> None:
    session.console.print()
    session.console.print(f"the next version, by storage policy {located.storage_policy.name}:")
    rows = (
        (one.cluster, one.role, one.part, one.state, one.provider, one.location, one.reason)
        for one in located.placement
    )
    table(session, ("cluster", "role", "part", "state", "provider", "location", "why"), rows)
