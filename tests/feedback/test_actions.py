"""What the vendor does with a lead himself: who may, when, and what becomes of who holds it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.queries import book
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.errors import Conflict, DomainError, Invalid, NotFound
from portal.core.mail.models import OutgoingEmail
from portal.customers import policy
from portal.customers.models import CustomerLead
from portal.feedback import actions, again
from portal.feedback import operations as feedback
from portal.feedback.action_rules import Action, NotNow, Standing, refusal_of
from portal.feedback.models import Feedback
from portal.feedback.rules import Answer, TooLateToUndo, words_of
from portal.leads import activities, archive, notes, own_fields, team
from portal.leads import operations as leads
from portal.leads.contacts import may_see_contact
from portal.leads.lifecycle import TransitionRefused
from portal.leads.models import Lead, LeadRequirement, LeadState, LeadStatus, LeadTransition
from portal.leads.rules import DoNotCall
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.rules import UNDO_WITHIN, NotYoursAnyMore
from portal.timeline.models import Activity
from portal.timeline.rules import ActivitiesOpen, Entry
from tests.factories import (
    CONTACT,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WON = Answer("won", value=Decimal(48000))
MISTAKE = Answer("cancelled", reason="by_mistake")


@factory
def make_held(rep: User, **over: object) -> Lead:
    """Return a lead that the rep picked up an hour ago."""
    at = clock.now() - HOUR
    lead = make_offered_lead(at=at, **over)
    pickup.claim(lead.id, get_actor(rep.id), at)
    return session().get_one(Lead, lead.id, populate_existing=True)


@factory
def finish(action: Action, lead: Lead, user: User, answer: Answer, **over: object) -> int:
    actor = get_actor(user.id)
    return actions.finish(action, lead.id, answer, actor, clock.now(), **over).id


@factory
def begin(lead: Lead, user: User) -> None:
    actions.begin(lead.id, get_actor(user.id), clock.now())


@factory
def fresh(lead: Lead) -> Lead | None:
    return session().get(Lead, lead.id, populate_existing=True)


@factory
def life_of(lead: Lead) -> str:
    found = session().get_one(Lead, lead.id, populate_existing=True)
    return session().get_one(LeadStatus, found.status_id).life_state


@factory
def pickup_of(lead: Lead) -> Pickup:
    return session().scalars(select(Pickup).where(Pickup.lead_id == lead.id)).one()


@factory
def plan(lead: Lead, user: User) -> int:
    found = session().get_one(Lead, lead.id, populate_existing=True)
    now = clock.now()
    entry = Entry("call", "Ask again", now + DAY)
    return activities.enter(found, entry, done=False, actor=get_actor(user.id), at=now).id


def post(client: FlaskClient, lead: Lead, key: str, **fields: str):
    token = csrf_of(client.get("/settings/sign-in").text)
    address = f"/leads/{lead.id}/actions/{key}"
    return client.post(address, data={"csrf_token": token, **fields})


# -- rules ------------------------------------------------------------------------------------

THERE = {"with_operations": True}
#   which actions a state leaves, for a lead that no partner has seen where that can be
STATES = {
    "captured": {"cancel", "delete"},
    "qualifying": {"cancel", "delete"},
    "qualified": {"begin", "cancel", "delete"},
    "returned": {"begin", "cancel"},
    "recalled": {"begin", "cancel"},
    "nurture": {"begin", "cancel", "delete"},
    "offered": {"cancel"},
    "held": {"win", "lose", "cancel"},
    "direct": {"put-back", "win", "lose", "cancel"},
    "closed": set(),
    "disqualified": {"revive"},
}


@pytest.mark.parametrize("state", list(LeadState))
def test_what_can_be_done_with_a_lead_follows_from_how_it_stands(ctx, state):
    life = {"held": "in_progress", "direct": "in_progress", "closed": "won"}.get(state, "pending")
    lead = Standing("L-1", state, life, suppressed=False, round=0, with_operations=False)
    assert {one for one in Action if refusal_of(one, lead) is None} == STATES[state]


@pytest.mark.parametrize(
    ("action", "over", "why"),
    [
        ("delete", {"round": 1}, "seen"),
        ("delete", {"life_state": "in_progress"}, "seen"),
        ("delete", {"merged": True}, "merged"),
        ("delete", {"with_operations": True}, "with_operations"),
        ("cancel", {"with_operations": True}, "with_operations"),
        ("begin", {"suppressed": True}, "suppressed"),
        ("take-back", {"state": "closed"}, "theirs"),
        ("take-back", {"state": "closed", "ended_since": UNDO_WITHIN + HOUR}, "late"),
        ("take-back", {"state": "closed", "ended_since": HOUR, **THERE}, "with_operations"),
        ("revive", {"state": "closed", "life_state": "won"}, "won"),
        ("revive", {"state": "closed", "life_state": "lost", "suppressed": True}, "suppressed"),
        ("revive", {"state": "closed", "life_state": "lost", **THERE}, "with_operations"),
        ("revive", {"state": "disqualified", "merged_away": True}, "merged"),
    ],
)
def test_what_stands_in_the_way_is_said(ctx, action, over, why):
    free = {"state": "qualified", "life_state": "pending", "suppressed": False, "round": 0}
    lead = Standing("L-1", **{**free, "with_operations": False, **over})
    assert refusal_of(Action(action), lead).facts["why"] == why


# -- who may ----------------------------------------------------------------------------------


def test_who_answers_for_a_lead_decides_on_it_and_nobody_else(client: FlaskClient) -> None:
    vendor, firm = make_vendor(), make_partner()
    rep, pam = make_person(firm), make_person(vendor, "account_manager")
    lead = make_held(rep)
    admin = make_person(vendor, "admin")
    strangers = [rep, make_person(firm, "partner_manager"), pam, admin]
    for person in strangers:
        browser = sign_in(client.application.test_client(), person)
        for key in (Action.WIN, Action.BEGIN):
            seen = browser.get(f"/leads/{lead.id}/actions/{key}").status_code
            assert seen in (403, 404), (person.roles, key)
        assert post(browser, lead, "cancel", reason="by_mistake").status_code in (403, 404)
        assert "/actions/" not in browser.get(f"/leads/{lead.id}").text
    team_of(lead, pam)
    browser = sign_in(client.application.test_client(), pam)
    page = browser.get(f"/leads/{lead.id}").text
    for key in ("win", "lose", "cancel"):
        assert f"/leads/{lead.id}/actions/{key}" in page
        assert browser.get(f"/leads/{lead.id}/actions/{key}").status_code == 200
    for key in ("begin", "put-back", "delete"):
        assert f"/leads/{lead.id}/actions/{key}" not in page
        assert browser.get(f"/leads/{lead.id}/actions/{key}").status_code == 409
    assert post(browser, lead, "cancel", reason="by_mistake").status_code == 303
    assert life_of(lead) == "cancelled"


@factory
def team_of(lead: Lead, owner: User) -> None:
    manager = make_manager()
    team.set_owner(lead.id, owner.id, get_actor(manager.id), clock.now())


def test_who_qualifies_an_inquiry_takes_his_own_mistakes_back(client: FlaskClient) -> None:
    qualifier, other = (make_person(make_vendor(), "qualifier") for _ in range(2))
    mine = make_lead(state=LeadState.QUALIFYING, qualifier_id=qualifier.id)
    hers = make_lead(state=LeadState.QUALIFYING, qualifier_id=other.id)
    browser = sign_in(client, qualifier)
    assert post(browser, hers, "delete").status_code == 404
    assert post(browser, mine, "delete").status_code == 303
    assert fresh(mine) is None


# -- a lead that stays with the vendor ----------------------------------------------------------


def test_a_lead_that_we_sell_ourselves_is_its_owners_until_it_ends(ctx) -> None:
    manager, pam = make_manager(), make_person(make_vendor(), "account_manager")
    lead = make_lead(owner_id=pam.id)
    begin(lead, manager)
    found = fresh(lead)
    assert (found.state, life_of(lead), found.owner_id) == ("direct", "in_progress", pam.id)
    assert found.started_on is not None
    assert may_see_contact(found, get_actor(pam.id))
    assert not may_see_contact(found, get_actor(manager.id))
    planned = plan(lead, pam)
    with pytest.raises(ActivitiesOpen):
        finish(Action.WIN, lead, pam, WON)
    finish(Action.WIN, lead, pam, Answer("won", value=Decimal(9), settles=True))
    assert (fresh(lead).state, life_of(lead)) == ("closed", "won")
    assert session().get_one(Activity, planned).code == "closed"


def test_a_lead_of_ours_can_be_made_ready_for_partners_again(ctx) -> None:
    manager = make_manager()
    # it was taken back, and was to rest until tomorrow
    lead = make_lead(state="recalled", rests_until=clock.now() + timedelta(days=1))
    begin(lead, manager)
    assert (fresh(lead).owner_id, fresh(lead).rests_until) == (manager.id, None)
    actions.put_back(lead.id, get_actor(manager.id), clock.now())
    assert (fresh(lead).state, life_of(lead), fresh(lead).started_on) == (
        "qualified",
        "pending",
        None,
    )


def test_what_the_definition_does_not_let_follow_is_neither_shown_nor_done(client) -> None:
    manager, lead = make_manager(), make_lead()
    forbid("new", "cancelled")
    browser = sign_in(client, manager)
    page = browser.get(f"/leads/{lead.id}").text
    assert f"/leads/{lead.id}/actions/cancel" not in page
    assert f"/leads/{lead.id}/actions/begin" in page
    assert post(browser, lead, "cancel", reason="by_mistake").status_code == 409
    with pytest.raises(TransitionRefused):
        finish(Action.CANCEL, lead, manager, MISTAKE)


@factory
def forbid(before: str, after: str) -> None:
    ids = {one.key: one.id for one in session().scalars(select(LeadStatus))}
    way = session().get_one(LeadTransition, (ids[before], ids[after]))
    way.roles = ["partner_rep"]
    session().flush()


# -- what becomes of who holds it -------------------------------------------------------------


def test_a_lead_that_its_holder_had_is_cancelled_and_he_is_told(ctx) -> None:
    rep, manager = make_person(), make_manager(name="Marta Vogel")
    lead = make_held(rep)
    planned = plan(lead, rep)
    held = pickup_of(lead)
    finish(Action.CANCEL, lead, manager, MISTAKE)
    found = fresh(lead)
    assert (found.state, found.holder_id, life_of(lead)) == ("closed", None, "cancelled")
    session().refresh(held)
    assert (held.outcome, book().label(held.reason_id, "en")) == ("recalled", "Created by mistake")
    assert session().get_one(Activity, planned).cancelled_at is not None
    counted = text("SELECT open_pickups FROM partner_figures WHERE organisation_id = :id")
    assert session().scalar(counted, {"id": rep.organisation_id}) == 0
    with pytest.raises(NotYoursAnyMore):
        feedback.give(held.id, Answer("waiting"), get_actor(rep.id), clock.now())
    jobs.run_now("core.dispatch", {"here": True}, clock.now())
    (mail,) = session().scalars(select(OutgoingEmail).where(OutgoingEmail.kind == "closed_for_you"))
    assert mail.user_id == rep.id
    for part in (mail.text, mail.html):
        assert f"the vendor has closed {lead.number}: Cancelled." in part
        assert "Marta Vogel" in part
        assert "Created by mistake" in part


def test_a_held_lead_that_the_vendor_wins_is_the_partners_win_and_makes_a_customer(ctx) -> None:
    rep, manager = make_person(), make_manager()
    switch_on(manager)
    lead = make_held(rep)
    finish(Action.WIN, lead, manager, WON)
    assert (pickup_of(lead).outcome, fresh(lead).holder_id) == ("won", rep.id)
    won = text("SELECT won, open_pickups FROM partner_figures WHERE organisation_id = :id")
    assert session().execute(won, {"id": rep.organisation_id}).one() == (1, 0)
    assert session().get(CustomerLead, lead.id).by_win


@factory
def switch_on(manager: User) -> None:
    policy.choose(
        from_wins=True,
        number_demanded=False,
        classification_id=None,
        credit_rating_id=None,
        actor=get_actor(manager.id),
        at=clock.now(),
    )


def test_who_decided_on_another_holder_is_asked_to_look_again(ctx) -> None:
    rep, manager = make_person(), make_manager()
    lead = make_held(rep)
    with pytest.raises(Conflict):
        finish(Action.LOSE, lead, manager, Answer("lost", reason="price"), seen=0)
    given = finish(Action.WIN, lead, manager, WON, seen=pickup_of(lead).id)
    assert finish(Action.WIN, lead, manager, WON) == given
    with pytest.raises(NotNow):
        finish(Action.CANCEL, lead, manager, MISTAKE)


def test_an_offer_that_is_cancelled_is_off_the_market(ctx) -> None:
    rep, manager = make_person(), make_manager()
    lead = make_offered_lead(at=clock.now())
    finish(Action.CANCEL, lead, manager, MISTAKE)
    assert life_of(lead) == "cancelled"
    with pytest.raises(DomainError):
        pickup.claim(lead.id, get_actor(rep.id), clock.now())


# -- an ending is taken back ------------------------------------------------------------------


def test_a_lead_that_the_vendor_ended_by_mistake_is_in_the_hands_that_held_it(client) -> None:
    rep, manager = make_person(), make_manager()
    switch_on(manager)
    browser, hers = sign_in(client, manager), sign_in(client.application.test_client(), rep)
    for action, answer in ENDINGS:
        lead = make_held(rep)
        before, planned = how_it_stands(lead), plan(lead, rep)
        finish(action, lead, manager, answer)
        put_in_archive(lead, manager, answer)
        assert post(hers, lead, "take-back").status_code == 403
        address = f"/leads/{lead.id}/actions/take-back"
        assert address in browser.get(f"/leads/{lead.id}").text
        assert "has it in hand again then" in browser.get(address).text
        for _press in range(2):
            assert post(browser, lead, "take-back").status_code == 303
        assert how_it_stands(lead) == before, action
        assert is_open(planned)
        page = hers.get(f"/leads/{lead.id}").text
        assert "How far are you?" in page
        assert f"Taken back by the vendor: {words_of(answer.status)}" in page
        clear_the_gate(lead, rep)
    # that it was closed is past by now, and not told any more
    told = mails_of("closed_for_you")
    assert len(told) == len(ENDINGS)
    assert all("the vendor has taken back that" in mail for mail in told)


ENDINGS = [
    (Action.WIN, WON),
    (Action.LOSE, Answer("lost", reason="price", decision_maker="The board")),
    (Action.CANCEL, MISTAKE),
]


@factory
def how_it_stands(lead: Lead) -> tuple[object, ...]:
    """Return all that an ending changes of a lead, of who holds it and of his firm's figures."""
    facts = text(
        """
        SELECT l.state, l.state_since, l.status_id, l.closed_at, l.holder_id,
          l.holder_organisation_id, p.ended_at, p.outcome, p.reason_id, p.last_status, p.debt,
          p.feedback_due_at, f.open_pickups, f.won, f.lost,
          (SELECT count(*) FROM customers), (SELECT count(*) FROM archived_leads)
        FROM leads l JOIN pickups p ON p.lead_id = l.id
        JOIN partner_figures f ON f.organisation_id = p.organisation_id WHERE l.id = :id
        """
    )
    return tuple(session().execute(facts, {"id": lead.id}).one())


