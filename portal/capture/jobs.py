"""What is done with files in the watched folder."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from portal.capture import feeds
from portal.capture.events import FeedFailed, FeedTaken
from portal.capture.feeds import Feed
from portal.capture.operations import take_rows
from portal.core import circumstances, clock, logs
from portal.core.config import Settings
from portal.core.db import unit_of_work
from portal.core.errors import DomainError, Invalid
from portal.core.events import record
from portal.core.jobs import Payload, long_job
from portal.imports import files
from portal.imports import jobs as imports
from portal.imports.commands import open_list
from portal.imports.constants import constant_problems
from portal.imports.mappings import propose
from portal.imports.reading import open_table
from portal.leads import own_fields
from portal.leads.intake.mapping import Mapping, check_mapping, own_targets

log = logs.get(__name__)

TOGETHER = 200


@long_job("capture.take_feeds")
def take_feeds(_payload: Payload, at: datetime) -> None:
    """Take every file that other systems have dropped, each once."""
    settings: Settings = current_app.config["SETTINGS"]
    folder = feeds.home(settings.var_dir)
    with feeds.alone(folder) as mine, circumstances.under(channel="api"):
        if not mine:
            return
        for feed in feeds.take_up(folder, at):
            take_feed(feed, at)
        feeds.forget(folder, at)


def take_feed(feed: Feed, at: datetime) -> None:
    """Take one file and say what became of it."""
    try:
        counts = take_lines(feed, at) if feed.is_lines else take_list(feed, at)
    except (DomainError, OSError, ValueError) as trouble:
        log.warning("feed not taken", system=feed.system, error=type(trouble).__name__)
        feeds.settle(feed, good=False)
        with unit_of_work():
            record(FeedFailed(at=at, system=feed.system))
        return
    with unit_of_work():
        record(
            FeedTaken(
                at=at,
                system=feed.system,
                created=counts["created"],
                unchanged=counts["unchanged"],
                refused=counts["refused"],
            )
        )


def take_lines(feed: Feed, at: datetime) -> dict[str, int]:
    """Take a file of JSON lines, some hundred rows in a transaction."""
    counts = {"created": 0, "unchanged": 0, "refused": 0}
    results = feed.path.with_name(f".results-{feed.path.name}")
    with results.open("w", encoding="ascii") as file:
        rows, place = feeds.read_lines(feed.path), 0
        while batch := list(islice(rows, TOGETHER)):
            with unit_of_work():
                told = [one.as_dict() for one in take_rows(batch, feed.system, at)]
            for one in told:
                counts[one["status"]] += 1
            feeds.write_results(file, list(told), place)
            place += len(batch)
    feeds.settle(feed, good=True, results=results)
    return counts


def take_list(feed: Feed, at: datetime) -> dict[str, int]:
    """Take a list as an import of its own, its columns meant as in the last one of that kind."""
    with open_list(feed.path, "") as opened:
        table = open_table(opened)
        with unit_of_work():
            mapping = mapping_of(table.headers, feed.system)
            import_id = files.add_import(feed.name, "", table.shape, mapping, at, None).id
        try:
            counts = imports.work_through(import_id, opened, clock.now())
        except BaseException as error:
            words = error.message if isinstance(error, DomainError) else ""
            imports.stop(import_id, words or str(_("The file could not be read to its end.")))
            raise
    feeds.settle(feed, good=True)
    return {
        "created": counts.imported,
        "unchanged": counts.unchanged,
        "refused": counts.refused,
    }


def mapping_of(headers: Any, system: str) -> Mapping:
    """Return what the columns of a list mean. Raises `Invalid` where they don't say."""
    found = propose(headers).mapping
    mapping = Mapping(system, found.columns, found.constants)
    problems = check_mapping(mapping, headers, own_targets(own_fields.in_use()))
    problems = problems or constant_problems(mapping)
    if problems:
        raise Invalid({name: str(words) for name, words in problems.items()})
    return mapping
