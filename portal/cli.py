"""`portal …`: the commands. Each opens its own unit of work and ends with an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import ClassVar

import click
from flask import Flask
from flask.cli import FlaskGroup

from portal import up as local_run


def settled_app() -> Flask:
    """Make the app; in the folder of a running local run, with that run's settings."""
    from portal.core.config import SettingsMissing
    from portal.factory import create_app

    var = Path(os.environ.get("VAR_DIR", "var")).absolute()
    for name, value in (local_run.settings_of_running(var) or {}).items():
        os.environ.setdefault(name, value)
    try:
        return create_app()
    except SettingsMissing as problem:
        click.echo(str(problem), err=True)
        raise SystemExit(1) from problem


class Commands(FlaskGroup):
    """Flask's own commands and ours; ours are imported when they are called."""

    ours: ClassVar[dict[str, str]] = {
        "audit": "portal.audit:audit",
        "definition": "portal.leads.commands:definition",
        "demo": "portal.demo.command:demo",
        "doctor": "portal.doctor:doctor",
        "fields": "portal.catalog.commands:fields",
        "policies": "portal.matching.commands:policies",
        "import-leads": "portal.imports.commands:import_leads",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.ours, "up"})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name == "up":
            return up
        if name not in self.ours:
            return super().get_command(ctx, name)
        module, _colon, attribute = self.ours[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=Commands, create_app=settled_app, add_version_option=False)
def portal() -> None:
    """Firstcome: leads for channel partners."""


@portal.command("create-admin")
@click.argument("email")
@click.option("--name", default="Administrator", help="The person's name.")
@click.password_option(help="At least eight characters; asked for when left out.")
def create_admin(email: str, name: str, password: str) -> None:
    """Found the programme if it is new, and add an administrator of the vendor."""
    from portal.accounts.operations import add_person
    from portal.core import clock
    from portal.core.db import unit_of_work
    from portal.core.errors import Invalid
    from portal.deadlines.ready_made import FULL
    from portal.founding import find_vendor, found_programme
    from portal.leads.first_contact import FIRST_CONTACT

    at = clock.now()
    try:
        with unit_of_work():
            found_programme(at, cadence=FIRST_CONTACT, deadlines=FULL)
            vendor = find_vendor()
            if vendor is None:
                raise click.ClickException("The programme has no vendor.")
            add_person(vendor, email, name, ["admin", "channel_manager"], at, password=password)
    except Invalid as error:
        raise click.ClickException(" ".join(error.errors.values())) from error
    click.echo(f"{email} can sign in now.")


@portal.command("second-step-off")
@click.argument("email")
def second_step_off(email: str) -> None:
    """Have somebody who lost phone and recovery codes sign in with the password alone."""
    from portal.accounts.queries import find_user_by_email
    from portal.accounts.second_step import remove
    from portal.core import clock
    from portal.core.db import unit_of_work
    from portal.core.errors import Refused

    try:
        with unit_of_work():
            user = find_user_by_email(email)
            if user is None:
                raise click.ClickException(f"Nobody has the address {email}.")
            remove(user, clock.now())
    except Refused as refusal:
        raise click.ClickException(refusal.message) from refusal
    click.echo(f"{email} signs in with the password alone until she sets it up anew.")


@portal.command("api-token")
@click.argument("email")
@click.option("--scope", "scopes", multiple=True, required=True, help="leads:write, signals:write.")
@click.option("--name", default="Command line", help="What the token is for.")
@click.option("--system", default="api", help="The system that numbers of leads are unique in.")
@click.option("--days", type=int, help="After so many days it ends; without, when it is revoked.")
def api_token(
    email: str, scopes: tuple[str, ...], name: str, system: str, days: int | None
) -> None:
    """Make a token for another system, in the name of somebody of the vendor; print it once."""
    from portal.accounts.api_tokens import make_token
    from portal.core import clock
    from portal.core.db import unit_of_work
    from portal.core.errors import Invalid

    try:
        with unit_of_work():
            _token, secret = make_token(email, name, scopes, clock.now(), system=system, days=days)
    except Invalid as error:
        raise click.ClickException(" ".join(error.errors.values())) from error
    click.echo(secret)


@click.command()
def up() -> None:
    """Run everything here: servers, web, worker, scheduler, mail catcher."""
    sys.exit(local_run.up(os.environ))


def main() -> None:
    """Run `up` without an app, every other command with one."""
    if sys.argv[1:2] == ["up"]:
        up(sys.argv[2:])
    else:
        portal()


if __name__ == "__main__":
    main()
