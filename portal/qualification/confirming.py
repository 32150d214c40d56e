"""Whoever works on a lead asks its contact again, completes the answers and confirms the interest.

That is what makes a qualified lead a sales-qualified one: besides what must be answered before an
offer, the script names what must be answered before that. `Lead.sql_at` is when that was said last,
as `qualified_at` and `picked_at` are for what comes before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.leads import figures, rules, script
from portal.leads.models import Lead, LeadState
from portal.leads.operations import (
    answers_of,
    changed_answers,
    questions_of,
    tidy,
    write_answers,
)
from portal.leads.queries import get_visible, lock_visible
from portal.leads.requirements import CONFIRM, missing_for
from portal.leads.sight import Sight, sight_of
from portal.leads.visibility import Field
from portal.qualification.events import AnswersCompleted, ConfirmationTakenBack, LeadConfirmed
from portal.qualification.models import Confirmation


def may_confirm(lead: Lead, actor: Actor, known: Sight | None = None) -> bool:
    """Say whether somebody works on a lead and reads what was found out."""
    in_work = lead.state in (LeadState.HELD, LeadState.DIRECT)
    sight = sight_of(lead, actor, known)
    return in_work and Field.ANSWERS in sight and figures.may_set(lead, actor, sight)


def get_to_confirm(lead_id: int, actor: Actor) -> Lead:
    """Return a lead that somebody works on. Raises `NotFound`."""
    lead = get_visible(lead_id, actor)
    if not may_confirm(lead, actor):
        raise NotFound()
    return lead


@dataclass(frozen=True, slots=True)
class Interest:
    """The view model of `templates/qualification/_interest.html`; `may`: confirm, or take back."""

    lead_id: int
    confirmed_at: datetime | None
    may: bool


def interest_of(lead: Lead, *, may: bool) -> Interest:
    """Return since when whoever has a lead now has confirmed the interest in it."""
    at = lead.sql_at
    if at is not None and lead.picked_at is not None and at < lead.picked_at:
        at = None
    return Interest(lead.id, at, may)


def find_confirmation(lead: Lead) -> Confirmation | None:
    """Return that whoever has a lead now has confirmed it; None where not yet."""
    firm = lead.holder_organisation_id
    query = select(Confirmation).where(Confirmation.lead_id == lead.id)
    if firm is not None:
        query = query.where(Confirmation.organisation_id == firm, Confirmation.at >= lead.picked_at)
    return session().scalar(query.order_by(Confirmation.at.desc()).limit(1))


def complete(lead_id: int, typed: Mapping[str, str], actor: Actor, at: datetime) -> Lead:
    """Keep answers of whoever works on a lead. Raises `NotFound`, `Invalid` by `answer-<key>`."""
    lead = lock_visible(lead_id, actor)
    if not may_confirm(lead, actor):
        raise NotFound()
    tidied = {key: tidy(f"answer-{key}", text) for key, text in typed.items()}
    answers, errors = script.read(questions_of(lead), tidied, answers_of(lead_id))
    errors |= rules.too_long({f"answer-{key}": text for key, text in answers.items()})
    if errors:
        raise Invalid(errors)
    changed = changed_answers(lead, answers)
    write_answers(lead, changed)
    if changed:
        names = sorted(f"answer-{key}" for key in changed)
        record(AnswersCompleted(at=at, lead_id=lead_id, user_id=actor.id, fields=names))
    return lead


def confirm(lead_id: int, actor: Actor, at: datetime) -> Lead:
    """Confirm that the contact is interested; twice is once.

    Raises `NotFound`, and `Invalid` naming the questions that are still to be answered.
    """
    lead = lock_visible(lead_id, actor)
    if not may_confirm(lead, actor):
        raise NotFound()
    missing = missing_for(lead, CONFIRM)
    if missing:
        raise Invalid(missing)
    if find_confirmation(lead) is not None:
        return lead
    row = {"organisation_id": actor.organisation_id, "at": at, "user_id": actor.id}
    added = insert(Confirmation).values(lead_id=lead_id, **row)
    session().execute(
        added.on_conflict_do_update(
            index_elements=[Confirmation.lead_id, Confirmation.organisation_id], set_=row
        )
    )
    lead.sql_at = at
    lead.version += 1
    session().flush()
    record(
        LeadConfirmed(
            at=at, lead_id=lead_id, user_id=actor.id, organisation_id=actor.organisation_id
        )
    )
    return lead


def take_back(lead_id: int, actor: Actor, at: datetime) -> Lead:
    """Take back that the interest is confirmed, as whoever works on the lead; twice is once.

    Raises `NotFound`.
    """
    lead = lock_visible(lead_id, actor)
    if not may_confirm(lead, actor):
        raise NotFound()
    said = find_confirmation(lead)
    if said is None:
        return lead
    session().delete(said)
    session().flush()
    others = select(func.max(Confirmation.at)).where(Confirmation.lead_id == lead_id)
    lead.sql_at = session().scalar(others)
    lead.version += 1
    session().flush()
    record(
        ConfirmationTakenBack(
            at=at, lead_id=lead_id, user_id=actor.id, organisation_id=actor.organisation_id
        )
    )
    return lead
