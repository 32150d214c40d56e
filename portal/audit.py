"""`portal audit`: prove that no event was changed, removed or put in afterwards."""

from __future__ import annotations

import json
import sys

import click
from flask.cli import with_appcontext

from portal.core import chain

SHOWN = 20


class HeadType(click.ParamType[chain.Head]):
    """A head as `portal audit verify` prints it: the place, a colon, the hash."""

    name = "PLACE:HASH"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> chain.Head:
        place, _colon, said = value.partition(":")
        try:
            found = chain.Head(int(place), bytes.fromhex(said))
        except ValueError:
            found = chain.Head()
        if len(found.hash) != len(chain.BEGINNING) or found.place < 1:
            self.fail("A head is a number, a colon and 64 hexadecimal digits.", param, ctx)
        return found


@click.group()
def audit() -> None:
    """What was done, by whom, and that nobody changed the record of it."""


@audit.command()
@click.option("--head", "noted", type=HeadType(), help="A head from earlier that must still stand.")
@click.option("--json", "as_json", is_flag=True, help="Say it in JSON.")
@with_appcontext
def verify(noted: chain.Head | None, as_json: bool) -> None:
    """Go through the chain of all events; exit with 1 where it is broken."""
    verdict = chain.verify(noted)
    if as_json:
        said = {
            "whole": verdict.whole,
            "links": verdict.links,
            "waiting": verdict.waiting,
            "erased": verdict.erased,
            "head": str(verdict.head),
            "faults": [
                {"place": fault.place, "event": fault.event_id, "what": fault.what}
                for fault in verdict.faults
            ],
        }
        click.echo(json.dumps(said))
    else:
        print_verdict(verdict)
    sys.exit(0 if verdict.whole else 1)


def print_verdict(verdict: chain.Verdict) -> None:
    """Print what was found, the first faults one by one."""
    click.echo(f"{verdict.links:,} events in the chain, {verdict.waiting:,} wait for their place.")
    if verdict.erased:
        click.echo(f"The personal words of {verdict.erased:,} were erased.")
    for fault in verdict.faults[:SHOWN]:
        place = f"place {fault.place:,}" if fault.place else "no place"
        event = f", event {fault.event_id}" if fault.event_id else ""
        click.echo(f"BROKEN  {place}{event}: {fault.what}")
    if len(verdict.faults) > SHOWN:
        click.echo(f"… and {len(verdict.faults) - SHOWN:,} more")
    click.echo("The chain is whole." if verdict.whole else "The chain is broken.")
    if verdict.links:
        click.echo(f"Its head, to be kept elsewhere: {verdict.head}")