@factory
def put_in_archive(lead: Lead, manager: User, answer: Answer) -> None:
    if answer is not WON:
        archive.put_in(lead.id, None, "Later", get_actor(manager.id), clock.now())


@factory
def is_open(activity_id: int) -> bool:
    return session().get_one(Activity, activity_id, populate_existing=True).is_open


@factory
def clear_the_gate(lead: Lead, rep: User) -> None:
    feedback.give(pickup_of(lead).id, Answer("waiting"), get_actor(rep.id), clock.now())


@factory
def mails_of(kind: str) -> list[str]:
    """Return the mails of a kind that would go out by now."""
    jobs.run_now("core.dispatch", {"here": True}, clock.now())
    mails = session().scalars(select(OutgoingEmail).where(OutgoingEmail.kind == kind))
    return [mail.text for mail in mails]


def test_what_nobody_held_stands_as_before_and_what_was_on_offer_stands_ready(ctx) -> None:
    manager, _rep = make_manager(), make_person()
    actor, now = get_actor(manager.id), clock.now()
    ours, raw, offered = make_lead(), make_lead(state="captured"), make_offered_lead(at=now)
    begin(ours, manager)
    for lead, action, answer, state, life in (
        (ours, Action.WIN, WON, "direct", "in_progress"),
        (raw, Action.CANCEL, MISTAKE, "captured", "pending"),
        (offered, Action.CANCEL, MISTAKE, "qualified", "pending"),
    ):
        finish(action, lead, manager, answer)
        again.take_back(lead.id, actor, clock.now())
        assert (fresh(lead).state, life_of(lead), fresh(lead).closed_at) == (state, life, None)
    finish(Action.CANCEL, raw, manager, MISTAKE)
    with pytest.raises(TooLateToUndo):
        again.take_back(raw.id, actor, clock.now() + UNDO_WITHIN + HOUR)


