"""Verbs of leads before the offer: capture, take, save, qualify, disqualify, suppress.

Not here: files of leads and offering (rooms above). Texts come in as typed and are
tidied here, whoever calls.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pycountry
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.accounts.actor import Actor
from portal.campaigns import queries as campaigns
from portal.catalog import fields as custom_fields
from portal.catalog.models import Entry, SizeBand, Source, ValueBand
from portal.catalog.places import find_city, subdivisions
from portal.catalog.queries import book, short_key
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.core.events import record
from portal.leads import beginning, events, levels, own_fields, requirements, rules, script, wall
from portal.leads.allowed import may_have
from portal.leads.basis import CHOICES, LONGEST, LONGEST_WORDS, Basis, tidy_origin
from portal.leads.intake.cleaning import clean_text, find_domain, find_email, find_phone
from portal.leads.leaks import ContactFacts
from portal.leads.models import (
    TO_QUALIFY,
    Lead,
    LeadAnswer,
    LeadContact,
    LeadFinder,
    LeadInterest,
    LeadState,
    LeadType,
    QualificationQuestion,
    Suppression,
    Temperature,
)
from portal.leads.queries import get_definition, lock_visible, visible_to

DO_NOT_CALL = "do_not_call"
LONGEST_INTEREST = 2000
"""So many characters are kept of what is asked of one product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDraft:
    """A contact as somebody wrote it down; empty text is unknown."""

    company: str = ""
    first_name: str = ""
    last_name: str = ""
    role: str = ""
    phone: str = ""
    email: str = ""
    domain: str = ""
    street: str = ""
    postcode: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An inquiry as it comes in. Keys are those of the catalogue; None is unknown.

    Without a `kind` it has that of its type.

    Without a source the lead has that of its campaign. `search_term` is what somebody searched for,
    `origin` the way on which he came (`basis.ORIGIN`). Without a `basis` it has that of its source;
    where that says none, it can't be offered.
    `answers` are by the key of the question, `product_notes` by the key of a product among
    `product_keys`, `custom` by the key of one of the programme's own fields.
    """

    title: str = ""
    kind: str | None = None
    type_key: str = "organisation"
    source_system: str = "manual"
    external_id: str | None = None
    source_key: str | None = None
    source_original: str | None = None
    country: str | None = None
    subdivision: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    time_zone: str | None = None
    language: str | None = None
    brand_key: str | None = None
    product_keys: Collection[str] = ()
    industry_key: str | None = None
    industry_original: str | None = None
    size_band_key: str | None = None
    people: int | None = None
    value_band_key: str | None = None
    target_amount: Decimal | None = None
    time_frame: str | None = None
    temperature: str | None = None
    expectation: str = ""
    partner_text: str = ""
    contact: ContactDraft = field(default_factory=ContactDraft)
    captured_at: datetime | None = None
    campaign_id: int | None = None
    search_term: str = ""
    origin: Mapping[str, str] | None = None
    basis: Basis | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    product_notes: Mapping[str, str] = field(default_factory=dict)
    custom: custom_fields.Typed = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification:
    """The whole of the qualify form. `answers` are by the key of the question.

    `custom` is what was written into the programme's own fields, as far as they were asked. Without
    `priority` or `importance`, and without a `basis` to approach the contact, the lead keeps its
    own.
    """

    title: str = ""
    partner_text: str = ""
    expectation: str = ""
    temperature: str | None = None
    country: str | None = None
    subdivision: str | None = None
    city: str = ""
    brand_id: int | None = None
    product_ids: Collection[int] = ()
    industry_id: int | None = None
    size_band_id: int | None = None
    people: int | None = None
    value_band_id: int | None = None
    target_amount: Decimal | None = None
    time_frame: str = ""
    source_id: int | None = None
    category_id: int | None = None
    priority: int | None = None
    importance: int | None = None
    basis: str | None = None
    contact: ContactDraft = field(default_factory=ContactDraft)
    answers: Mapping[str, str] = field(default_factory=dict)
    custom: custom_fields.Typed = field(default_factory=dict)


def capture(draft: Draft, at: datetime, by: Actor | None = None) -> Lead:
    """Take in an inquiry and return the lead, in state captured.

    Suppressed at once if its contact is on the suppression list. What somebody of a partner brings
    is noted as his find. Raises `Invalid`.
    """
    contact = tidy_contact(draft.contact)
    texts = {
        name: tidy(name, getattr(draft, name) or "")
        for name in ("title", "expectation", "partner_text", "time_frame", "city")
    }
    answers = {key: tidy(f"answer-{key}", text) for key, text in draft.answers.items() if text}
    errors = rules.too_long(
        {**texts, **contact_texts(contact), **{f"answer-{k}": t for k, t in answers.items()}}
    )
    errors |= contact_errors(contact, None) | basis_errors(draft.basis)
    campaign = campaigns.find_campaign(draft.campaign_id)
    if draft.campaign_id is not None and campaign is None:
        errors["campaign_id"] = _("Please choose one of the list.")
    own, unreadable = custom_fields.take(own_fields.in_use(), draft.custom, {})
    errors |= unreadable | _unknown_own(draft.custom)
    notes, unfit = _notes_on_products(draft)
    errors |= unfit
    if errors:
        raise Invalid(errors)
    entries, definition = book(), get_definition()
    lead_type = definition.type_of(draft.type_key)
    lead = Lead(
        number=levels.next_number(),
        source_system=draft.source_system,
        external_id=draft.external_id,
        kind=draft.kind or lead_type.kind,
        type_id=lead_type.id,
        status_id=definition.first_status(lead_type).id,
        state=LeadState.CAPTURED,
        state_since=at,
        title=texts["title"],
        partner_text=texts["partner_text"],
        expectation=texts["expectation"],
        temperature=draft.temperature,
        country=draft.country,
        subdivision=draft.subdivision,
        city=texts["city"] or None,
        latitude=draft.latitude,
        longitude=draft.longitude,
        time_zone=draft.time_zone,
        language=draft.language,
        brand_id=entry_id("brand", draft.brand_key),
        product_ids=[entries.id_of("product", key) for key in draft.product_keys],
        industry_id=entry_id("industry", draft.industry_key),
        industry_original=draft.industry_original,
        size_band_id=entry_id("size_band", draft.size_band_key)
        or band_of("size_band", draft.people),
        people=draft.people,
        value_band_id=entry_id("value_band", draft.value_band_key)
        or band_of("value_band", draft.target_amount),
        target_amount=draft.target_amount,
        time_frame=texts["time_frame"] or None,
        source_id=entry_id("source", draft.source_key) or (campaign and campaign.source_id),
        source_original=draft.source_original,
        priority=lead_type.priority,
        importance=lead_type.importance,
        owner_id=by.id if by and not by.is_partner else None,
        captured_at=draft.captured_at or at,
        created_at=at,
        campaign_id=campaign and campaign.id,
        search_term=clean_text(draft.search_term[: LONGEST * 4])[:LONGEST] or None,
        origin=tidy_origin(draft.origin),
    )
    if basis := draft.basis or basis_of_source(lead.source_id):
        write_basis(lead, basis, at)
    if lead.latitude is None or lead.longitude is None:
        find_place(lead)
    keys = suppression_keys(
        contact, draft.source_system, draft.external_id, phone_of(contact.phone, lead.country)
    )
    lead.suppressed = is_suppressed(keys)
    known_answers = _known_answers(lead, answers) if answers else {}
    session().add(lead)
    session().flush()
    row = LeadContact(lead_id=lead.id)
    write_contact(row, contact, lead.country)
    with wall.open_for([lead.id], session()):
        session().add(row)
    write_answers(lead, known_answers)
    if own:
        own_fields.write(lead.id, own)
    for product_id, note in notes.items():
        session().add(LeadInterest(lead_id=lead.id, product_id=product_id, note=note))
    if by and by.is_partner:
        found = LeadFinder(
            lead_id=lead.id, user_id=by.id, organisation_id=by.organisation_id, at=at
        )
        session().add(found)
    record(
        events.LeadCaptured(
            at=at,
            lead_id=lead.id,
            source_system=lead.source_system,
            user_id=by.id if by else None,
            suppressed=lead.suppressed,
        )
    )
    return lead


def basis_errors(basis: Basis | None) -> dict[str, str]:
    """Say what of a legal basis can't be kept."""
    if basis is None:
        return {}
    if basis.kind not in CHOICES:
        return {"basis": _("Please choose one of the list.")}
    if len(basis.words or "") > LONGEST_WORDS:
        return {"basis": rules.too_long_for(LONGEST_WORDS)}
    return {}


