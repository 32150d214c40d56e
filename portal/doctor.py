"""`portal doctor`: what is configured, reachable, behind or stuck, and what to do about it.

Each check looks at one thing and changes nothing. A finding is `ok`, `warn` (it works, but look at
it) or `bad` (something does not work); any `bad` one makes the exit code 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from portal import health
from portal.core import chain, clock, jobs, mishaps
from portal.core.chain import EventLink
from portal.core.config import Settings, SettingsMissing
from portal.core.db import db, session
from portal.core.events import GIVEN_UP, OPEN, Delivery, EventRow
from portal.core.jobs import JobFailure
from portal.core.mail import health as mail_health
from portal.core.mail import transport
from portal.core.mail.models import OutgoingEmail
from portal.escalation import invariants
from portal.escalation.models import Broken
from portal.inbound import mailboxes
from portal.inbound.mailboxes import Trouble
from portal.inbound.models import InboundMessage
from portal.leads import policies
from portal.offers.models import OfferRound

EXTENSIONS = ("btree_gist", "citext", "cube", "pg_trgm", "unaccent")
LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the doctor found at one place: `state` is ok, warn or bad."""

    name: str
    state: str
    found: str
    advice: str = ""


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def check_settings(_at: datetime) -> Finding:
    """Look for settings that are missing or weak."""
    settings = _settings()
    missing = [
        name.upper()
        for name in ("database_url", "redis_url", "secret_key", "smtp_url", "public_url")
        if not getattr(settings, name)
    ]
    if missing:
        named = ", ".join(missing)
        return Finding("settings", "bad", f"missing: {named}", "Set them in the environment.")
    if settings.local:
        return Finding("settings", "ok", "a local run")
    if len(settings.secret_key) < 32:
        return Finding(
            "settings", "warn", "SECRET_KEY is short", "Take at least 32 random characters."
        )
    if not settings.secure_cookies:
        return Finding(
            "settings", "warn", "PUBLIC_URL is not https", "Serve it over https: cookies need it."
        )
    return Finding("settings", "ok", "complete")


def check_mail_in(at: datetime) -> Finding:
    """See whether mail that came in waits, and say where it is taken."""
    settings = _settings()
    oldest = session().scalar(
        select(func.min(InboundMessage.received_at)).where(InboundMessage.processed_at.is_(None))
    )
    where = f"{settings.lead_address} on 127.0.0.1:{settings.mail_in_port}"
    if oldest is not None and at - oldest > LATE:
        return Finding("mail in", "warn", f"a mail waits for {_span(at - oldest)}", "See workers.")
    return Finding("mail in", "ok", where)


TROUBLE = {
    Trouble.NOT_LET_IN: (
        "refuses our password",
        "Correct user and password in IMAP_URL; see whether IMAP is allowed there.",
    ),
    Trouble.CERTIFICATE: (
        "can't prove who it is",
        "Correct the host in IMAP_URL, renew the certificate, or name who vouches (SSL_CERT_FILE).",
    ),
    Trouble.UNREACHABLE: (
        "can't be reached",
        "Correct host and port in IMAP_URL, or start the mail server.",
    ),
    Trouble.NO_FOLDER: ("lacks its folder", "Correct the folder at the end of IMAP_URL."),
    Trouble.REFUSED: (
        "refuses to be read",
        "See the log of its server: it answers what we ask with an error.",
    ),
}


def check_mailbox(at: datetime) -> Finding:
    """See whether the mailbox that mail is fetched from is looked into."""
    url = _settings().imap_url
    if not url:
        return Finding("mailbox", "ok", "none is fetched from")
    try:
        account = mailboxes.read_url(url)
    except SettingsMissing as wrong:
        return Finding("mailbox", "bad", "IMAP_URL can't be used", str(wrong))
    found = mailboxes.look_at(account.name, at)
    ago = f"{_span(at - found.since)}" if found.since else ""
    if found.trouble is not None:
        told, advice = TROUBLE[found.trouble]
        return Finding("mailbox", "bad", f"{told}, for {ago}", advice)
    if found.silent:
        told = f"last looked into {ago} ago" if ago else "never looked into"
        return Finding("mailbox", "bad", told, "Start `python worker.py mail-fetch`.")
    if found.given_up:
        return Finding(
            "mailbox",
            "warn",
            f"{found.given_up} mails in it could not be taken",
            f"Look into its folder {account.failed or account.folder}.",
        )
    return Finding("mailbox", "ok", f"{account.name}, looked into {ago} ago")