def test_what_a_partner_said_is_his_and_what_the_vendor_said_the_vendors_to_take_back(ctx) -> None:
    rep, manager = make_person(), make_manager()
    lead = make_held(rep)
    given = finish(Action.WIN, lead, manager, WON)
    with pytest.raises(NotFound):
        feedback.take_back(given, get_actor(rep.id), clock.now())
    again.take_back(lead.id, get_actor(manager.id), clock.now())
    other = feedback.give(pickup_of(lead).id, WON, get_actor(rep.id), clock.now())
    with pytest.raises(NotNow) as refused:
        again.take_back(lead.id, get_actor(manager.id), clock.now() + HOUR)
    assert refused.value.facts["why"] == "theirs"
    feedback.take_back(other.id, get_actor(rep.id), clock.now())
    finish(Action.CANCEL, lead, manager, MISTAKE)
    session().get_one(User, rep.id).active = False
    with pytest.raises(NotNow) as refused:
        again.take_back(lead.id, get_actor(manager.id), clock.now())
    assert refused.value.facts["why"] == "left"


# -- own fields that an ending needs ----------------------------------------------------------


def test_an_ending_asks_for_own_fields_that_are_empty(client: FlaskClient) -> None:
    rep, manager = make_person(), make_manager()
    first, second = make_held(rep), make_held(make_person())
    require_own(first)
    browser = sign_in(client.application.test_client(), rep)
    token = {"csrf_token": csrf_of(browser.get("/settings/sign-in").text)}
    answer = f"/pickups/{pickup_id_of(first)}/feedback"
    won = {**token, "status": "won", "value": "5000"}
    refused = browser.post(answer, data=won)
    assert refused.status_code == 422
    for asked in ('name="own-machines"', 'name="own-sold:east"', "Please fill this in.", "5000"):
        assert asked in refused.text
    assert 'name="own-lost_to"' not in refused.text
    part = {"own-machines": "8", "own-sold:east": "1"}
    half = browser.post(answer, data={**won, "value": "", **part})
    assert half.status_code == 422
    assert 'value="8"' in half.text
    assert 'name="own-sold:east" value="1" checked' in half.text
    odd = browser.post(answer, data={**won, "own-machines": "many", "own-sold:moon": "1"})
    assert "Please give a whole number." in odd.text
    assert "Please choose from the list." in odd.text
    rest = {"own-sold:west": "1", "own-lost_to": "me"}
    assert browser.post(answer, data={**won, **part, **rest}).status_code == 303
    assert own_of(first) == {"machines": 8, "sold": ["east", "west"]}
    # the vendor's own ending asks at once
    office = sign_in(client, manager)
    page = office.get(f"/leads/{second.id}/actions/lose").text
    assert 'name="own-lost_to"' in page
    assert 'name="own-machines"' not in page
    lost = {"reason": "price", "decision_maker": "Board"}
    assert post(office, second, "lose", **lost).status_code == 422
    assert post(office, second, "lose", **lost, **{"own-lost_to": "Querix"}).status_code == 303
    assert own_of(second) == {"lost_to": "Querix"}