def basis_of_source(source_id: int | None) -> Basis | None:
    """Return the legal basis of all who come from a source, where it names one."""
    source = book().by_id.get(source_id) if source_id is not None else None
    return Basis(source.basis) if isinstance(source, Source) and source.basis else None


def write_basis(lead: Lead, basis: Basis, at: datetime) -> None:
    """Write on which legal basis the contact may be approached, and since when."""
    lead.basis, lead.basis_words, lead.basis_at = basis.kind, basis.words or None, basis.at or at


def _unknown_own(custom: custom_fields.Typed) -> dict[str, str]:
    """Name what was given for fields that the programme doesn't keep."""
    known = {one.key for one in own_fields.in_use()}
    return {
        custom_fields.place_of(key): str(_("There is no such field."))
        for key in custom
        if key not in known
    }


def _notes_on_products(draft: Draft) -> tuple[dict[int, str], dict[str, str]]:
    """Return what is noted on products by their id, and by place what can't be kept."""
    notes, errors = {}, {}
    for key, written in draft.product_notes.items():
        note = clean_text(written[: LONGEST_INTEREST * 2], several_lines=True)
        if key not in draft.product_keys:
            errors[f"note-{key}"] = str(_("Please name the product as well."))
        elif len(note) > LONGEST_INTEREST:
            errors[f"note-{key}"] = str(
                _("Please keep it under %(most)d characters.", most=LONGEST_INTEREST)
            )
        elif note:
            notes[book().id_of("product", key)] = note
    return notes, errors