def check_vouching(at: datetime) -> Finding:
    """See whether anybody vouches for who sends mail in."""
    settings = _settings()
    came = session().scalar(
        select(func.count())
        .select_from(InboundMessage)
        .where(InboundMessage.received_at > at - timedelta(days=30))
    )
    if settings.authserv_id or not came:
        return Finding("senders", "ok", settings.authserv_id or "no mail came in so far")
    return Finding(
        "senders",
        "warn",
        f"nobody vouches for them: {came} mails came in within 30 days",
        "Set AUTHSERV_ID to the name that your mail server writes into Authentication-Results; "
        "without it answers that close a lead are asked back.",
    )


def check_database(_at: datetime) -> Finding:
    """See whether the database answers."""
    if health.database_state() != "ok":
        return Finding("database", "bad", "no answer", "Start PostgreSQL, or correct DATABASE_URL.")
    version = session().scalar(text("SHOW server_version"))
    return Finding("database", "ok", f"PostgreSQL {version}")


def check_migrations(_at: datetime) -> Finding:
    """See whether the tables are up to date."""
    if health.migrations_state() != "ok":
        return Finding("migrations", "bad", "tables are behind", "Run `portal db upgrade`.")
    return Finding("migrations", "ok", "up to date")


def check_role(_at: datetime) -> Finding:
    """See whether the database role is held by row policies."""
    row = (
        session()
        .execute(
            text(
                "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
            )
        )
        .one()
    )
    if row.rolsuper or row.rolbypassrls:
        return Finding(
            "database role",
            "bad",
            f"{row.rolname} is above all row policies",
            "Connect as a role that is neither SUPERUSER nor BYPASSRLS.",
        )
    return Finding("database role", "ok", row.rolname)


BEHIND_THE_WALL = (
    *("lead_contacts", "firm_notes", "note_versions", "activity_words"),
    "attachment_names",
    *("inbound_raws", "inbound_readings"),
    *("customer_names", "customer_addresses"),
)


def check_wall(_at: datetime) -> Finding:
    """See whether contact data stands behind row policies that hold for the owner too."""
    bare = list(
        session().scalars(
            text(
                "SELECT relname FROM pg_class WHERE oid = ANY (CAST(:tables AS regclass[])) "
                "AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname"
            ),
            {"tables": list(BEHIND_THE_WALL)},
        )
    )
    if bare:
        return Finding(
            "contact data",
            "bad",
            "the row policies are off",
            "Run "
            + " ".join(
                f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY."
                for name in bare
            ),
        )
    return Finding("contact data", "ok", "behind row policies")


def check_extensions(_at: datetime) -> Finding:
    """Look for extensions that the database lacks."""
    there = set(session().scalars(text("SELECT extname FROM pg_extension")))
    missing = [name for name in EXTENSIONS if name not in there]
    if missing:
        named = ", ".join(missing)
        return Finding(
            "extensions",
            "bad",
            f"missing: {named}",
            f"As a superuser, run CREATE EXTENSION for: {named}.",
        )
    return Finding("extensions", "ok", ", ".join(EXTENSIONS))


def check_redis(_at: datetime) -> Finding:
    """See whether the queue answers."""
    if health.redis_state() != "ok":
        return Finding(
            "redis",
            "bad",
            "no answer; picks go on, mails and reminders wait",
            "Start Redis or Valkey, or correct REDIS_URL.",
        )
    return Finding("redis", "ok", "answers")


def check_workers(_at: datetime) -> Finding:
    """Count living workers."""
    state = jobs.look_at_queue()
    if not state.reachable:
        return Finding("workers", "warn", "unknown without Redis", "See redis.")
    if not state.workers:
        return Finding("workers", "bad", "none", "Start `python worker.py worker`.")
    deaf = [name for name in jobs.QUEUES if name not in state.served]
    if deaf:
        named = ", ".join(deaf)
        return Finding(
            "workers",
            "bad",
            f"{state.workers}, but none for the queue {named}",
            f"Start `python worker.py worker {' '.join(deaf)}`.",
        )
    waiting = sum(state.lengths.values())
    return Finding("workers", "ok", f"{state.workers}, {waiting} jobs in the queues")


