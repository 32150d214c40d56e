"""The desk: who gets an inquiry, whose it is while she works on it, attempts, steps, agencies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.actor import Actor
from portal.accounts.models import OrganisationKind
from portal.accounts.queries import get_actor
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.leads import operations
from portal.leads.giving import give_to_qualify
from portal.leads.models import Lead, LeadState, LeadType
from portal.leads.operations import ContactDraft, Draft, Qualification
from portal.leads.queries import find_visible
from portal.qualification import desk, queue, routing
from portal.qualification.desk import Try
from portal.qualification.models import ContactAttempt, InquiryRoute
from portal.qualification.rules import LOCKED_FOR, Locked, NotYourStep
from portal.timeline.models import Activity
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_unit,
    make_vendor,
    sign_in,
)

HOUR = timedelta(hours=1)
ANY = queue.Filters()


def make_qualifier(**over) -> Actor:
    return get_actor(make_person(over.pop("firm", None) or make_vendor(), "qualifier", **over).id)


def inquiry(country: str | None = "DE", by: Actor | None = None, **over) -> Lead:
    draft = Draft(title="Racks", country=country, contact=ContactDraft(company="Zoo"), **over)
    return operations.capture(draft, AT, by)


def with_cadence(lead: Lead) -> None:
    lead_type = session().get_one(LeadType, lead.type_id)
    lead_type.cadence = [
        {"when": "taken", "days": days, "kind": kind, "names": {"en": f"{kind} {days}"}}
        for days, kind in ((1, "email"), (2, "call"), (4, "call"), (7, "email"))
    ]
    lead_type.attempts = 3
    session().flush()


def open_of(lead: Lead) -> list[str]:
    """Return the kinds of what is planned about a lead, the next due first."""
    planned = select(Activity.kind).where(
        Activity.subject_id == lead.id,
        Activity.done_at.is_(None),
        Activity.cancelled_at.is_(None),
    )
    return list(session().scalars(planned.order_by(Activity.planned_for)))


# -- routing ------------------------------------------------------------------------------------


def test_the_first_rule_that_fits_decides_then_the_place_then_who_took_it_down(ctx):
    mara, vendor = get_actor(make_manager().id), make_vendor()
    north = make_unit(vendor, "North", territories=["DE-NI"])
    germany = make_unit(vendor, "Germany", territories=["DE"])
    partners_only = make_unit(vendor, "Partner sales", territories=["AT"])
    web, phones = make_unit(vendor, "Web"), make_unit(vendor, "Phones")
    for unit in (north, germany, web):
        make_qualifier(unit_id=unit.id)
    pia = make_qualifier(unit_id=phones.id)
    product = book().active("product")[0]
    size = book().active("size_band")[-1]

    def rule(name: str, **over) -> InquiryRoute:
        return routing.save_route(
            InquiryRoute(name=name, active=True, **over), None, 0, mara, AT
        )  # fmt: skip

    large = rule("Large", size_band_ids=[size.id], unit_id=web.id)
    rule("Swiss racks", places=["CH"], product_ids=[product.id], user_id=pia.id)

    cases = [
        (inquiry("DE", size_band_key=size.key), web.id, None),
        (inquiry("CH", product_keys=[product.key]), phones.id, pia.id),
        (inquiry("CH"), None, None),
        (inquiry("DE", subdivision="DE-NI"), north.id, None),
        (inquiry("DE", subdivision="DE-BY"), germany.id, None),
        # of whom nobody qualifies is no place to go
        (inquiry("AT"), None, None),
        (inquiry("AT", by=pia), phones.id, None),
        (inquiry(None), None, None),
    ]
    for lead, _unit, _person in cases[:4]:
        routing.route(lead.id, AT)
    assert routing.route_waiting(AT, mara) == 2
    session().expire_all()
    found = [(lead.unit_id, lead.qualifier_id) for lead, _unit, _person in cases]
    assert found == [(unit, person) for _lead, unit, person in cases]
    assert partners_only.id not in [lead.unit_id for lead, *_rest in cases]
    # what somebody has stays there, whatever the rules say by now
    routing.remove_route(large.id, mara, AT)
    routing.route(cases[0][0].id, AT)
    assert cases[0][0].unit_id == web.id


def test_who_is_in_a_unit_sees_its_inquiries_and_those_of_nobody(ctx):
    vendor = make_vendor()
    north, south = make_unit(vendor, "North"), make_unit(vendor, "South")
    part = make_unit(vendor, "North-west", parent_id=north.id)
    nora, all_of = make_qualifier(unit_id=north.id), make_qualifier()
    leads = {name: inquiry() for name in ("north", "part", "south", "free", "mine")}
    leads["north"].unit_id, leads["part"].unit_id = north.id, part.id
    leads["south"].unit_id = leads["mine"].unit_id = south.id
    leads["mine"].qualifier_id = nora.id
    session().flush()
    seen = {name for name, lead in leads.items() if find_visible(lead.id, nora)}
    assert seen == {"north", "part", "free", "mine"}
    south.closed_at = AT
    session().flush()
    assert find_visible(leads["south"].id, nora)
    assert all(find_visible(lead.id, all_of) for lead in leads.values())


def test_an_agency_works_on_what_was_given_to_it_and_sees_nothing_of_partners(ctx):
    agency = accounts.add_organisation(OrganisationKind.AGENCY, "Callers", AT, make_vendor())
    unit = make_unit(agency, "Phones")
    cleo = make_qualifier(firm=agency, unit_id=unit.id)
    make_partner("Alpha Systems")
    theirs, other, offered = inquiry(), inquiry(), make_offered_lead()
    theirs.unit_id = offered.unit_id = unit.id
    session().flush()
    assert find_visible(theirs.id, cleo)
    assert not find_visible(other.id, cleo)
    assert not find_visible(offered.id, cleo)
    # it came back: what a partner did with it is none of the agency's business
    offered.state = LeadState.RETURNED
    assert not find_visible(offered.id, cleo)
    assert desk.take_next(cleo, AT, ANY) is theirs
    assert desk.take_next(cleo, AT, ANY) is None


# -- whose it is --------------------------------------------------------------------------------


def test_what_somebody_works_on_is_hers_until_she_leaves_or_a_quarter_of_an_hour_passes(ctx):
    anna, ben = make_qualifier(name="Anna"), make_qualifier(name="Ben")
    lead = inquiry()
    desk.lock(lead.id, anna, AT)
    assert desk.take_next(ben, AT, ANY) is None
    for wants in (
        lambda: desk.lock(lead.id, ben, AT + HOUR / 6),
        lambda: desk.save(lead.id, Qualification(title="Mine"), ben, AT + HOUR / 6, lead.version),
        lambda: desk.note_attempt(lead.id, Try("reached"), ben, AT + HOUR / 6),
        lambda: desk.put_aside(lead.id, "no_need", "", ben, AT + HOUR / 6),
    ):
        with pytest.raises(Locked) as refused:
            wants()
        assert refused.value.facts["who"] == "Anna"
    desk.release(lead.id, ben)
    assert desk.find_lock(lead.id, AT)
    desk.lock(lead.id, ben, AT + LOCKED_FOR)
    desk.release(lead.id, ben)
    assert desk.find_lock(lead.id, AT + LOCKED_FOR) is None


def test_the_next_one_is_who_waits_for_a_call_then_the_most_important_then_the_warmest(ctx):
    anna, ben = make_qualifier(), make_qualifier()
    cold, hot = inquiry(temperature="cold"), inquiry(temperature="hot")
    urgent, back, bens = inquiry(), inquiry(), inquiry()
    urgent.priority = 9
    bens.qualifier_id = ben.id
    session().flush()
    give_to_qualify(back.id, anna.id, get_actor(make_manager().id), AT)
    desk.note_attempt(back.id, Try("call_back", "", AT + HOUR), anna, AT)
    desk.release(back.id, anna)

    def take(at, filters=ANY) -> Lead | None:
        lead = desk.take_next(anna, at, filters)
        if lead:
            desk.release(lead.id, anna)
        return lead

    assert take(AT) is urgent
    assert take(AT + HOUR) is back
    desk.note_attempt(back.id, Try("reached"), anna, AT + HOUR)
    assert [take(AT + HOUR), take(AT + HOUR), take(AT + HOUR)] == [hot, cold, None]


# -- attempts and cadence -----------------------------------------------------------------------


def test_a_cadence_is_planned_when_an_inquiry_is_taken_and_attempts_settle_it(ctx):
    anna, lead = make_qualifier(), inquiry()
    with_cadence(lead)
    assert desk.take_next(anna, AT, ANY) is lead
    assert open_of(lead) == ["email", "call", "call", "email"]
    with pytest.raises(Invalid) as refused:
        desk.put_aside(lead.id, "abandoned", "", anna, AT)
    assert "3 attempts" in refused.value.errors["reason"]
    for number, outcome in enumerate(("voicemail", "no_answer", "wrong_number"), 1):
        work = desk.note_attempt(lead.id, Try(outcome, "Nobody there"), anna, AT + number * HOUR)
        assert (work.attempts, work.last_outcome, work.reached_at) == (number, outcome, None)
    assert open_of(lead) == ["email", "email"]
    # a colleague who is given it has what is planned, and not twice
    ben = make_qualifier()
    desk.release(lead.id, anna)
    give_to_qualify(lead.id, ben.id, anna, AT + HOUR)
    assert open_of(lead) == ["email", "email"]
    desk.put_aside(lead.id, "abandoned", "", ben, AT + 4 * HOUR)
    assert open_of(lead) == []
    assert lead.state == LeadState.DISQUALIFIED
    assert len(session().scalars(select(ContactAttempt.id)).all()) == 3


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (Try("shouted"), "outcome"),
        (Try("call_back"), "call_back_on"),
        (Try("call_back", "", AT - HOUR), "call_back_on"),
        (Try("call_back", "", AT + timedelta(days=4000)), "call_back_on"),
        (Try("reached", "x" * 4001), "said"),
    ],
)
def test_an_attempt_that_says_nothing_is_refused(ctx, given, field):
    anna = make_qualifier()
    with pytest.raises(Invalid) as refused:
        desk.note_attempt(inquiry().id, given, anna, AT)
    assert list(refused.value.errors) == [field]


# -- steps --------------------------------------------------------------------------------------


def test_steps_have_people_of_their_own_a_briefing_and_end_with_the_account_manager(ctx):
    mara, vendor = get_actor(make_manager().id), make_vendor()
    phones = make_unit(vendor, "Tele-sales")
    dach = make_unit(vendor, "Tele-sales DACH", parent_id=phones.id, territories=["DE", "AT", "CH"])
    brand, success = make_unit(vendor, "Brand"), make_unit(vendor, "Customer success")
    tele, bea = make_qualifier(unit_id=dach.id), make_qualifier(unit_id=brand.id)
    carl = make_qualifier(unit_id=success.id)
    pam = make_person(vendor, "account_manager")
    for kind, key, unit, briefing in (
        ("end_customer", "profiling", phones, False),
        ("end_customer", "bant", brand, True),
        ("partner_recruit", "recruit", success, False),
    ):
        position = 0 if key == "profiling" else 1
        routing.set_step(
            kind, key, unit.id, briefing=briefing, position=position, actor=mara, at=AT
        )  # fmt: skip
    lead = make_lead(state="captured", qualified_at=None, country="DE")
    recruit = (
        inquiry("DE", kind="partner_recruit", type_key="partner_recruit")
        if any(one.key == "partner_recruit" for one in session().scalars(select(LeadType)))
        else None
    )
    routing.route_waiting(AT)
    session().expire_all()
    assert lead.unit_id == dach.id
    if recruit is not None:
        assert recruit.unit_id == success.id
        assert find_visible(recruit.id, carl)
    assert desk.take_next(tele, AT, ANY) is lead
    answer_questions(lead)
    with pytest.raises(NotYourStep):
        desk.qualify(lead.id, tele, AT)
    for over, field in (
        ({}, "briefing_on"),
        ({"user_id": tele.id, "briefing_at": AT + HOUR}, "user_id"),
        ({"user_id": bea.id, "briefing_at": AT - HOUR}, "briefing_on"),
    ):
        with pytest.raises(Invalid) as refused:
            desk.hand_on(lead.id, tele, AT, **over)
        assert list(refused.value.errors) == [field]
    desk.hand_on(lead.id, tele, AT, user_id=bea.id, briefing_at=AT + HOUR)
    assert (lead.unit_id, lead.qualifier_id, lead.state) == (brand.id, bea.id, "qualifying")
    assert open_of(lead) == ["appointment"]
    with pytest.raises(NotFound):
        desk.lock(lead.id, tele, AT)
    with pytest.raises(Invalid):
        desk.name_manager(lead.id, tele.id, bea, AT)
    desk.name_manager(lead.id, pam.id, bea, AT)
    assert desk.qualify(lead.id, bea, AT).state == LeadState.QUALIFIED
    assert lead.owner_id == pam.id


# -- pages --------------------------------------------------------------------------------------


def test_the_page_says_who_works_on_it_takes_attempts_and_lets_go(client, app):
    anna = sign_in(client, factory(lambda: make_person(make_vendor(), "qualifier", name="Anna"))())
    lead = factory(lambda: inquiry().id)()
    page = client.get(f"/qualify/{lead}").text
    assert "Nobody has tried yet." in page
    token, htmx = csrf_of(page), {"HX-Request": "true"}
    sent = {"csrf_token": token}
    assert "Yours while you work on it" in client.post(
        f"/qualify/{lead}/lock", data=sent, headers=htmx
    ).text  # fmt: skip
    wrong = client.post(
        f"/qualify/{lead}/attempts", data={**sent, "outcome": "call_back", "said": "At noon"}
    )
    assert wrong.status_code == 422
    assert "At noon" in wrong.text
    assert "Please say when to call back." in wrong.text
    noted = client.post(
        f"/qualify/{lead}/attempts", data={**sent, "outcome": "voicemail"}, headers=htmx
    )
    assert "1 attempt" in noted.text
    assert "Voicemail" in noted.text
    other = app.test_client()
    sign_in(other, factory(lambda: make_person(make_vendor(), "qualifier", name="Ben"))())
    theirs = other.get(f"/qualify/{lead}").text
    assert "Anna works on it just now" in theirs
    assert "Anna works on it" in other.get("/qualify").text
    saved = other.post(f"/qualify/{lead}", data={"csrf_token": csrf_of(theirs), "title": "Kept"})
    assert saved.status_code == 409
    assert 'value="Kept"' in saved.text
    assert client.post(f"/qualify/{lead}/release", data=sent).status_code == 303
    assert "Anna works on it" not in other.get("/qualify").text
    assert anna is not None


def test_a_manager_says_who_qualifies_what(client):
    sign_in(client, factory(make_manager)())
    unit = factory(lambda: make_unit(make_vendor(), "Web").id)()
    page = client.get("/inquiry-routes/new").text
    sent = {"csrf_token": csrf_of(page), "name": "Alps", "active": "y", "places": ["AT", "CH"]}
    wrong = client.post("/inquiry-routes/new", data={**sent, "states": "DE-XX", "to": ""})
    assert wrong.status_code == 422
    assert "DE-XX" in wrong.text
    sent |= {"states": "de-by", "to": f"unit-{unit}"}
    assert client.post("/inquiry-routes/new", data=sent).status_code == 303
    rule = factory(lambda: session().scalars(select(InquiryRoute)).one())()
    assert (rule.places, rule.unit_id) == (["AT", "CH", "DE-BY"], unit)
    assert "DE-BY" in client.get("/inquiry-routes").text
    stale = client.post(f"/inquiry-routes/{rule.id}", data={**sent, "version": "0"})
    assert stale.status_code == 409
    for path, more in (
        (f"/inquiry-routes/{rule.id}/place", {"to": "up"}),
        ("/inquiry-routes/steps", {"end_customer-bant": str(unit)}),
        ("/inquiry-routes/waiting", {}),
        (f"/inquiry-routes/{rule.id}/removal", {}),
    ):
        assert client.post(path, data={**sent, **more}).status_code == 303
    assert "Alps" not in client.get("/inquiry-routes").text