def _known_answers(lead: Lead, answers: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    """Return answers with their questions. Raises `Invalid` for what is not asked or can't be."""
    questions = questions_of(lead)
    asked = {question.key: question.id for question in questions}
    errors = {
        f"answer-{key}": str(_("There is no such question."))
        for key in sorted(answers.keys() - asked.keys())
    }
    read, wrong = script.read(questions, answers, {})
    errors |= wrong
    if errors:
        raise Invalid(errors)
    return {key: (asked[key], read[key]) for key in answers}


def entry_id(kind: str, key: str | None) -> int | None:
    """Return the id of a catalogue entry by its key. Raises `NotFound` for an unknown one."""
    return book().id_of(kind, key) if key else None


def band_of(kind: str, amount: Decimal | int | None) -> int | None:
    """Return the band that a number of people or an amount falls into."""
    if amount is None:
        return None
    for band in book().active(kind):
        if (
            isinstance(band, SizeBand | ValueBand)
            and (band.low or 0) <= amount
            and (band.high is None or amount < band.high)
        ):
            return band.id
    return None


def tidy(name: str, text: str) -> str:
    """Return a text without unseen signs and needless space, lines kept where they mean something.

    What is far too long is cut behind its limit, so that a hostile text costs nothing.
    """
    limit = rules.MOST["answer" if name.startswith("answer-") else name]
    several = name in rules.SEVERAL_LINES or name.startswith("answer-")
    return clean_text(text[: limit * 4 + 100], several)


def tidy_contact(contact: ContactDraft) -> ContactDraft:
    """Return a contact with tidied texts."""
    return replace(contact, **{n: tidy(n, text) for n, text in contact_texts(contact).items()})


def contact_texts(contact: ContactDraft) -> dict[str, str]:
    """Return the fields of a contact by name."""
    return {part.name: getattr(contact, part.name) or "" for part in fields(contact)}


def contact_errors(contact: ContactDraft, before: LeadContact | None) -> dict[str, str]:
    """Say what of a contact can't be understood. What stood there before may stay as written."""
    errors = {}
    if contact.email and not find_email(contact.email):
        errors["email"] = _("This is no e-mail address. It looks like name@company.com.")
    if (
        contact.domain
        and contact.domain != ((before.domain if before else None) or "")
        and not find_domain(contact.domain)
    ):
        errors["domain"] = _("This is no web address. It looks like company.com.")
    return errors


def phone_of(written: str, country: str | None) -> str | None:
    """Return the E.164 form of the first number that can be understood."""
    for part in re.split(r"[,;\n]", written):
        if found := find_phone(part.strip(), country):
            return found
    return None


def write_contact(row: LeadContact, contact: ContactDraft, country: str | None) -> None:
    """Write a tidied contact; phone, e-mail and domain in the form they are looked up by."""
    for name, text in contact_texts(contact).items():
        setattr(row, name, text or None)
    row.email = find_email(contact.email) if contact.email else None
    row.domain = find_domain(contact.domain) or contact.domain.lower() or None
    row.phone_e164 = phone_of(contact.phone, country)


def find_place(lead: Lead) -> bool:
    """Look up the city's centre and zone; return whether it is known."""
    place = (
        find_city(lead.city, lead.country, lead.subdivision) if lead.city and lead.country else None
    )
    lead.latitude = place.latitude if place else None
    lead.longitude = place.longitude if place else None
    if place:
        lead.time_zone = place.zone
        lead.subdivision = lead.subdivision or place.subdivision
    return place is not None


def lock_to_edit(lead_id: int, actor: Actor) -> Lead:
    """Lock a lead that the person may qualify and return it fresh.

    Raises `NotFound`, `rules.NotEditable`.
    """
    lead = lock_visible(lead_id, actor)
    rules.check_editable(lead.state, lead.number)
    return lead


def take_next(
    actor: Actor,
    at: datetime,
    which: ColumnElement[bool] | None = None,
    after: int | None = None,
    order: Sequence[ColumnElement[Any]] = (),
) -> Lead | None:
    """Take the most important captured lead into the person's hands; None where none is left.

    Two who ask at once get two different leads. `which` narrows the queue, `after` is the lead
    that the person comes from, `order` is another order.
    """
    lead = session().scalar(
        select(Lead)
        .where(
            Lead.state == LeadState.CAPTURED,
            Lead.suppressed.is_(False),
            Lead.id != (after or 0),
            visible_to(actor),
            which if which is not None else true(),
        )
        .order_by(*(order or (Lead.priority.desc(), Lead.captured_at.desc(), Lead.id.desc())))
        .limit(1)
        .with_for_update(key_share=True, skip_locked=True)
    )
    if lead is not None:
        take(lead, actor, at)
    return lead


def take(lead: Lead, actor: Actor, at: datetime) -> None:
    """Have a locked lead that waits be the person's to qualify."""
    lead.state, lead.state_since, lead.qualifier_id = LeadState.QUALIFYING, at, actor.id
    lead.version += 1
    session().flush()
    record(events.LeadTaken(at=at, lead_id=lead.id, user_id=actor.id))


def queue_again(lead_id: int, at: datetime) -> Lead:
    """Put a lead that was in nurture into the queue of those to qualify, for whoever is next."""
    lead = session().get_one(
        Lead, lead_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if lead.state == LeadState.NURTURE:
        lead.state, lead.state_since, lead.qualifier_id = LeadState.CAPTURED, at, None
        lead.qualified_at = None
        lead.version += 1
        session().flush()
    return lead


def put_back_drafts(user_id: int, at: datetime) -> int:
    """Put what somebody has begun to qualify back into the queue; return how many leads."""
    begun = session().scalars(
        select(Lead)
        .where(Lead.state.in_(TO_QUALIFY), Lead.qualifier_id == user_id)
        .order_by(Lead.id)
        .with_for_update(key_share=True)
    )
    count = 0
    for lead in begun:
        lead.state, lead.state_since, lead.qualifier_id = LeadState.CAPTURED, at, None
        lead.version += 1
        count += 1
        record(events.DraftPutBack(at=at, lead_id=lead.id, user_id=user_id))
    session().flush()
    return count


def save_qualification(
    lead_id: int, given: Qualification, actor: Actor, at: datetime, version: int
) -> Lead:
    """Keep what was typed; it may be incomplete. A lead that was ready has to be made ready again.

    Raises `NotFound`, `rules.NotEditable`, `Invalid` (a text too long, an e-mail that is none),
    `Conflict` where somebody else saved something different meanwhile.
    """
    lead = lock_to_edit(lead_id, actor)
    with wall.open_for([lead_id], session()):
        return _save(lead, tidy_qualification(given), actor, at, version)


def _save(lead: Lead, given: Qualification, actor: Actor, at: datetime, version: int) -> Lead:
    contact = session().get(LeadContact, lead.id, with_for_update=True)
    if contact is None:
        contact = LeadContact(lead_id=lead.id)
        session().add(contact)
    kept = own_fields.read(lead.id)
    own, unreadable = custom_fields.take(own_fields.in_use(), given.custom, kept)
    answers, wrong = script.read(questions_of(lead), given.answers, answers_of(lead.id))
    unreadable |= wrong
    check_input(given, lead, contact, unreadable)
    number, before = lead.number, snapshot(lead, contact)
    new_answers = changed_answers(lead, answers)
    with session().no_autoflush:
        write_teaser(lead, given)
        if given.basis and given.basis != lead.basis:
            write_basis(lead, Basis(given.basis), at)
        elif lead.basis is None and (basis := basis_of_source(lead.source_id)):
            write_basis(lead, basis, at)
        if _place_of(given) != (before["country"], before["subdivision"], before["city"]):
            find_place(lead)
        phone_before, e164_before = contact.phone, contact.phone_e164
        write_contact(contact, given.contact, lead.country)
        if contact.phone == phone_before and lead.country == before["country"]:
            contact.phone_e164 = e164_before
        after = snapshot(lead, contact)
    changed = sorted(name for name in after if after[name] != before[name])
    changed += sorted(f"answer-{key}" for key in new_answers)
    changed += custom_fields.changed(kept, own)
    if changed and version != lead.version:
        # who shows the page again must read what stands in the database
        session().expire(lead)
        session().expire(contact)
        raise Conflict(
            _(
                "Somebody else changed %(number)s while you worked on it. What you typed is still "
                "here; please compare before you save again.",
                number=number,
            )
        )
    if not changed and lead.state != LeadState.CAPTURED:
        return lead
    write_answers(lead, new_answers)
    if own != kept:
        own_fields.write(lead.id, own)
    # partners read it again once it was found to give nobody away
    lead.open_custom = None
    keys = suppression_keys(given.contact, lead.source_system, lead.external_id, contact.phone_e164)
    lead.suppressed = lead.suppressed or is_suppressed(keys)
    if lead.state != LeadState.QUALIFYING:
        lead.state, lead.state_since = LeadState.QUALIFYING, at
        lead.qualified_at = None
    lead.qualifier_id = actor.id
    lead.version += 1
    session().flush()
    record(events.QualificationSaved(at=at, lead_id=lead.id, user_id=actor.id, fields=changed))
    return lead


def tidy_qualification(given: Qualification) -> Qualification:
    """Return the form's content with tidied texts."""
    return replace(
        given,
        title=tidy("title", given.title),
        partner_text=tidy("partner_text", given.partner_text),
        expectation=tidy("expectation", given.expectation),
        time_frame=tidy("time_frame", given.time_frame),
        city=tidy("city", given.city),
        contact=tidy_contact(given.contact),
        answers={key: tidy(f"answer-{key}", text or "") for key, text in given.answers.items()},
    )


def check_input(
    given: Qualification, lead: Lead, contact: LeadContact, unreadable: Mapping[str, str]
) -> None:
    """Raise `Invalid` naming every field that can't be kept as typed, those of its own included."""
    errors = rules.too_long(
        {
            "title": given.title,
            "partner_text": given.partner_text,
            "expectation": given.expectation,
            "time_frame": given.time_frame,
            "city": given.city,
            **contact_texts(given.contact),
            **{f"answer-{key}": text for key, text in given.answers.items()},
        }
    )
    errors |= unreadable
    errors |= contact_errors(given.contact, contact)
    phone = given.contact.phone
    if phone and phone != (contact.phone or "") and not phone_of(phone, given.country):
        errors["phone"] = rules.phone_refusal(given.country)
    if given.basis and given.basis != lead.basis:
        errors |= basis_errors(Basis(given.basis))
    if given.temperature is not None and given.temperature not in list(Temperature):
        errors["temperature"] = _("Please choose hot, warm or cold.")
    if given.country is not None and pycountry.countries.get(alpha_2=given.country) is None:
        errors["country"] = _("Please choose a country of the list.")
    for name, kind in CATALOGUE_FIELDS.items():
        chosen = getattr(given, name)
        if chosen is None or chosen == getattr(lead, name):
            continue
        if not (_usable(chosen, kind) and may_have(lead, kind, chosen)):
            errors[name] = _("Please choose one of the list.")
    unknown = set(given.product_ids) - set(lead.product_ids or [])
    if not all(_usable(product, "product") for product in unknown):
        errors["product_ids"] = _("Please choose from the list.")
    elif not all(may_have(lead, "product", product) for product in unknown):
        errors["product_ids"] = _("Leads of this type are about other products.")
    said = levels.for_all()
    for name in ("priority", "importance"):
        level = getattr(given, name)
        if level not in (None, getattr(lead, name)) and not said.is_in_use(name, level):
            errors[name] = _("Please choose one of the list.")
    if given.people is not None and not 0 < given.people <= 10_000_000:
        errors["people"] = _("Please give a number of people.")
    if given.target_amount is not None and not 0 <= given.target_amount < Decimal(10) ** 11:
        errors["target_amount"] = _("Please give an amount a lead can be worth.")
    if errors:
        raise Invalid(errors)


CATALOGUE_FIELDS = {
    "brand_id": "brand",
    "industry_id": "industry",
    "size_band_id": "size_band",
    "value_band_id": "value_band",
    "source_id": "source",
    "category_id": "category",
}


def _usable(entry: int, kind: str) -> bool:
    found: Entry | None = book().by_id.get(entry)
    return found is not None and found.kind == kind and found.active


def _place_of(given: Qualification) -> tuple[str | None, str | None, str | None]:
    return given.country, given.subdivision, given.city or None


SAVED = (
    *("title", "partner_text", "expectation", "temperature", "country", "subdivision", "city"),
    *("brand_id", "product_ids", "industry_id", "size_band_id", "people", "value_band_id"),
    *("target_amount", "time_frame", "source_id", "priority", "importance"),
    *("category_id", "basis"),
)


def snapshot(lead: Lead, contact: LeadContact) -> dict[str, Any]:
    """Return what the form can change, to see whether it did."""
    values: dict[str, Any] = {name: getattr(lead, name) for name in SAVED}
    values["product_ids"] = sorted(lead.product_ids or [])
    values["time_frame"] = lead.time_frame or ""
    return values | {
        f"contact.{part.name}": getattr(contact, part.name) for part in fields(ContactDraft)
    }


def write_teaser(lead: Lead, given: Qualification) -> None:
    """Write what is known of the lead apart from its contact."""
    lead.title, lead.partner_text = given.title, given.partner_text
    lead.expectation, lead.temperature = given.expectation, given.temperature
    lead.country, lead.city = given.country, given.city or None
    known = subdivisions(given.country) if given.country else {}
    lead.subdivision = given.subdivision if given.subdivision in known else None
    lead.brand_id, lead.industry_id = given.brand_id, given.industry_id
    lead.product_ids = sorted(set(given.product_ids))
    lead.people, lead.target_amount = given.people, given.target_amount
    lead.size_band_id = given.size_band_id or band_of("size_band", given.people)
    lead.value_band_id = given.value_band_id or band_of("value_band", given.target_amount)
    lead.time_frame, lead.source_id = given.time_frame or None, given.source_id
    lead.category_id = given.category_id
    lead.priority = lead.priority if given.priority is None else given.priority
    lead.importance = lead.importance if given.importance is None else given.importance


def questions_of(lead: Lead) -> list[QualificationQuestion]:
    """Return the questions of the lead's script, in their order."""
    return list(
        session().scalars(
            select(QualificationQuestion)
            .join(LeadType, LeadType.definition_id == QualificationQuestion.definition_id)
            .where(LeadType.id == lead.type_id, QualificationQuestion.for_type(LeadType.id))
            .order_by(QualificationQuestion.position, QualificationQuestion.id)
        )
    )


def answers_of(lead_id: int) -> dict[int, str]:
    """Return the answers so far, by question."""
    rows = session().execute(
        select(LeadAnswer.question_id, LeadAnswer.answer).where(LeadAnswer.lead_id == lead_id)
    )
    return {row.question_id: row.answer for row in rows}


def changed_answers(lead: Lead, answers: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    """Return the answers that differ from those kept, by the key of the question."""
    kept = answers_of(lead.id)
    return {
        question.key: (question.id, answers[question.key])
        for question in questions_of(lead)
        if question.key in answers and answers[question.key] != kept.get(question.id, "")
    }


def write_answers(lead: Lead, answers: Mapping[str, tuple[int, str]]) -> None:
    """Keep changed answers."""
    if not answers:
        return
    written = upsert(LeadAnswer).values(
        [
            {"lead_id": lead.id, "question_id": question_id, "answer": text}
            for question_id, text in answers.values()
        ]
    )
    session().execute(
        written.on_conflict_do_update(
            index_elements=["lead_id", "question_id"], set_={"answer": written.excluded.answer}
        )
    )


def facts_of(contact: LeadContact | ContactDraft, country: str | None, city: str) -> ContactFacts:
    """Return what must not stand in a text for partners."""
    return ContactFacts(
        company=contact.company or "",
        first_name=contact.first_name or "",
        last_name=contact.last_name or "",
        phone=contact.phone or "",
        phone_e164=phone_of(contact.phone or "", country) or "",
        email=str(contact.email or ""),
        domain=str(contact.domain or ""),
        street=contact.street or "",
        postcode=contact.postcode or "",
        city=city,
    )


def qualify(lead_id: int, actor: Actor, at: datetime, confirmed: str = "") -> Lead:
    """Declare a lead complete: it may be offered. Doing it twice is fine.

    `confirmed` is the `rules.fingerprint` of the leaks that the person saw and let stand. Raises
    `NotFound`, `rules.NotEditable`, `rules.DoNotCall`, `Invalid` naming what is missing or what
    gives the contact away.
    """
    lead = lock_to_edit(lead_id, actor)
    if lead.suppressed:
        raise rules.DoNotCall(
            _(
                "%(number)s can't be offered: the contact asked not to be approached.",
                number=lead.number,
            )
        )
    own = custom_fields.open_part(own_fields.in_use(), own_fields.read(lead_id))
    if lead.state == LeadState.QUALIFIED and own == (lead.open_custom or {}):
        return lead
    with wall.open_for([lead_id], session()):
        contact = session().get_one(LeadContact, lead_id)
    errors = requirements.missing_for(lead, "offer", contact)
    leaks = rules.leaks_in(
        {name: getattr(lead, name) or "" for name in rules.OPEN_TEXTS}
        | custom_fields.open_words(own_fields.in_use(), own),
        facts_of(contact, lead.country, lead.city or ""),
    )
    if leaks and confirmed != rules.fingerprint(leaks):
        for name in leaks:
            errors[name] = _("This gives the contact away. Please change it, or let it stand.")
    if errors:
        raise Invalid(errors)
    if leaks:
        kinds = {name: sorted({leak.kind.value for leak in found}) for name, found in leaks.items()}
        record(events.LeaksConfirmed(at=at, lead_id=lead.id, user_id=actor.id, kinds=kinds))
    lead.state, lead.state_since, lead.qualified_at = LeadState.QUALIFIED, at, at
    lead.qualifier_id, lead.open_custom = actor.id, own or None
    lead.version += 1
    session().flush()
    beginning.drop(lead, actor.id, at)
    record(events.LeadQualified(at=at, lead_id=lead.id, user_id=actor.id))
    return lead


def disqualify(lead_id: int, reason_key: str | None, note: str, actor: Actor, at: datetime) -> Lead:
    """Put a lead aside for good, with the reason; "do not call" goes onto the suppression list.

    Raises `NotFound`, `rules.NotEditable`, `Invalid` at field `reason`.
    """
    lead = lock_to_edit(lead_id, actor)
    reason = book().find_reason("disqualify", (reason_key or "").strip())
    note = tidy("note", note)
    errors = rules.too_long({"note": note})
    if reason is None:
        errors["reason"] = _("Please choose a reason.")
    if errors or reason is None:
        raise Invalid(errors)
    lead.state, lead.state_since = LeadState.DISQUALIFIED, at
    lead.disqualified_reason_id, lead.qualifier_id = reason.id, actor.id
    lead.qualified_at = None
    lead.version += 1
    session().flush()
    beginning.drop(lead, actor.id, at)
    record(
        events.LeadDisqualified(at=at, lead_id=lead.id, user_id=actor.id, reason_id=reason.id),
        {"note": note} if note else None,
    )
    if short_key(reason) == DO_NOT_CALL:
        lead.suppressed = True
        with wall.open_for([lead_id], session()):
            contact = session().get(LeadContact, lead_id)
        suppress(
            suppression_keys(contact or ContactDraft(), lead.source_system, lead.external_id),
            DO_NOT_CALL,
            at,
            lead.id,
        )
    return lead


def suppression_keys(
    contact: LeadContact | ContactDraft,
    source_system: str,
    external_id: str | None,
    phone_e164: str | None = None,
) -> list[str]:
    """Return the keys under which a contact that must not be approached is known again."""
    keys = [f"external:{source_system}:{external_id}"] if external_id else []
    if contact.email and (email := find_email(str(contact.email))):
        keys.append(f"email:{email}")
    phone = (
        phone_e164 or getattr(contact, "phone_e164", None) or phone_of(contact.phone or "", None)
    )
    if phone:
        keys.append(f"phone:{phone}")
    return keys


def is_suppressed(keys: Collection[str]) -> bool:
    """Say whether one of the keys is on the suppression list."""
    return (
        bool(keys)
        and session().scalar(select(Suppression.key).where(Suppression.key.in_(keys)).limit(1))
        is not None
    )


def suppress(
    keys: Collection[str], reason: str, at: datetime, lead_id: int | None = None
) -> list[int]:
    """Put keys onto the suppression list and mark every other lead of the same contact.

    Returns the leads of this contact that are on offer just now: they are not marked, who may
    withdraw them decides. Leads in a partner's hands stay as they are.
    """
    if not keys:
        return []
    session().execute(
        upsert(Suppression)
        .values(
            [
                {"key": key, "reason": reason, "created_at": at, "lead_id": lead_id}
                for key in dict.fromkeys(keys)
            ]
        )
        .on_conflict_do_nothing()
    )
    emails = [key.removeprefix("email:") for key in keys if key.startswith("email:")]
    phones = [key.removeprefix("phone:") for key in keys if key.startswith("phone:")]
    query = (
        select(Lead)
        .join(LeadContact, LeadContact.lead_id == Lead.id)
        .where(
            or_(LeadContact.email.in_(emails), LeadContact.phone_e164.in_(phones)),
            Lead.id != (lead_id or 0),
            Lead.suppressed.is_(False),
            Lead.state.in_([*rules.EDITABLE, LeadState.OFFERED, LeadState.DISQUALIFIED]),
        )
        .order_by(Lead.id)
        .with_for_update(key_share=True, of=Lead)
        .execution_options(populate_existing=True)
    )
    with wall.open_to_search():
        others = session().scalars(query).all()
    marked, on_offer = [], []
    for lead in others:
        if lead.state == LeadState.OFFERED:
            on_offer.append(lead.id)
            continue
        lead.suppressed = True
        lead.version += 1
        marked.append(lead.id)
    session().flush()
    record(
        events.ContactSuppressed(
            at=at, lead_id=lead_id, reason=reason, marked=marked, on_offer=on_offer
        )
    )
    return on_offer


def may_qualify(lead: Lead) -> bool:
    """Say whether a lead waits to be qualified."""
    return lead.state in TO_QUALIFY