def check_scheduler(at: datetime) -> Finding:
    """See when the scheduler gave its last sign."""
    state = jobs.look_at_queue()
    if not state.reachable:
        return Finding("scheduler", "warn", "unknown without Redis", "See redis.")
    seen = state.scheduler_seen_at
    told = f"last seen {_span(at - seen)} ago" if seen else "never seen"
    if state.scheduler_is_silent(at):
        return Finding("scheduler", "bad", told, "Start `python worker.py scheduler`.")
    return Finding("scheduler", "ok", told)


def check_deliveries(at: datetime) -> Finding:
    """Look for reactions to events that nobody does."""
    oldest = session().scalar(select(func.min(Delivery.due_at)).where(OPEN))
    if oldest is not None and at - oldest > LATE:
        return Finding(
            "reactions",
            "warn",
            f"the oldest is {_span(at - oldest)} late",
            "See workers; if they run, start one more.",
        )
    return Finding("reactions", "ok", "none late")


def check_chain(at: datetime) -> Finding:
    """Look for events that nobody has linked into the chain."""
    waiting = select(func.min(EventRow.at), func.count()).join(
        EventLink, EventLink.event_id == EventRow.id
    )
    oldest, count = session().execute(waiting.where(EventLink.place.is_(None))).one()
    if oldest is not None and at - oldest > LATE:
        return Finding(
            "audit chain",
            "warn",
            f"{count} events wait for their place, the oldest for {_span(at - oldest)}",
            "See workers: the dispatcher links them.",
        )
    return Finding("audit chain", "ok", f"{chain.head().place} events")


def check_mail_queue(at: datetime) -> Finding:
    """Look for mails that wait too long."""
    queue = mail_health.look(at)
    waiting = f"{queue.waiting} wait"
    if queue.due.since is not None and queue.is_late(at):
        return Finding(
            "mail queue",
            "warn",
            f"{waiting}, the oldest for {_span(at - queue.due.since)}",
            "See mail server and workers; the reasons stand on the page Mail health.",
        )
    return Finding("mail queue", "ok", f"{waiting}, none too long")


def check_mail_sending(at: datetime) -> Finding:
    """See when the last mail went out, and whether one hangs with a worker that is gone."""
    queue = mail_health.look(at)
    if queue.stuck:
        return Finding(
            "mail sending",
            "warn",
            f"{queue.stuck} lost their worker while they were sent",
            "They go again by themselves; see workers and scheduler if they don't.",
        )
    if queue.last_sent_at is None:
        return Finding("mail sending", "ok", "none sent so far")
    told = f"the last {_span(at - queue.last_sent_at)} ago, {queue.sent_today} within a day"
    return Finding("mail sending", "ok", told)


def check_mail_refusals(_at: datetime) -> Finding:
    """Say why most mails wait or failed."""
    reasons = mail_health.list_reasons(1)
    if reasons:
        most = reasons[0]
        return Finding(
            "mail refusals",
            "warn",
            f"{most.waiting} wait and {most.failed} failed with “{most.code}”",
            "The page Mail health says what it means and sends them again.",
        )
    return Finding("mail refusals", "ok", "none")


def check_failures(_at: datetime) -> Finding:
    """Count what failed and waits for a person."""
    counts = {
        "jobs": select(func.count()).select_from(JobFailure),
        "reactions": select(func.count()).select_from(Delivery).where(GIVEN_UP),
        "mails": select(func.count())
        .select_from(OutgoingEmail)
        .where(OutgoingEmail.status == "failed"),
    }
    found = {name: session().scalar(query) or 0 for name, query in counts.items()}
    if any(found.values()):
        told = ", ".join(f"{count} {name}" for name, count in found.items() if count)
        return Finding("failures", "warn", told, "An administrator looks at the page Jobs.")
    return Finding("failures", "ok", "none")


def check_mail_server(_at: datetime) -> Finding:
    """Knock at the mail server."""
    if not _settings().smtp_url:
        return Finding("mail server", "bad", "not set", "Set SMTP_URL.")
    with transport.Transport(_settings()) as server:
        try:
            server.connect()
        except transport.ServerAway as away:
            return Finding(
                "mail server", "bad", str(away), "Start the mail server, or correct SMTP_URL."
            )
    return Finding("mail server", "ok", "answers")


def check_assets(_at: datetime) -> Finding:
    """See whether stylesheet and script are built."""
    if not current_app.extensions["assets"].built:
        return Finding("assets", "bad", "not built", "Run `npm ci && npm run build`.")
    return Finding("assets", "ok", "built")


