"""Find leads by what somebody types: words and numbers, by contact and own fields she may see.

What is found are leads, never contacts. Behind the wall only whole keys are compared: an e-mail, a
phone number, a domain, a company's name.
"""

from __future__ import annotations

from collections.abc import Sequence

from babel.core import get_global
from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    any_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from portal.accounts.actor import Actor
from portal.catalog.field_filters import says
from portal.core.db import session
from portal.leads import own_fields, wall
from portal.leads.intake.cleaning import find_domain, find_phone
from portal.leads.models import Lead, LeadContact, LeadFields, LeadWords
from portal.leads.sight import where_seen
from portal.leads.visibility import Choices, Field

TRIGRAM = 3
"""Letters from which on a part of a word is found by an index."""
IDS = ARRAY(BigInteger)
ORDERED_BY = ("captured_at", "priority", "importance", "type_id", "title", "amount")
NO_WORDS = r"""[\s!&|():*<>'"\\@/.,;+-]+"""
MOST_OF_A_CONTACT = 200


def escaped(text: str) -> str:
    """Take the wildcards of LIKE literally."""
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def found(text: str, lead_ids: Sequence[int] = (), also: Select[int] | None = None) -> CTE:
    """Return the leads in whose words this stands, and those found otherwise, too.

    A part of number, title or city; or all of the words, each from its beginning, anywhere in the
    title and the text for partners. The columns are those of `LeadWords` by which lists are
    ordered: who orders by them needs no look at the leads.
    """
    # what is asked for is worked out once, not for each lead that an index names
    asked = select(
        func.to_tsquery(literal_column("'simple'::regconfig"), _begun(text), type_=TSQUERY())
    ).scalar_subquery()
    # each way by its own index
    ways: list[ColumnElement[bool]] = [LeadWords.words.bool_op("@@")(asked)]
    if len(text) >= TRIGRAM:
        part = select(func.lower(func.unaccent(f"%{escaped(text)}%"))).scalar_subquery()
        ways.append(LeadWords.named.like(part))
    if lead_ids:
        ways.append(LeadWords.lead_id == any_(cast(lead_ids, IDS)))
    if also is not None:
        ways.append(LeadWords.lead_id == any_(func.array(also.scalar_subquery(), type_=IDS)))
    # all that is found first: not all leads in their order until enough of them fit
    words = select(LeadWords.lead_id, *(getattr(LeadWords, name) for name in ORDERED_BY))
    return words.where(or_(*ways)).cte("worded").prefix_with("MATERIALIZED")


def _begun(text: str) -> ColumnElement[str | None]:
    """Return the query of words that begin like those of a text; NULL where it has none.

    What means something in a query becomes a space, only after accents are gone: some signs, such
    as a number in brackets, are several without.
    """
    words = func.regexp_replace(func.unaccent(text), NO_WORDS, " ", "g")
    plain = func.btrim(words, type_=Text())
    several = func.regexp_replace(plain, r"\s+", ":* & ", "g", type_=Text())
    return case((plain != "", several + ":*"))


def find_by_contact(
    text: str, actor: Actor, choices: Choices, visible: ColumnElement[bool]
) -> list[int]:
    """Return the `visible` leads with this e-mail, phone, domain or company, newest first.

    Only those whose contact data the person sees anyway. A number without its country is taken for
    one of where the person is.
    """
    lowered = text.lower()
    keys = [LeadContact.company_key == lowered]
    if "@" in text:
        keys = [LeadContact.email == lowered]
    elif phone := find_phone(text, get_global("zone_territories").get(actor.timezone)):
        keys = [LeadContact.phone_e164 == phone]
    elif domain := find_domain(text):
        keys.append(LeadContact.domain == domain)
    query = (
        select(Lead.id)
        .join(LeadContact, LeadContact.lead_id == Lead.id)
        .where(or_(*keys), visible, where_seen(Field.CONTACT, actor, choices))
        .order_by(Lead.captured_at.desc(), Lead.id.desc())
        .limit(MOST_OF_A_CONTACT)
    )
    with wall.open_to_search() as opened:
        return list(opened.scalars(query))


def find_by_own(
    text: str, actor: Actor, choices: Choices, visible: ColumnElement[bool]
) -> list[int]:
    """Return the `visible` leads whose own fields say this, as far as the person sees them.

    Newest first.
    """
    if not own_fields.in_use():
        return []
    said = select(LeadFields.lead_id).where(says(LeadFields.custom, text))
    query = (
        select(Lead.id)
        .where(Lead.id.in_(said))
        .where(visible, where_seen(Field.OWN, actor, choices))
        .order_by(Lead.captured_at.desc(), Lead.id.desc())
        .limit(MOST_OF_A_CONTACT)
    )
    return list(session().scalars(query))
