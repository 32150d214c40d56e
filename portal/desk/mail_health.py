"""The page about mails on their way: what waits, where, why, and a button to send it again.

For administrators and channel managers. Shows no text, no link and no address of a mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.accounts.permissions import Permission
from portal.core import clock, jobs
from portal.core.config import Settings
from portal.core.db import session
from portal.core.mail import health, outbox, standing
from portal.inbound import bounces, mail_pages, mails
from portal.leads.models import Lead
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("mail_health", __name__, url_prefix="/mail-health")

SHOWN = 50

KINDS: dict[str, Any] = {
    "digest": _l("Digest"),
    "overdue_list": _l("List of the overdue"),
    "weekly_report": _l("Report of the week"),
    "shared_out": _l("Figures about fairness"),
    "drafts_stale": _l("Inquiries that wait"),
    "feedback_due": _l("Feedback due"),
    "feedback_overdue": _l("Feedback overdue"),
    "feedback_soon": _l("Feedback soon due"),
    "answer_wanted": _l("The vendor’s answer due"),
    "asked_again": _l("Asked again"),
    "completion_wanted": _l("End of a lead due"),
    "contact_wanted": _l("First contact due"),
    "offer_ends": _l("An offer ends"),
    "paused": _l("Picking up pauses"),
    "partner_late": _l("A partner is late"),
    "reminded": _l("Reminded by hand"),
    "call_missed": _l("The customer waits for a call"),
    "not_called": _l("The customer says nobody called"),
    "not_wanted": _l("The customer wants no call"),
    "who_calls": _l("To the customer: who calls"),
    "did_they_call": _l("To the customer: did they call?"),
    "team_late": _l("Late in the firm"),
    "help_asked": _l("Help or a price asked for"),
    "help_answered": _l("Help or a price answered"),
    "commented": _l("Note about a lead"),
    "customer_letter": _l("Mail to a customer"),
    "customer_wrote": _l("A customer wrote"),
    "letter_back": _l("Mail to a customer did not arrive"),
    "address_check": _l("Does your address work again?"),
    "activity_due": _l("Reminder of an activity"),
    "knowledge": _l("Who knew the customer"),
    "more_time": _l("More time"),
    "recalled": _l("Taken back by the vendor"),
    "lead_waits": _l("Found nobody, to be decided"),
    "closed_for_you": _l("Closed by the vendor"),
    "handed_back": _l("Back from operations"),
    "lead_step": _l("What became of a lead"),
    "lead_stirs": _l("A lead has become active"),
    "leads_cooled": _l("Leads that have cooled"),
    "inquiry_thanks": _l("Thanks for a mail"),
    "invitation": _l("Invitation"),
    "mail_taken": _l("Mail to the lead address"),
    "lead_offered": _l("A lead for you"),
    "new_device": _l("New device"),
    "not_yours": _l("Not yours"),
    "password_reset": _l("New password"),
    "sign_up_confirm": _l("New partner: confirm the address"),
    "sign_up_declined": _l("New partner: turned down"),
    "sign_up_waits": _l("New partner: waits for an answer"),
    "recorded": _l("Recorded"),
    "round_unpicked": _l("Nobody picked it up"),
    "sign_in_changed": _l("Sign-in changed"),
    "sign_in_link": _l("Link to sign in"),
    "offer_changed": _l("Offer taken back or extended"),
    "stands_in": _l("Stands in for a colleague"),
    "wording_failed": _l("Own words of a mail failed"),
    "wording_test": _l("Test of own words"),
    "yours_now": _l("Yours now"),
}


@dataclass(frozen=True, slots=True)
class FailedMail:
    """A mail that was given up, as the page lists it."""

    id: int
    kind: str
    person: str
    lead_id: int | None
    lead_number: str
    domain: str
    words: str
    code: str
    attempts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class MarkedAddress:
    """An address that gets no mails, or no digest, as the page lists it.

    `user_id` only where the person still has this address.
    """

    id: int
    user_id: int | None
    person: str
    firm: str
    lead_id: int | None
    lead_number: str
    domain: str
    words: str
    code: str
    came_back: int
    complained: bool
    at: datetime


@blueprint.get("", endpoint="mail_health")
@requires(Permission.MAILS_MANAGE)
def mail_health_page() -> ResponseReturnValue:
    at = clock.now()
    settings: Settings = current_app.config["SETTINGS"]
    queue, work = health.look(at), jobs.look_at_queue()
    reasons = health.list_reasons(SHOWN)
    return render_template(
        "desk/mail_health.html",
        queue=queue,
        work=work,
        notices=[
            *notices(queue, work, reasons, at),
            *mail_pages.not_fetched(settings.imap_url, at),
        ],
        domains=health.list_domains(at, SHOWN),
        reasons=reasons,
        failed=list_failed(),
        marked=list_marked(),
        came_in=mail_pages.lines(mails.list_not_understood()),
        came_in_today=mails.count_states(at - health.DAY),
        lead_address=settings.lead_address,
        pace=settings.mail_per_domain,
        shown=SHOWN,
    )


@blueprint.post("/<int:mail_id>/resend")
@requires(Permission.MAILS_MANAGE)
def resend(mail_id: int) -> ResponseReturnValue:
    return told(outbox.retry_failed(clock.now(), mail_id))


@blueprint.post("/resend-all")
@requires(Permission.MAILS_MANAGE)
def resend_all() -> ResponseReturnValue:
    return told(outbox.retry_failed(clock.now()))


@blueprint.post("/addresses/<int:address_id>/release")
@requires(Permission.MAILS_MANAGE)
def release(address_id: int) -> ResponseReturnValue:
    if bounces.release(address_id, clock.now()):
        flash(_("The address gets mails again, those held within the last day first."), "success")
    else:
        flash(_("The address gets mails already."))
    return go(url_for("mail_health.mail_health"))


def told(count: int) -> ResponseReturnValue:
    """Say how many mails are on their way again and go back to the page."""
    if count:
        words = ngettext(
            "%(num)d mail is on its way again.", "%(num)d mails are on their way again.", count
        )
        flash(words, "success")
    else:
        flash(_("There was nothing to send again."))
    return go(url_for("mail_health.mail_health"))


def notices(
    queue: health.Queue, work: jobs.QueueState, reasons: list[health.Reason], at: datetime
) -> list[str]:
    """Say what stands in the way of mails as a whole, in words; nothing where all is well."""
    found = []
    if not work.reachable:
        found.append(_("The queue (Redis) is away. Nothing is lost; mails wait until it is back."))
    else:
        if not work.workers:
            found.append(_("No worker is running. Nothing is lost; mails wait for one."))
        elif "mail" not in work.served:
            found.append(_("No worker takes the queue of mails. Nothing is lost; they wait."))
        if work.scheduler_is_silent(at):
            found.append(_("The scheduler is silent. Mails that are tried again wait for it."))
    ours = [one for one in reasons if one.waiting and one.ours]
    if ours:
        found.append(ours[0].words)
    if queue.stuck:
        found.append(
            ngettext(
                "%(num)d mail was in the hands of a worker that ended; it goes again.",
                "%(num)d mails were in the hands of a worker that ended; they go again.",
                queue.stuck,
            )
        )
    if queue.is_late(at) and not found:
        found.append(_("Mails wait longer than they should."))
    return found


def list_failed() -> list[FailedMail]:
    """Return the mails that were given up, with names of people and leads that readers know."""
    rows = health.list_failed(SHOWN)
    people = names(User.id, User.name, {row.user_id for row in rows if row.user_id})
    leads = names(Lead.id, Lead.number, {row.lead_id for row in rows if row.lead_id})
    return [
        FailedMail(
            row.id,
            kind_words(row.kind),
            people.get(row.user_id, ""),
            row.lead_id if row.lead_id in leads else None,
            leads.get(row.lead_id, ""),
            row.domain,
            health.explain(row.error or ""),
            row.error or "",
            row.attempts,
            row.created_at,
        )
        for row in rows
    ]


def list_marked() -> list[MarkedAddress]:
    """Return the addresses that get no mails, with whose they are; not what was corrected."""
    rows = standing.list_barred(SHOWN)
    ids = {row.user_id for row in rows if row.user_id}
    query = select(User).options(joinedload(User.organisation)).where(User.id.in_(ids))
    people = {user.id: user for user in session().scalars(query)} if ids else {}
    leads = names(Lead.id, Lead.number, {row.lead_id for row in rows if row.lead_id})
    found = []
    for row in rows:
        user = people.get(row.user_id)
        if row.user_id and (user is None or not has_address(user, row.address_hash)):
            continue
        found.append(
            MarkedAddress(
                row.id,
                user.id if user else None,
                user.name if user else "",
                user.organisation.name if user else "",
                row.lead_id if row.lead_id in leads else None,
                leads.get(row.lead_id, ""),
                row.domain,
                health.explain(row.code) if row.marked_at else _("Complained of a mail as spam."),
                row.code if row.marked_at else "",
                row.came_back,
                row.complained_at is not None,
                row.since,
            )
        )
    return found


def has_address(user: User, known: bytes) -> bool:
    """Say whether this is the address at which a person is reached now."""
    return user.active and standing.hash_of(user.email) == known


def names(key: Any, name: Any, wanted: set[int]) -> dict[int, str]:
    """Return names by id."""
    if not wanted:
        return {}
    return {row[0]: row[1] for row in session().execute(select(key, name).where(key.in_(wanted)))}


def kind_words(kind: str) -> str:
    """Say what a kind of mail is about."""
    return str(KINDS.get(kind) or kind.replace("_", " ").capitalize())