def check_rounds(at: datetime) -> Finding:
    """Look for offer rounds that nobody ended, or went on with, although it is time."""
    late = session().scalar(
        select(func.count())
        .select_from(OfferRound)
        .where(OfferRound.ended_at.is_(None), OfferRound.ends_at < at - LATE)
    )
    stuck = session().scalar(
        select(func.count())
        .select_from(OfferRound)
        .where(OfferRound.ended_at.is_(None), OfferRound.next_ring_at < at - LATE)
    )
    if stuck:
        return Finding(
            "offer rounds",
            "warn",
            f"{stuck} wait for their next firms to be told",
            "See scheduler and workers.",
        )
    if late:
        return Finding(
            "offer rounds", "warn", f"{late} are over and not ended", "See scheduler and workers."
        )
    return Finding("offer rounds", "ok", "none over")


def check_policies(_at: datetime) -> Finding:
    """Look for types of lead that name a deadline policy that is not in use."""
    strays = policies.find_strays()
    if strays:
        told = "; ".join(f"{key} ({', '.join(types)})" for key, types in strays.items())
        return Finding(
            "deadline policies",
            "warn",
            f"named by lead types, but not in use: {told}",
            "The standard holds for them. Take it into use again, or let a draft of the lead "
            "definition name another one.",
        )
    return Finding("deadline policies", "ok", "all that are named are in use")


BROKEN = {
    Broken.HELD_BY_NOBODY: "held by somebody who is gone",
    Broken.OFFERED_TO_NOBODY: "offered to nobody who could pick up",
    Broken.WITHOUT_OWNER: "without an owner",
    Broken.WITHOUT_CLOCK: "waited for without a clock",
    Broken.STRAY_CLOCK: "clocks of what is over",
    Broken.STRAY_STEP: "steps that nobody takes",
}


def check_invariants(at: datetime) -> Finding:
    """Count what should never be: leads without recipient, holder, owner or clock, stray steps."""
    counts = {kind: invariants.count_now(kind, at) for kind in Broken}
    told = "; ".join(f"{count} {BROKEN[kind]}" for kind, count in counts.items() if count)
    if told:
        return Finding(
            "invariants", "warn", told, "The Board lists them under Out of order; see scheduler."
        )
    return Finding("invariants", "ok", "all hold")


Check = Callable[[datetime], Finding]
ALWAYS: tuple[Check, ...] = (
    check_settings,
    check_redis,
    check_workers,
    check_scheduler,
    check_mail_server,
    check_assets,
    check_database,
)
WITH_DATABASE: tuple[Check, ...] = (check_migrations, check_role, check_extensions)
WITH_TABLES: tuple[Check, ...] = (
    check_wall,
    check_mail_in,
    check_mailbox,
    check_vouching,
    check_deliveries,
    check_chain,
    check_mail_queue,
    check_mail_sending,
    check_mail_refusals,
    check_failures,
    check_rounds,
    check_policies,
    check_invariants,
)


def examine(at: datetime) -> Iterator[Finding]:
    """Yield every finding; what can't be looked at without the database is left out then."""
    found = [check(at) for check in ALWAYS]
    yield from found
    if found[-1].state != "ok":
        return
    tables = True
    for check in (*WITH_DATABASE, *WITH_TABLES):
        if check in WITH_TABLES and not tables:
            continue
        try:
            finding = check(at)
        except SQLAlchemyError as problem:
            db.session.rollback()
            name = check.__name__.removeprefix("check_").replace("_", " ")
            finding = Finding(name, "bad", mishaps.describe(problem), "Look at the database.")
        tables = tables and (check is not check_migrations or finding.state == "ok")
        yield finding


def _span(span: timedelta) -> str:
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"


def as_table(findings: list[Finding]) -> str:
    """Return the findings as lines for a terminal."""
    width = max(len(one.name) for one in findings)
    lines = []
    for one in findings:
        lines.append(f"{one.state:<4}  {one.name:<{width}}  {one.found}")
        if one.state != "ok":
            lines.append(f"{'':<4}  {'':<{width}}  → {one.advice}")
    return "\n".join(lines)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Say what is configured, reachable, behind or stuck."""
    findings = list(examine(clock.now()))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in findings], indent=2))
    else:
        click.echo(as_table(findings))
    sys.exit(1 if any(one.state == "bad" for one in findings) else 0)
