"""What must be known of a lead before a step; the fields are rows of the lead definition."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, select

from portal.catalog.fields import PREFIX, place_of
from portal.core.db import ask, session
from portal.core.errors import Invalid
from portal.leads import own_fields, script, wall
from portal.leads.definition import STAGES
from portal.leads.definition_words import FIELD_WORDS, called
from portal.leads.models import (
    Lead,
    LeadAnswer,
    LeadContact,
    LeadRequirement,
    LeadStatus,
    LeadType,
    QualificationQuestion,
)

OFFER, CONFIRM = "offer", "confirm"
"""Before an offer (MQL), and before whoever works on a lead confirms it (SQL)."""

WORDS = {
    "title": _l("Please give the lead a title that says what is wanted."),
    "partner_text": _l("Please write the text for partners."),
    "temperature": _l("Please say whether it is hot, warm or cold."),
    "source_id": _l("Please say where the inquiry comes from."),
    "country": _l("Please choose the country."),
    "city": _l("Please name the city."),
    "industry_id": _l("Please choose the industry."),
    "size_band_id": _l("Please choose the size of the company."),
    "value_band_id": _l("Please choose the expected value."),
    "time_frame": _l("Please say by when it is wanted."),
    "product_ids": _l("Please choose at least one product."),
    "brand_id": _l("Please choose the brand."),
    "target_amount": _l("Please say what it may bring."),
    "probability": _l("Please say how likely it is."),
    "expected_on": _l("Please say when it is expected to end."),
    "quote_number": _l("Please give the number of the quote."),
    "quote_needs": _l("Please say what the quote needs."),
    "basis": _l("Please say on which legal basis we may approach them."),
    "contact.company": _l("Please name the company."),
    "contact.last_name": _l("Please name the person to call."),
    "contact.reachable": _l("Please give a phone number or an e-mail address."),
}


# every lead is asked these before an offer, so they are built once
FIELDS = (
    select(LeadRequirement.field)
    .where(
        LeadRequirement.type_id == bindparam("type_id"), LeadRequirement.step == bindparam("step")
    )
    .order_by(LeadRequirement.id)
)
QUESTIONS = (
    select(QualificationQuestion, LeadAnswer.answer)
    .join(LeadType, LeadType.definition_id == QualificationQuestion.definition_id)
    .outerjoin(
        LeadAnswer,
        (LeadAnswer.question_id == QualificationQuestion.id)
        & (LeadAnswer.lead_id == bindparam("lead_id")),
    )
    .where(LeadType.id == bindparam("type_id"), QualificationQuestion.for_type(LeadType.id))
    .order_by(QualificationQuestion.position, QualificationQuestion.id)
)


def missing_for(lead: Lead, step: str, contact: LeadContact | None = None) -> dict[str, str]:
    """Return a sentence per field that is still missing before `step`.

    That is one of `STEP_FIELDS`, or `CONFIRM`, before which only the script asks for something.

    `contact` is the lead's, where it is at hand.
    """
    fields = ask(FIELDS, {"type_id": lead.type_id, "step": step}).scalars().all()
    if contact is None and any(field.startswith("contact.") for field in fields):
        with wall.open_for([lead.id]) as opened:
            contact = opened.get(LeadContact, lead.id)
    missing = {
        field: str(WORDS.get(field, _("Please fill this in.")))
        for field in fields
        if not field.startswith(PREFIX) and not _filled(field, lead, contact)
    }
    if step in (OFFER, CONFIRM):
        missing.update(_unanswered(lead, later=step == CONFIRM))
    missing.update(_without_own(lead, fields, required=step == "offer"))
    if step == "offer" and lead.basis is None:
        # no programme can leave this out
        missing["basis"] = str(WORDS["basis"])
    return missing


def _without_own(lead: Lead, asked: Collection[str], *, required: bool) -> dict[str, str]:
    """Return a sentence for each own field that is asked for, or `required` anyway, and empty."""
    locale = str(get_locale())
    return {
        place_of(one.key): str(_("Please fill in “%(field)s”.", field=one.label(locale)))
        for one in own_fields.list_empty(lead.id, asked, required=required)
    }


def _filled(field: str, lead: Lead, contact: LeadContact | None) -> bool:
    if field == "contact.reachable":
        return contact is not None and bool(contact.phone_e164 or contact.email)
    if field.startswith("contact."):
        return contact is not None and bool(getattr(contact, field.removeprefix("contact."), None))
    if field == "expected_on":
        return (lead.expected_on or lead.estimated_on) is not None
    # nought is an answer
    return getattr(lead, field, None) not in (None, "", [])


def list_questions(lead: Lead) -> list[tuple[QualificationQuestion, str]]:
    """Return the questions that are asked of a lead with what was answered."""
    asked_of = {"lead_id": lead.id, "type_id": lead.type_id}
    rows = session().execute(QUESTIONS, asked_of).all()
    answers = {question.key: answer or "" for question, answer in rows}
    asked = script.asked([question for question, _answer in rows], answers)
    return [(one, answers[one.key]) for one in asked]


def _unanswered(lead: Lead, *, later: bool) -> dict[str, str]:
    """Return a sentence for each question that is asked, must be answered, and is not."""
    return {
        f"answer-{one.key}": str(_("Please answer this question."))
        for one, answer in list_questions(lead)
        if (one.required or (later and one.required_later)) and not answer.strip()
    }


def check_complete(lead: Lead, step: str) -> None:
    """Raise `Invalid` naming every field that is still missing before a step."""
    missing = missing_for(lead, step)
    if missing:
        raise Invalid(missing)


def check_stage(lead: Lead, status: LeadStatus) -> None:
    """Raise `Invalid` at field `status`, naming all that is missing before a stage of the sale."""
    if status.key not in STAGES or status.id == lead.status_id:
        return
    missing = missing_for(lead, status.key)
    if missing:
        locale = str(get_locale())
        own = {place_of(one.key): one.label(locale) for one in own_fields.in_use()}
        words = ", ".join(str(FIELD_WORDS.get(field) or own[field]) for field in missing)
        said = _(
            "Before “%(status)s” please fill in on the lead: %(missing)s.",
            status=called(status.names),
            missing=words,
        )
        raise Invalid({"status": said})
