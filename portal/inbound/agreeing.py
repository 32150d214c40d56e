"""Behind a mail: terms of the programme, or of referring leads, whole, and a firm's yes to them.

A link is for one kind of terms and for the firm that its person leads. The page shows the newest
version, for only to that one can a firm agree, or the one to which it keeps. It names no colleague,
for mails are passed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import Conflict, NotFound
from portal.core.events import record
from portal.core.mail.models import MailLink
from portal.inbound.events import MailActionDone
from portal.inbound.page import Page, Reader, thanks
from portal.inbound.wishes import AGREE
from portal.offers import operations as offers
from portal.programme import operations as programme
from portal.programme import queries
from portal.programme.models import Terms, TermsKind
from portal.programme.words import TERMS, text_of
from portal.web.filters import day, when

ACTION = AGREE


@dataclass(frozen=True, slots=True)
class Yes:
    """A firm's yes to terms: since when it holds, and whether this very person said it."""

    at: datetime
    by_me: bool


def find_terms(link: MailLink, actor: Actor) -> Terms:
    """Return the newest terms of the kind that a link is for. Raises `NotFound`."""
    if link.organisation_id != actor.organisation_id or not actor.is_partner:
        raise NotFound()
    terms = queries.find_terms(TermsKind(link.topic or ""))
    if terms is None:
        raise NotFound()
    return terms


def mark_of(terms: Terms, organisation_id: int) -> str:
    """Return which version stood before the eyes of who is asked, and for which firm."""
    return f"{terms.id}:{organisation_id}"


def find_marked(mark: str, actor: Actor) -> Terms | None:
    """Return the terms that stood before somebody's eyes; None where she leads another firm now."""
    terms_id, _, firm = mark.partition(":")
    if not (terms_id.isdecimal() and firm == str(actor.organisation_id) and actor.is_partner):
        return None
    return session().get(Terms, int(terms_id))


def find_yes(terms: Terms, actor: Actor) -> Yes | None:
    """Return whether a firm has agreed; one that refers leads keeps to what it agreed to."""
    if terms.kind == TermsKind.REFERRAL:
        part = queries.find_referral(actor.organisation_id)
        return Yes(part.joined_at, part.joined_by_id == actor.id) if part else None
    agreed = queries.find_acceptance(terms.id, actor.organisation_id)
    return Yes(agreed.at, agreed.user_id == actor.id) if agreed else None


def agree(terms: Terms, actor: Actor, at: datetime) -> bool:
    """Agree for the actor's firm, or sign it up to refer leads; False: it had before.

    Raises `Conflict` where there is a newer version, which has to be read first, and `NotFound`.
    """
    offers.lock_partner(actor.organisation_id)
    if terms is not queries.find_terms(TermsKind(terms.kind)):
        raise Conflict(_("There is a newer version meanwhile. Please read it first."))
    if find_yes(terms, actor) is not None:
        return False
    if terms.kind == TermsKind.REFERRAL:
        programme.join_referral(actor.organisation_id, False, actor, at)
    else:
        programme.accept_terms(terms.id, actor, at)
    record(MailActionDone(at=at, user_id=actor.id, action=ACTION, terms_id=terms.id))
    return True


def show(reader: Reader) -> Page:
    """Return the page with the terms, and the button as long as the firm has not agreed."""
    newest = find_terms(reader.link, reader.actor)
    yes = find_yes(newest, reader.actor)
    if yes is not None:
        return agreed(newest, yes, reader.actor)
    newer = _("They are newer than the mail that led you here.")
    page = page_of(newest, [newer] if newest.made_at > reader.link.created_at else [])
    return replace(
        page,
        sentence=asked_of(newest, reader.at),
        action=ACTION,
        button=words_of(newest.kind),
        nonce=reader.sign(mark_of(newest, reader.actor.organisation_id)),
    )


def agreed(newest: Terms, yes: Yes, actor: Actor) -> Page:
    """Return the page with the terms to which a firm keeps: who refers leads, to the first."""
    kept = queries.find_agreed(TermsKind(newest.kind), actor.organisation_id) or newest
    newer = _("There is a newer version by now; your firm keeps to this one.")
    page = page_of(kept, [newer] if kept is not newest else [])
    return replace(page, sentence=said_of(newest, yes))


def page_of(terms: Terms, more: Sequence[str]) -> Page:
    """Return the page with terms, whole."""
    number, published = terms.number, when(terms.made_at)
    version = _("Version %(number)s, published: %(when)s", number=number, when=published)
    return Page(
        heading=str(TERMS[TermsKind(terms.kind)]),
        facts=[version, *more],
        body="_terms.html",
        deed=text_of(terms),
    )


def press(reader: Reader) -> tuple[Page, int]:
    """Agree to the terms that the page showed, and return the page that says so.

    Where newer ones have replaced them meanwhile nothing is agreed to: they are shown.
    """
    terms = find_marked(reader.mark, reader.actor)
    if terms is None:
        raise NotFound()
    try:
        fresh = agree(terms, reader.actor, reader.at)
    except Conflict as newer:
        page = show(reader)
        return replace(page, facts=[newer.message, *page.facts], code="newer_terms"), 409
    told = told_of(terms, reader.actor)
    sent = _("A mail to you says so.")
    return thanks(
        again=not fresh,
        sentence=told,
        facts=[sent] if fresh else (),
    ), 200


def words_of(kind: str | None) -> str:
    """Return what the button below terms of a kind says."""
    if kind == TermsKind.REFERRAL:
        return str(_("We agree and refer leads"))
    return str(_("We agree"))


def told_of(terms: Terms, actor: Actor) -> str:
    """Say who has agreed to terms for the actor's firm; nothing where nobody has."""
    yes = find_yes(terms, actor)
    return said_of(terms, yes) if yes else ""


def said_of(terms: Terms, yes: Yes) -> str:
    """Say that a firm has agreed, and whether the reader did so."""
    if terms.kind == TermsKind.REFERRAL:
        return str(_("Your firm refers leads since %(day)s.", day=day(yes.at)))
    if yes.by_me:
        return str(_("You have agreed for your firm: %(when)s.", when=when(yes.at)))
    return str(_("A colleague has agreed for your firm: %(when)s.", when=when(yes.at)))


def asked_of(terms: Terms, at: datetime) -> str:
    """Say what hangs on the yes that a firm has not given yet."""
    said = _("Please read them and agree for your firm.")
    if terms.kind == TermsKind.REFERRAL:
        said = _("What is promised for leads that your firm brings. With your yes it refers leads.")
    elif terms.binding_from is not None and terms.binding_from <= queries.today(at):
        said = _("No leads are offered to your firm until you agree to them.")
    elif terms.binding_from is not None:
        said = _(
            "Please agree by %(day)s, or no leads are offered to your firm from then on.",
            day=day(terms.binding_from),
        )
    return str(said)