@factory
def require_own(lead: Lead) -> None:
    """Have a win ask for machines and where they are sold, a loss to whom."""
    places = [("", {"en": name}, True) for name in ("East", "West")]
    for name, kind in (("Machines", "whole"), ("Sold", "several"), ("Lost to", "text")):
        draft = FieldDraft(names={"en": name}, kind=kind, choices=places if name == "Sold" else ())
        field_operations.add("lead", draft, None, clock.now())
    require(lead, "win", "own-machines", "own-sold")
    require(lead, "lose", "own-lost_to")


@factory
def own_of(lead: Lead) -> dict[str, object]:
    return own_fields.read(lead.id)


@factory
def pickup_id_of(lead: Lead) -> int:
    return session().scalars(select(Pickup.id).where(Pickup.lead_id == lead.id)).one()


# -- the dead are revived ---------------------------------------------------------------------


def test_a_dead_lead_is_qualified_anew_and_keeps_its_history(client: FlaskClient) -> None:
    rep, manager = make_person(), make_manager()
    lead, mine = make_held(rep), make_lead(state="captured")
    feedback_on(lead, rep)
    disqualify(mine, manager)
    browser = sign_in(client, manager)
    for dead in (lead, mine):
        put_in_archive(dead, manager, MISTAKE)
        assert "stays in its history" in browser.get(f"/leads/{dead.id}/actions/revive").text
        assert post(browser, dead, "revive").status_code == 303
        found = fresh(dead)
        assert (found.state, life_of(dead)) == ("captured", "pending")
        assert (found.holder_id, found.closed_at, found.disqualified_reason_id) == (None,) * 3
        page = browser.get(f"/leads/{dead.id}").text
        assert "Revived, to be qualified anew" in page
        assert "In the archive since" not in page
        assert browser.get(f"/qualify/{dead.id}").status_code == 200
        assert post(browser, dead, "revive").status_code == 409
    assert "Lost / not interested" in browser.get(f"/leads/{lead.id}").text
    hers = sign_in(client.application.test_client(), rep).get(f"/leads/{lead.id}").text
    assert "A lead you held" in hers


