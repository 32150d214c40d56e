"""What an inquiry brings along besides its contact."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Invalid
from portal.leads import interests, operations, own_fields, removal, signals
from portal.leads.models import Lead, LeadFinder, LeadSignal
from portal.leads.operations import ContactDraft, Draft
from tests.factories import AT, make_person, make_programme

INQUIRY = Draft(title="Racks", contact=ContactDraft(company="Kanarienwerke AG"))


def test_an_inquiry_brings_answers_notes_on_products_and_own_fields(ctx):
    make_programme()
    lead = operations.capture(
        Draft(
            title="Racks",
            contact=ContactDraft(company="Kanarienwerke AG"),
            product_keys=["switches"],
            product_notes={"switches": "How\nloud?"},
            answers={"need": "Two halls", "budget": ""},
        ),
        AT,
    )
    asked = {one.id: one.key for one in operations.questions_of(lead)}
    assert {asked[k]: v for k, v in operations.answers_of(lead.id).items()} == {"need": "Two halls"}
    assert list(interests.read_notes(lead.id).values()) == ["How\nloud?"]
    assert own_fields.read(lead.id) == {}


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"answers": {"shoe_size": "44"}}, "answer-shoe_size"),
        ({"product_notes": {"switches": "How loud?"}}, "note-switches"),
        ({"custom": {"shoe_size": "44"}}, "own-shoe_size"),
        ({"answers": {"need": "x" * 5000}}, "answer-need"),
    ],
)
def test_what_an_inquiry_names_must_be_there(ctx, more, place):
    make_programme()
    with pytest.raises(Invalid) as refusal:
        operations.capture(Draft(title="Racks", **more), AT)
    assert set(refusal.value.errors) == {place}


def test_who_found_a_lead_himself_is_kept_and_goes_with_it(ctx):
    rep = make_person()
    lead = operations.capture(INQUIRY, AT, get_actor(rep.id))
    found = session().get(LeadFinder, lead.id)
    assert (found.user_id, found.organisation_id) == (rep.id, rep.organisation_id)
    assert lead.owner_id is None, "one of a partner answers for nothing of the vendor's"
    signals.add_signal(lead.id, "visit", AT)
    removal.remove(lead)
    for table in (Lead, LeadFinder, LeadSignal):
        assert not session().scalars(select(table)).all()
