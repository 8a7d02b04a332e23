"""mcos admin and what is below it."""

import typer

from mcos_client.command.admin.account import app as account
from mcos_client.command.admin.cluster import app as cluster
from mcos_client.command.admin.deleted import purge, undelete
from mcos_client.command.admin.job import app as job
from mcos_client.command.admin.policy import app as policy
from mcos_client.command.admin.removals import app as removals
from mcos_client.command.admin.replicas import repair, verify
from mcos_client.command.admin.scrub import app as scrub
from mcos_client.command.admin.status import status

app = typer.Typer(name="admin", help="What operators do.", no_args_is_help=True)
for kind in (cluster, policy, account, job, scrub, removals):
    app.add_typer(kind)
for command in (status, verify, repair, undelete, purge):
    app.command()(command)
