"""Verbs of the programme: publish terms, agree to them, set goals and territories, sign up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.accounts.tree import is_region
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record
from portal.programme import queries
from portal.programme.events import (
    GoalRemoved,
    GoalSaved,
    ReferralJoined,
    ReferralLeft,
    TermsAccepted,
    TermsPublished,
    TerritoriesSaved,
)
from portal.programme.models import (
    Acceptance,
    Goal,
    GoalKind,
    ReferralPartner,
    Terms,
    TermsKind,
    Territory,
)

LONGEST_TERMS = 20_000
LONGEST_NAME = 120
MOST = 10**12
MOST_WANTED = 10_000
MOST_TERRITORIES = 400


def publish_terms(
    kind: TermsKind, texts: Mapping[str, str], binding_from: date | None, actor: Actor, at: datetime
) -> Terms:
    """Make a new version of the terms. Raises `Invalid`."""
    # two at once follow each other
    session().execute(select(func.pg_advisory_xact_lock(func.hashtext("programme_terms"))))
    last = queries.find_terms(kind)
    errors = {}
    for locale, words in texts.items():
        if not words.strip():
            errors[f"text_{locale}"] = _("Please write them in this language, too.")
        elif len(words) > LONGEST_TERMS:
            errors[f"text_{locale}"] = _("Please keep to %(most)s characters.", most=LONGEST_TERMS)
    if last is not None and dict(last.texts) == dict(texts) and last.binding_from == binding_from:
        errors["text_en"] = _("Nothing is different from version %(number)s.", number=last.number)
    if binding_from is not None and binding_from < queries.today(at):
        errors["binding_from"] = _("Please choose a day from today on.")
    if errors:
        raise Invalid(errors)
    made = Terms(
        kind=kind,
        number=last.number + 1 if last else 1,
        texts=dict(texts),
        binding_from=binding_from,
        made_at=at,
        made_by_id=actor.id,
    )
    session().add(made)
    session().flush()
    record(TermsPublished(at=at, terms_id=made.id, kind=kind, number=made.number))
    return made


def accept_terms(terms_id: int, actor: Actor, at: datetime) -> Terms:
    """Agree to the terms for the actor's own firm; twice is once.

    Raises `NotFound`, `Conflict` where there is a newer version, which has to be read first.
    """
    terms = session().get(Terms, terms_id)
    if terms is None or not actor.is_partner:
        raise NotFound()
    if terms is not queries.find_terms(TermsKind(terms.kind)):
        raise Conflict(_("There is a newer version meanwhile. Please read it first."))
    agreed = session().scalar(
        insert(Acceptance)
        .values(terms_id=terms.id, organisation_id=actor.organisation_id, user_id=actor.id, at=at)
        .on_conflict_do_nothing()
        .returning(Acceptance.terms_id)
    )
    if agreed is not None:
        record(
            TermsAccepted(
                at=at,
                terms_id=terms.id,
                number=terms.number,
                kind=terms.kind,
                organisation_id=actor.organisation_id,
                user_id=actor.id,
            )
        )
    return terms


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalDraft:
    """A goal as it was typed."""

    kind: str
    name: str
    target: int | None
    starts_on: date | None
    ends_on: date | None
    product_id: int | None = None
    codes: Sequence[str] = ()


def save_goal(draft: GoalDraft, at: datetime, goal_id: int | None = None) -> Goal:
    """Set a goal, or change one. Raises `Invalid`, `NotFound`."""
    errors = {}
    if not draft.name or len(draft.name) > LONGEST_NAME:
        errors["name"] = _("Please give it a name of up to %(most)s letters.", most=LONGEST_NAME)
    if draft.kind not in set(GoalKind):
        errors["kind"] = _("Please choose from the list.")
    if draft.target is None or not 0 < draft.target <= MOST:
        errors["target"] = _("Please give a number above 0.")
    if draft.starts_on is None:
        errors["starts_on"] = _("Please choose a day.")
    if draft.ends_on is None:
        errors["ends_on"] = _("Please choose a day.")
    elif draft.starts_on is not None and draft.ends_on < draft.starts_on:
        errors["ends_on"] = _("This is before the first day.")
    if draft.product_id is not None and draft.product_id not in book().by_id:
        errors["product_id"] = _("Please choose from the list.")
    odd = [code for code in draft.codes if not is_region(code)]
    if odd:
        errors["codes"] = odd_code(odd[0])
    elif draft.kind == GoalKind.TERRITORIES and not draft.codes:
        errors["codes"] = _("Please name at least one.")
    if errors:
        raise Invalid(errors)
    goal = Goal() if goal_id is None else queries.get_goal(goal_id)
    for name in ("kind", "name", "target", "starts_on", "ends_on", "product_id"):
        setattr(goal, name, getattr(draft, name))
    goal.codes = list(draft.codes)
    session().add(goal)
    session().flush()
    record(GoalSaved(at=at, goal_id=goal.id))
    return goal


def odd_code(code: str) -> str:
    """Say that something is no region."""
    return str(
        _("%(code)s is no code of a country or state. Examples: DE, DE-NI, US-CA.", code=code)
    )


def remove_goal(goal_id: int, at: datetime) -> None:
    """Take a goal out. Raises `NotFound`."""
    session().delete(queries.get_goal(goal_id))
    session().flush()
    record(GoalRemoved(at=at, goal_id=goal_id))


def save_territories(wanted: Mapping[str, int], at: datetime) -> None:
    """Say where the programme runs, and how many partners it wants in each. Raises `Invalid`.

    What is not named any more is none of its territories from now on.
    """
    odd = [code for code in wanted if not is_region(code)]
    if odd:
        raise Invalid({"territories": odd_code(odd[0])})
    if len(wanted) > MOST_TERRITORIES:
        raise Invalid({"territories": _("Please keep to %(most)s.", most=MOST_TERRITORIES)})
    if any(not 0 <= number <= MOST_WANTED for number in wanted.values()):
        raise Invalid({"territories": _("Please give numbers from 0 to 10,000.")})
    session().execute(delete(Territory).where(Territory.code.not_in(list(wanted))))
    for code, number in wanted.items():
        kept = insert(Territory).values(code=code, partners_wanted=number, since=at)
        session().execute(
            kept.on_conflict_do_update(
                index_elements=["code"], set_={"partners_wanted": kept.excluded.partners_wanted}
            )
        )
    # others that the session holds have nothing to do with it
    for one in session():
        if isinstance(one, Territory):
            session().expire(one)
    record(TerritoriesSaved(at=at, codes=sorted(wanted)))


def join_referral(organisation_id: int, only_refers: bool, actor: Actor, at: datetime) -> None:
    """Sign a firm up as a referral partner, or say anew whether it only refers.

    A firm's own people agree to the terms of referring with that. Raises `NotFound`, `Invalid`.
    """
    firm = session().get(Organisation, organisation_id)
    if firm is None or not firm.active or not firm.is_partner:
        raise Invalid({"organisation_id": _("Please choose a partner.")})
    if actor.is_partner:
        if actor.organisation_id != organisation_id:
            raise NotFound()
        terms = queries.find_terms(TermsKind.REFERRAL)
        if terms is not None:
            accept_terms(terms.id, actor, at)
    before = session().get(ReferralPartner, organisation_id, with_for_update=True)
    if before is None:
        session().add(
            ReferralPartner(
                organisation_id=organisation_id,
                joined_at=at,
                joined_by_id=actor.id,
                only_refers=only_refers,
            )
        )
    elif before.left_at is None and before.only_refers == only_refers:
        return
    else:
        if before.left_at is not None:
            before.joined_at, before.joined_by_id, before.left_at = at, actor.id, None
        before.only_refers = only_refers
    session().flush()
    record(ReferralJoined(at=at, organisation_id=organisation_id, only_refers=only_refers))


def leave_referral(organisation_id: int, actor: Actor, at: datetime) -> None:
    """End a firm's part in the referral programme; what it brought stays. Raises `NotFound`."""
    if actor.is_partner and actor.organisation_id != organisation_id:
        raise NotFound()
    member = session().get(ReferralPartner, organisation_id, with_for_update=True)
    if member is None:
        raise NotFound()
    if member.left_at is None:
        member.left_at = at
        session().flush()
        record(ReferralLeft(at=at, organisation_id=organisation_id))
