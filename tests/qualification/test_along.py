"""The work of qualifying goes along when two inquiries become one, and comes back."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.duplicates import merging
from portal.leads.models import Lead, LeadState
from portal.leads.operations import ContactDraft
from portal.qualification import desk, nurture, routing
from portal.qualification.desk import Try
from portal.qualification.models import ContactAttempt
from tests.factories import AT, make_lead, make_manager, make_person, make_unit, make_vendor
from tests.qualification.test_desk import ANY, HOUR, make_qualifier
from tests.qualification.test_nurture import DAY, MARIA, UNTIL, inquiry, mails, write

pytestmark = pytest.mark.usefixtures("ctx")


def merged(kept: Lead, gone: Lead, by, at=AT + 2 * HOUR):
    return merging.merge(kept.id, gone.id, {}, by, at, (kept.version, gone.version))


def tries(lead: Lead) -> int:
    its = ContactAttempt.lead_id == lead.id
    return session().scalar(select(func.count()).select_from(ContactAttempt).where(its)) or 0


def stands(lead: Lead) -> tuple:
    work = desk.find_work(lead.id)
    session().refresh(lead)
    if work is not None:
        session().refresh(work)
    said = (work.attempts, work.step, work.call_back_at, work.last_outcome) if work else (0,)
    return (*said, lead.qualifier_id, lead.unit_id, lead.owner_id, lead.state, tries(lead))


def made() -> Lead:
    return make_lead(state="captured", qualified_at=None, country="DE")


def sweep(first: int, last: int) -> None:
    for number in range(first, last + 1):
        for lead_id in nurture.due(AT + number * DAY):
            nurture.attend(lead_id, AT + number * DAY)


def test_attempts_step_people_and_the_call_back_go_to_the_lead_that_stays_and_come_back():
    mara, vendor = get_actor(make_manager().id), make_vendor()
    phones, brand = make_unit(vendor, "Tele-sales"), make_unit(vendor, "Brand")
    for place, (key, unit) in enumerate((("profiling", phones), ("bant", brand))):
        routing.set_step(
            "end_customer", key, unit.id, briefing=False, position=place, actor=mara, at=AT
        )
    tele, bea = make_qualifier(unit_id=phones.id), make_qualifier(unit_id=brand.id)
    pam = make_person(vendor, "account_manager")
    kept, gone = made(), made()
    routing.route_waiting(AT)
    session().expire_all()
    for lead, outcomes in ((kept, ["no_answer"]), (gone, ["voicemail", "reached"])):
        for outcome in outcomes:
            desk.note_attempt(lead.id, Try(outcome), tele, AT)
        desk.release(lead.id, tele)
    desk.hand_on(gone.id, tele, AT, user_id=bea.id)
    desk.name_manager(gone.id, pam.id, bea, AT)
    desk.note_attempt(gone.id, Try("call_back", "", AT + 5 * HOUR), bea, AT + HOUR)
    before = stands(kept), stands(gone)
    done = merged(kept, gone, mara)
    assert stands(kept) == (
        *(4, "bant", AT + 5 * HOUR, "call_back"),
        *(bea.id, brand.id, pam.id, "qualifying", 4),
    )
    assert desk.find_work(kept.id).reached_at == AT
    # who is to be called back comes first, under the number that stays
    assert desk.take_next(bea, AT + 6 * HOUR, ANY) is kept
    merging.undo(done.id, mara, AT + 3 * HOUR)
    assert (stands(kept), stands(gone)) == before
    # what was done since the merge stays where it was done
    desk.release(kept.id, bea)
    done = merged(kept, gone, mara)
    desk.note_attempt(kept.id, Try("reached"), bea, AT + 7 * HOUR)
    merging.undo(done.id, mara, AT + 8 * HOUR)
    assert (stands(kept)[0], stands(kept)[3], tries(kept)) == (2, "reached", 2)
    assert stands(gone) == before[1]


@pytest.mark.parametrize("both", [False, True])
def test_a_nurture_goes_on_for_the_lead_that_stays_and_nobody_gets_a_mail_twice(both):
    anna, mara = make_qualifier(), get_actor(make_manager().id)
    for days in (7, 14, 20, 28):
        write(mara, days)
    kept, gone = inquiry(), inquiry()
    for lead, until in ((gone, UNTIL), (kept, UNTIL - 14 * DAY)):
        if both or lead is gone:
            nurture.begin(lead.id, until, anna, AT)
    kept.state, before = LeadState.NURTURE, nurture.find_nurture(kept.id)
    if before is not None:
        before.since += DAY
    session().flush()
    sweep(0, 7)
    assert len(mails()) == 1
    done = merged(kept, gone, mara, AT + 7 * DAY)
    assert nurture.find_nurture(gone.id) is None
    row = nurture.find_nurture(kept.id)
    assert (row.since, row.sent_days, row.until.date()) == (AT, 7, UNTIL)
    sweep(8, 14)
    assert [one[1] for one in mails()] == ["After 7", "After 14"]
    merging.undo(done.id, mara, AT + 15 * DAY)
    # the mail that has gone meanwhile goes to neither of them again
    assert (gone.state, nurture.find_nurture(gone.id).sent_days) == ("nurture", 14)
    assert (nurture.find_nurture(kept.id) is not None) is both
    sweep(15, 20)
    assert [one[1] for one in mails()] == ["After 7", "After 14", "After 20"]
    merged(kept, gone, mara, AT + 20 * DAY)
    nurture.leave(kept.id, AT + 21 * DAY)
    sweep(21, 30)
    assert len(mails()) == 3


def test_who_wants_no_mails_gets_none_by_way_of_a_merge():
    anna, mara = make_qualifier(), get_actor(make_manager().id)
    write(mara, 7)
    kept, gone = inquiry(ContactDraft(company="Zoo", email="zoe@zoo.example")), inquiry(MARIA)
    nurture.begin(gone.id, UNTIL, anna, AT)
    kept.state, kept.suppressed = LeadState.NURTURE, True
    session().flush()
    done = merged(kept, gone, mara)
    sweep(0, 7)
    assert (nurture.find_nurture(kept.id), mails()) == (None, [])
    merging.undo(done.id, mara, AT + 7 * DAY)
    sweep(7, 8)
    assert [one[0] for one in mails()] == [MARIA.email]