@factory
def feedback_on(lead: Lead, rep: User) -> None:
    answer = Answer("lost", reason="price", decision_maker="The board")
    feedback.give(pickup_of(lead).id, answer, get_actor(rep.id), clock.now())


@factory
def disqualify(lead: Lead, manager: User) -> None:
    leads.disqualify(lead.id, "duplicate", "", get_actor(manager.id), clock.now())


def test_who_asked_to_be_left_alone_is_not_revived_nor_offered_after_a_mistake(ctx) -> None:
    manager = make_manager()
    actor = get_actor(manager.id)
    lost, cancelled = make_lead(CONTACT), make_lead(CONTACT)
    begin(lost, manager)
    finish(Action.LOSE, lost, manager, Answer("lost", reason="price", decision_maker="X"))
    finish(Action.CANCEL, cancelled, manager, MISTAKE)
    leads.suppress([f"email:{CONTACT['email']}"], "do_not_call", clock.now())
    with pytest.raises(DoNotCall):
        again.revive(lost.id, actor, clock.now())
    again.take_back(cancelled.id, actor, clock.now())
    assert fresh(cancelled).suppressed


# -- delete -----------------------------------------------------------------------------------


def test_what_partners_have_seen_is_never_deleted_and_all_else_goes_whole(client) -> None:
    manager, rep = make_manager(), make_person()
    seen, lead = make_held(rep), make_lead()
    note_on(lead, manager)
    plan(lead, manager)
    browser = sign_in(client, manager)
    refused = post(browser, seen, "delete")
    assert refused.status_code == 409
    assert "can be cancelled, not deleted" in refused.text
    assert "can’t be undone" in browser.get(f"/leads/{lead.id}/actions/delete").text
    assert post(browser, lead, "delete").status_code == 303
    assert browser.get(f"/leads/{lead.id}").status_code == 404
    assert left_of(lead) == 0


