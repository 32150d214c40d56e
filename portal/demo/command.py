"""The command `portal demo`."""

from __future__ import annotations

import gc

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from portal.accounts.models import Programme, User
from portal.core import circumstances, clock
from portal.core.db import session, unit_of_work
from portal.demo import story
from portal.leads.models import Lead

LOCK = 20_261


@click.command()
@click.option("--seed", default=1, show_default=True, help="Another seed, another year.")
@click.option(
    "--size",
    type=click.IntRange(1),
    default=story.FULL,
    show_default=True,
    help="How many leads; a small one has a few of everything.",
)
@click.option("--first-start", is_flag=True, help="Do nothing where somebody's data stand.")
@with_appcontext
def demo(seed: int, size: int, first_start: bool) -> None:
    """Build the demo programme in an empty database."""
    with unit_of_work(), circumstances.under(channel="command"):
        # two starts at once must not build it twice
        session().execute(select(func.pg_advisory_xact_lock(LOCK)))
        programme = session().get(Programme, 1)
        if programme is not None and programme.state == "demo":
            if not first_start:
                click.echo("The demo stands already.")
            return
        if session().scalar(select(User.id).limit(1)) or session().scalar(select(Lead.id).limit(1)):
            if first_start:
                return
            raise click.ClickException(
                "There are people or leads in this database. The demo needs an empty one."
            )
        # a year leaves hardly any rubbish: looking for it all the time costs a fifth of the time
        gc.disable()
        try:
            story.build(clock.now(), seed, size, say=click.echo)
        finally:
            gc.enable()
