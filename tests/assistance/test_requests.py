"""Holders ask the vendor for help and for special prices, and somebody named answers in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from portal.accounts.models import Organisation, User
from portal.accounts.queries import get_actor
from portal.assistance import operations, queries
from portal.assistance.models import AssistanceRequest, AssistanceWords, RequestKind
from portal.assistance.rules import AskedAlready, AskedLately, Granted, Settled, Wanted
from portal.catalog.queries import book
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventRow
from portal.core.mail.models import OutgoingEmail
from portal.deadlines.models import Clock, DeadlinePolicy, Stop
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead
from portal.partners.models import Absence
from portal.pickup import operations as pickups
from tests.factories import (
    CONTACT,
    csrf_of,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

# a Friday at noon in Berlin
AT = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECRET = "Zephyrine Quastenflosser does not pick up the phone"


class Scene:
    """Alice holds a lead; Paula of the vendor answers for her firm, Mara for all."""

    def __init__(self, at: datetime) -> None:
        vendor = make_vendor()
        self.mara = make_person(vendor, "channel_manager", name="Mara")
        self.paula = make_person(vendor, "account_manager", name="Paula")
        self.firm = make_partner("Alpha", account_manager_id=self.paula.id)
        self.alice = make_person(self.firm, name="Alice")
        self.bob = make_person(make_partner("Beta"), name="Bob")
        for policy in session().scalars(select(DeadlinePolicy)):
            policy.working, policy.help_hours, policy.pricing_hours = ["help"], 8, 4
        self.lead = make_offered_lead(at=at, contact=CONTACT)
        self.pickup_id = pickups.claim(self.lead.id, get_actor(self.alice.id), at).pickup_id
        session().flush()
        self.lead = session().get_one(Lead, self.lead.id, populate_existing=True)

    def ask(
        self, at: datetime, kind: str = "help", wanted: Wanted | None = None
    ) -> AssistanceRequest:
        alice = get_actor(self.alice.id)
        return operations.ask(RequestKind(kind), self.pickup_id, SECRET, alice, at, wanted)


@pytest.fixture
def scene(ctx: object) -> Scene:
    return Scene(AT)


def clock_of(request: AssistanceRequest) -> Clock:
    found = session().scalars(
        select(Clock).where(Clock.request_id == request.id).order_by(Clock.id.desc())
    )
    return next(iter(found))


def mails(kind: str, at: datetime = AT) -> list[OutgoingEmail]:
    jobs.run_now("core.dispatch", {"here": True}, at)
    return list(session().scalars(select(OutgoingEmail).where(OutgoingEmail.kind == kind)))


def wanted(**over: object) -> Wanted:
    some = book().active("product")[0].id
    return Wanted(**{"pieces": [(some, 20)], "discount": Decimal("12.5"), **over})


def test_the_account_manager_is_asked_by_name_and_answers_in_her_working_hours(scene):
    request = scene.ask(AT)
    running = clock_of(request)
    assert (running.user_id, running.working) == (scene.paula.id, True)
    # eight working hours from Friday noon end on Monday, not on Friday evening
    assert running.due_at.date() == date(2026, 11, 23)
    (asked,) = mails("help_asked")
    assert asked.user_id == scene.paula.id
    assert f"/requests/{request.id}" in asked.text
    operations.answer(request.id, "Call her at five.", get_actor(scene.paula.id), AT + 4 * DAY)
    assert clock_of(request).outcome == Stop.MISSED
    assert clock_of(request).late_seconds > 0
    (heard,) = mails("help_answered", AT + 4 * DAY)
    assert heard.user_id == scene.alice.id
    for mail in (asked, heard):
        for part in (mail.subject, mail.text, mail.html):
            assert "Quastenflosser" not in part
            assert "five" not in part


def test_who_stands_in_is_asked_while_the_account_manager_is_away(scene):
    vendor = scene.mara.organisation_id
    sam = make_person(make_vendor(), "account_manager", name="Sam")
    session().add(
        Absence(
            organisation_id=vendor,
            user_id=scene.paula.id,
            delegate_id=sam.id,
            starts_on=AT.date(),
            ends_on=AT.date() + 3 * DAY,
        )
    )
    session().flush()
    helper = queries.find_helper(scene.lead, scene.alice.id, AT)
    assert (helper.name, helper.instead_of) == ("Sam", "Paula")
    request = scene.ask(AT)
    assert request.assignee_id == sam.id
    operations.answer(request.id, "I do.", get_actor(sam.id), AT + HOUR)
    assert request.state == "answered"


def test_a_special_price_is_granted_with_its_end_refused_with_a_reason_or_asked_back(scene):
    paula, alice = get_actor(scene.paula.id), get_actor(scene.alice.id)
    request = scene.ask(AT, "pricing", wanted(needed_on=date(2026, 12, 1)))
    assert clock_of(request).due_at == AT + 4 * HOUR
    operations.ask_back(request.id, "For which plant?", paula, AT + HOUR)
    with pytest.raises(operations.Settled):
        operations.ask_back(request.id, "For which plant?", paula, AT + HOUR)
    assert (request.state, clock_of(request).outcome) == ("asked_back", Stop.MET)
    operations.ask_again(request.id, "For the first.", alice, AT + 2 * HOUR)
    assert (request.state, clock_of(request).due_at) == ("open", AT + 6 * HOUR)
    for wrong, field in (
        (Granted(price=Decimal(9000)), "until"),
        (Granted(until=date(2026, 11, 30)), "price"),
        (Granted(price=Decimal(9000), until=date(2026, 11, 19)), "until"),
        (Granted(discount=Decimal(101), until=date(2026, 11, 30)), "discount"),
    ):
        with pytest.raises(Invalid) as refused:
            operations.grant(request.id, wrong, "", paula, AT + 3 * HOUR)
        assert field in refused.value.errors
    good = Granted(price=Decimal("9000.50"), until=date(2026, 11, 30))
    operations.grant(request.id, good, "", paula, AT + 3 * HOUR)
    assert (request.state, request.valid_until) == ("granted", date(2026, 11, 30))
    with pytest.raises(Settled):
        operations.refuse(request.id, "No.", paula, AT + 3 * HOUR)
    operations.ask_again(request.id, "They want 22.", alice, AT + 4 * HOUR)
    assert (request.state, request.valid_until) == ("open", None)
    with pytest.raises(Invalid):
        operations.refuse(request.id, " ", paula, AT + 5 * HOUR)
    operations.refuse(request.id, "Below cost.", paula, AT + 5 * HOUR)
    said = [one.turn for one in queries.load_words([request.id])]
    assert said == ["asked", "asked_back", "asked_again", "granted", "asked_again", "refused"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"pieces": []}, "pieces"),
        ({"pieces": [(0, 3)]}, "pieces"),
        ({"pieces": [(1, 0)]}, "pieces"),
        ({"discount": None}, "discount"),
        ({"discount": Decimal("NaN")}, "discount"),
        ({"price": Decimal(-1)}, "price"),
        ({"competitor_id": 0}, "competitor_id"),
        ({"needed_on": date(2026, 11, 19)}, "needed_on"),
    ],
)
def test_a_price_that_nobody_could_decide_on_is_asked_anew(scene, wrong, field):
    with pytest.raises(Invalid) as refused:
        scene.ask(AT, "pricing", wanted(**wrong))
    assert field in refused.value.errors


def test_the_same_is_asked_once_a_day_and_a_late_answer_at_once(scene):
    request, alice = scene.ask(AT), get_actor(scene.alice.id)
    with pytest.raises(AskedAlready):
        scene.ask(AT + HOUR)
    with pytest.raises(AskedLately):
        operations.ask_again(request.id, "Well?", alice, AT + HOUR)
    due = clock_of(request).due_at
    operations.ask_again(request.id, "Well?", alice, due + HOUR)
    assert clock_of(request).due_at == due  # it is not less late for that


def test_what_was_asked_is_void_once_the_lead_is_given_back_and_not_for_the_next_to_read(scene):
    request = scene.ask(AT)
    alice = get_actor(scene.alice.id)
    pickups.give_back(scene.pickup_id, "no_capacity", None, alice, AT + HOUR)
    jobs.run_now("core.dispatch", {"here": True}, AT + HOUR)
    request = session().get_one(AssistanceRequest, request.id, populate_existing=True)
    assert (request.state, clock_of(request).outcome) == ("void", Stop.VOID)
    petra = make_person(make_vendor(), "account_manager", name="Petra")
    firm = session().get_one(Organisation, session().merge(scene.bob).organisation_id)
    firm.account_manager_id = petra.id
    bob = get_actor(scene.bob.id)
    pickups.claim(scene.lead.id, bob, AT + 2 * HOUR)
    lead = session().get_one(Lead, scene.lead.id, populate_existing=True)
    assert lead.owner_id == petra.id
    for actor in (alice, bob, get_actor(petra.id)):
        with pytest.raises(NotFound):
            queries.get_seen(request.id, actor)
        assert list(queries.list_of_lead(lead, actor)) == []
        assert queries.list_requests(actor, "all", "settled", 1).items == []
    assert queries.get_seen(request.id, get_actor(scene.paula.id)).asks is False


def test_a_request_of_a_lead_that_is_lost_is_over_while_the_firm_still_reads_it(scene):
    request, alice = scene.ask(AT), get_actor(scene.alice.id)
    lost = Answer("lost", reason="price", decision_maker="The board")
    feedback.give(scene.pickup_id, lost, alice, AT + HOUR)
    jobs.run_now("core.dispatch", {"here": True}, AT + HOUR)
    request = session().get_one(AssistanceRequest, request.id, populate_existing=True)
    seen = queries.get_seen(request.id, alice)
    assert (request.state, seen.asks, seen.acts) == ("void", True, False)


def test_words_stand_behind_the_wall_and_neither_in_events_nor_in_jobs(scene):
    scene.ask(AT, "pricing", wanted())
    assert session().scalars(select(AssistanceWords)).all() == []
    assert session().scalar(text("SELECT count(*) FROM assistance_words")) == 0
    told = session().scalars(select(EventRow.data).where(EventRow.name == "HelpAsked")).one()
    assert SECRET not in str(told)
    assert "12.5" not in str(told)


def test_who_may_read_and_answer(scene):
    request = scene.ask(AT)
    colleague = make_person(scene.firm)
    head = make_person(scene.firm, "partner_manager")
    other = make_person(make_vendor(), "account_manager")
    rows = {
        scene.alice: (True, True),
        head: (True, True),
        colleague: None,
        scene.paula: (False, True),
        scene.mara: (False, True),
        other: None,
        make_person(make_vendor(), "qualifier"): None,
        scene.bob: None,
    }
    for user, expected in rows.items():
        actor = get_actor(user.id)
        try:
            seen = queries.get_seen(request.id, actor)
            found = (seen.asks, seen.acts)
        except NotFound:
            found = None
        assert found == expected, user.roles
        answers = expected == (False, True)
        listed = queries.list_requests(actor, "all", "waiting", 1).items
        assert bool(listed) == (expected is not None)
        if not answers:
            with pytest.raises(NotFound):
                operations.answer(request.id, "Yes.", actor, AT + HOUR)
        if expected is None or answers:
            with pytest.raises(NotFound):
                operations.close(request.id, actor, AT + HOUR)
    assert queries.count_waiting(get_actor(scene.paula.id)) == 1
    operations.close(request.id, get_actor(scene.alice.id), AT + HOUR)
    assert (request.state, clock_of(request).outcome) == ("closed", Stop.VOID)
    assert queries.count_waiting(get_actor(scene.paula.id)) == 0


@factory
def stage() -> Scene:
    return Scene(clock.now() - DAY)


def of(app_client: FlaskClient, user: User) -> FlaskClient:
    fresh = app_client.application.test_client()
    sign_in(fresh, user)
    return fresh


def test_help_and_a_price_are_asked_and_answered_on_pages_without_a_script(client):
    scene = stage()
    alice, paula = of(client, scene.alice), of(client, scene.paula)
    for place in (f"/leads/{scene.lead.id}", "/mine"):
        assert f"/pickups/{scene.pickup_id}/help" in alice.get(place).text
    form = alice.get(f"/pickups/{scene.pickup_id}/help").text
    assert "Paula answers you." in form
    sign = {"csrf_token": csrf_of(form)}
    empty = alice.post(f"/pickups/{scene.pickup_id}/help", data={**sign, "text": " "})
    assert empty.status_code == 422
    made = alice.post(f"/pickups/{scene.pickup_id}/help", data={**sign, "text": SECRET})
    assert made.status_code == 303
    assert SECRET in alice.get(made.location).text
    assert SECRET in alice.get(f"/leads/{scene.lead.id}").text
    assert "1 request waits for you" in paula.get("/").text
    assert made.location in paula.get("/requests").text
    page = paula.get(made.location).text
    assert SECRET in page
    answered = paula.post(
        f"{made.location}/answer", data={"csrf_token": csrf_of(page), "text": "Call at five."}
    )
    assert answered.status_code == 303
    for reader in (alice, paula):
        assert "Call at five." in reader.get(f"/leads/{scene.lead.id}").text
    price = f"/pickups/{scene.pickup_id}/pricing"
    typed = {**sign, "product": ["", "x"], "count": ["3", ""], "discount": "12,5 %", "text": "Hm"}
    wrong = alice.post(price, data=typed)
    assert wrong.status_code == 422
    assert "12,5 %" in wrong.text
    assert 'value="3"' in wrong.text
    some = str(first_product())
    typed |= {"product": [some], "count": ["20"], "discount": "12.5"}
    asked = alice.post(price, data=typed)
    page = paula.get(asked.location).text
    assert "20 ×" in page
    sign = {"csrf_token": csrf_of(page)}
    refused = paula.post(f"{asked.location}/grant", data={**sign, "price": "9000"})
    assert refused.status_code == 422
    assert 'value="9000"' in refused.text
    until = (clock.now() + 9 * DAY).date().isoformat()
    paula.post(f"{asked.location}/grant", data={**sign, "price": "9000", "until": until})
    page = alice.get(asked.location).text
    assert "granted" in page
    assert "9,000" in page
    late = paula.post(f"{asked.location}/refusal", data={**sign, "text": "No."})
    assert late.status_code == 409


@factory
def first_product() -> int:
    return book().active("product")[0].id


def test_who_is_asked_answers_although_she_may_not_open_the_lead(scene):
    request = scene.ask(AT)
    sam = make_person(make_vendor(), "account_manager", name="Sam")
    request.assignee_id = sam.id
    session().flush()
    seen = queries.get_seen(request.id, get_actor(sam.id))
    assert not queries.opens_lead(seen, get_actor(sam.id))
    operations.answer(request.id, "Yes.", get_actor(sam.id), AT + HOUR)


def test_the_firm_of_who_asked_is_the_one_that_is_named(scene):
    names = queries.names_of(scene.ask(AT))
    firm = session().get_one(Organisation, scene.firm.id)
    assert (names.asker, names.firm, names.assignee) == ("Alice", firm.name, "Paula")