@factory
def note_on(lead: Lead, manager: User) -> None:
    found = session().get_one(Lead, lead.id)
    notes.write_note(found, "Call again", shared=False, actor=get_actor(manager.id), at=clock.now())


@factory
def left_of(lead: Lead) -> int:
    """Return how many rows are left of a lead, behind every wall."""
    for setting, value in (
        ("app.contacts", "search"),
        ("app.notes_of", str(make_vendor().id)),
    ):
        session().execute(text("SELECT set_config(:s, :v, true)"), {"s": setting, "v": value})
    counted = text(
        "SELECT (SELECT count(*) FROM lead_contacts WHERE lead_id = :id)"
        " + (SELECT count(*) FROM firm_notes WHERE subject_id = :id)"
        " + (SELECT count(*) FROM activities WHERE subject = 'lead' AND subject_id = :id)"
        " + (SELECT count(*) FROM activity_words WHERE subject = 'lead' AND subject_id = :id)"
        " + (SELECT count(*) FROM lead_words WHERE lead_id = :id)"
    )
    return session().scalar(counted, {"id": lead.id})


# -- what is said of an ending ----------------------------------------------------------------


def test_what_was_sold_and_why_is_kept_and_what_was_typed_stays(client: FlaskClient) -> None:
    manager, rep = make_manager(), make_person()
    lead = make_held(rep)
    require(lead, "win", "products", "why")
    browser, key = sign_in(client, manager), f"product-{lead.product_ids[0]}"
    wrong = post(browser, lead, "win", value="twelve", also="A rack")
    assert wrong.status_code == 422
    assert "Please give an amount" in wrong.text
    assert 'value="A rack"' in wrong.text
    wrong = post(browser, lead, "win", value="12500", **{key: "1"})
    assert "Please say why they bought it." in wrong.text
    assert f'name="{key}" value="1" checked' in wrong.text
    good = {key: "1", "also": "Two racks", "why": "Delivered in a week", "note": "Nice people"}
    assert post(browser, lead, "win", value="12500", **good).status_code == 303
    given = said_of(lead)
    assert (given.value, given.product_ids) == (Decimal(12500), [lead.product_ids[0]])
    assert (given.also, given.why) == ("Two racks", "Delivered in a week")
    for person in (manager, rep):
        page = sign_in(client.application.test_client(), person).get(f"/leads/{lead.id}").text
        for words in ("Two racks", "Delivered in a week", "Nice people"):
            assert words in page


