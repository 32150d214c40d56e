"""`portal …`: the commands. Each opens its own unit of work and ends with an exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path

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


@click.group(cls=FlaskGroup, create_app=settled_app, add_version_option=False)
def portal() -> None:
    """Firstcome: leads for channel partners."""


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