def test_a_partner_says_who_got_it_what_was_lost_and_who_decided(client: FlaskClient) -> None:
    rep, manager = make_person(), make_manager()
    lead = make_held(rep)
    require(lead, "lose", "competitor", "lost_value")
    competitor = competitor_id()
    browser = sign_in(client, rep)
    token = csrf_of(browser.get("/mine").text)
    address = f"/pickups/{pickup_of(lead).id}/feedback"
    typed = {"csrf_token": token, "status": "lost", "reason": "price", "decision_maker": "Boss"}
    wrong = browser.post(address, data=typed)
    assert wrong.status_code == 422
    assert "Please choose who got it." in wrong.text
    typed |= {"competitor": str(competitor), "lost_value": "30,000"}
    assert browser.post(address, data={**typed, "competitor": "999999"}).status_code == 422
    assert browser.post(address, data=typed).status_code == 303
    given = said_of(lead)
    assert (given.competitor_id, given.lost_value) == (competitor, Decimal(30000))
    page = sign_in(client.application.test_client(), manager).get(f"/leads/{lead.id}").text
    assert "Querix" in page
    assert "€30,000" in page
    assert "counts against the market" in page


@factory
def require(lead: Lead, step: str, *fields: str) -> None:
    session().add_all(LeadRequirement(type_id=lead.type_id, step=step, field=one) for one in fields)


@factory
def competitor_id() -> int:
    return book().id_of("competitor", "querix")


@factory
def said_of(lead: Lead) -> Feedback:
    return session().scalars(select(Feedback).where(Feedback.lead_id == lead.id)).one()


def test_products_that_do_not_exist_and_reasons_for_something_else_are_refused(ctx) -> None:
    manager, lead = make_manager(), make_lead()
    begin(lead, manager)
    with pytest.raises(Invalid) as refused:
        finish(Action.WIN, lead, manager, Answer("won", value=Decimal(1), products=(10**9,)))
    assert set(refused.value.errors) == {"products"}
    with pytest.raises(Invalid) as refused:
        finish(Action.CANCEL, lead, manager, Answer("cancelled", reason="price"))
    assert set(refused.value.errors) == {"reason"}
