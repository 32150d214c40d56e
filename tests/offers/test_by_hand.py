"""Offers by hand: to a person, a partner, several at once or in turn; taken back, extended."""

from __future__ import annotations

import html
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from portal.accounts import administration
from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session, unit_of_work
from portal.core.errors import Forbidden, Invalid, NotFound
from portal.desk import live
from portal.leads.contest import DIRECT, Mode
from portal.leads.models import Lead, LeadState
from portal.matching import groups
from portal.matching.rules import draw
from portal.notifications.queries import list_offered
from portal.offers import by_hand, choosing, deciding, leaving, operations, places, queries
from portal.offers.by_hand import Choice
from portal.offers.models import Offer, OfferRound
from portal.offers.rules import AlreadyTaken, NotReady, OthersDecide
from portal.partners.models import Absence, Partner
from portal.pickup import leavers
from portal.pickup import operations as pickup
from portal.programme import operations as programme
from portal.programme.models import TermsKind
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    last_round,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

HOUR = timedelta(hours=1)
LATER = AT + HOUR


class Desk:
    """A channel manager with a lead that is ready, and three firms with two reps each."""

    def __init__(self, **over):
        self.manager = get_actor(make_manager().id)
        self.firms = [make_partner() for _ in range(3)]
        self.reps = [[make_person(firm) for _ in range(2)] for firm in self.firms]
        self.heads = [make_person(firm, "partner_manager") for firm in self.firms]
        self.lead = make_lead(**over)
        answer_questions(self.lead)

    def ids(self, *numbers):
        return [self.firms[number].id for number in numbers]

    def offers(self, *numbers, by=None, at=AT, **how):
        choice = Choice(self.ids(*numbers), **how)
        return by_hand.offer(self.lead.id, choice, by or self.manager, at)

    def seen_by(self, at=LATER):
        """Return who sees the lead, as (firm, person); a manager is person 2."""
        found = set()
        for number, (reps, head) in enumerate(zip(self.reps, self.heads, strict=True)):
            for place, user in enumerate([*reps, head]):
                actor = get_actor(user.id)
                listed = [
                    row.id for row in queries.available(actor, at, 1, queries.Filters()).items
                ]
                card = queries.find_card(self.lead.id, actor, at)
                assert (card is not None) == (self.lead.id in listed)
                assert queries.count_available(actor, at).total == len(listed)
                if card is not None:
                    found.add((number, place))
        return found

    def asks_for_terms(self):
        """Publish terms that bind at once; all but the first firm agree."""
        words = {"en": "Fair play.", "de": "Fair."}
        terms = programme.publish_terms(TermsKind.PROGRAMME, words, AT.date(), self.manager, AT)
        for head in self.heads[1:]:
            programme.accept_terms(terms.id, get_actor(head.id), AT)

    @property
    def state(self):
        return session().get_one(Lead, self.lead.id, populate_existing=True).state


@pytest.fixture
def desk(ctx):
    return Desk()


ALL = {(firm, person) for firm in range(3) for person in range(3)}


def of(*firms):
    return {one for one in ALL if one[0] in firms}


def test_to_a_partner_to_several_at_once_or_in_turn(desk):
    opened, left_out = desk.offers(1)
    assert (opened.mode, opened.offered_by_id, left_out) == (DIRECT, desk.manager.id, [])
    assert desk.seen_by() == of(1)
    by_hand.withdraw(desk.lead.id, desk.manager, LATER)
    assert desk.seen_by() == set()
    again, _ = desk.offers(0, 2, at=LATER)
    assert (again.mode, again.number) == (Mode.RACE, 2)
    assert desk.seen_by(LATER + HOUR) == of(0, 2)
    by_hand.withdraw(desk.lead.id, desk.manager, LATER)
    desk.offers(2, 0, 1, in_turn=True, minutes=60)
    assert [desk.seen_by(AT + n * HOUR) for n in range(4)] == [of(2), of(0), of(1), set()]


def test_an_offer_to_a_person_is_for_nobody_else_of_the_firm(desk):
    rep, colleague, head = (get_actor(u.id) for u in (*desk.reps[0], desk.heads[0]))
    opened, _ = desk.offers(0, user_id=rep.id)
    assert desk.seen_by() == {(0, 0)}
    told = {user.id for user, _offer in list_offered(desk.lead.id, opened.id, LATER)}
    assert told == {rep.id}
    [letter] = live.address([{"kind": "offer", "lead": desk.lead.id}])
    heard = [bool(live.topics_of(one) & letter.topics) for one in (rep, colleague, head)]
    assert heard == [True, False, False]
    for other in (colleague, head):
        for refused in (
            lambda other=other: pickup.claim(desk.lead.id, other, LATER),
            lambda other=other: operations.decline(desk.lead.id, "too_far", other, LATER),
            lambda other=other: operations.stand_by(desk.lead.id, other, LATER),
        ):
            with pytest.raises(NotFound):
                refused()
        assert places.find_place(desk.lead.id, other, LATER) is None
        assert not queries.was_offered(desk.lead.id, other, LATER)
    assert not pickup.claim(desk.lead.id, rep, LATER).again


def test_a_person_who_says_no_speaks_for_himself_and_not_for_his_firm(desk):
    desk.offers(0, user_id=desk.reps[0][0].id)
    assert operations.decline(desk.lead.id, "too_far", get_actor(desk.reps[0][0].id), LATER)
    assert desk.seen_by() == set()
    assert by_hand.list_doubts(desk.lead.id, desk.ids(0), LATER) == []


def change(firm, **values):
    partner = session().get_one(Partner, firm.id)
    for name, value in values.items():
        setattr(partner, name, value)


def away(firm, user=None, at=AT):
    session().add(
        Absence(
            organisation_id=firm.id,
            user_id=user.id if user else None,
            starts_on=at.date(),
            # also where it is past midnight already
            ends_on=at.date() + timedelta(days=1),
        )
    )


@pytest.mark.parametrize(
    ("what", "code", "nevertheless"),
    [
        (lambda d: away(d.firms[0]), "absent", True),
        (lambda d: change(d.firms[0], capacity=0), "full", True),
        (lambda d: operations.exclude(d.lead.id, d.firms[0].id, "given_back", AT), "given_back", 1),
        (lambda d: operations.exclude(d.lead.id, d.firms[0].id, "declined", AT), "declined", False),
        (lambda d: operations.exclude(d.lead.id, d.firms[0].id, "recalled", AT), "recalled", False),
        (lambda d: change(d.firms[0], suspended_until=AT + HOUR), "suspended", False),
        (lambda d: [setattr(r, "active", False) for r in d.reps[0]], "nobody", False),
        (lambda d: d.asks_for_terms(), "terms", False),
        (lambda d: programme.join_referral(d.firms[0].id, True, d.manager, AT), "refers", True),
    ],
)
def test_what_speaks_against_a_firm_is_named_and_overruled_where_that_is_allowed(
    desk, what, code, nevertheless
):
    what(desk)
    session().flush()
    [doubt] = by_hand.list_doubts(desk.lead.id, desk.ids(0, 1), AT)
    assert (doubt.organisation_id, doubt.code) == (desk.firms[0].id, code)
    assert doubt.may_be_overruled == bool(nevertheless)
    assert doubt.words
    with pytest.raises(Invalid):
        desk.offers(0)
    _opened, left_out = desk.offers(0, 1, despite=desk.ids(0))
    assert left_out == ([] if nevertheless else [doubt])
    offered = session().scalars(select(Offer.organisation_id)).all()
    assert set(offered) == set(desk.ids(0, 1) if nevertheless else desk.ids(1))


def test_a_person_who_is_away_or_of_another_firm_is_named(desk):
    away(desk.firms[2])
    session().flush()
    assert by_hand.list_doubts(desk.lead.id, desk.ids(0), AT, desk.reps[0][0].id) == []
    away(desk.firms[0], desk.reps[0][0])
    session().flush()
    for person, code in ((desk.reps[0][0], "person_away"), (desk.reps[1][0], "person_gone")):
        [doubt] = by_hand.list_doubts(desk.lead.id, desk.ids(0), AT, person.id)
        assert doubt.code == code


@pytest.mark.parametrize(
    "how",
    [
        {"in_turn": True},
        {"in_turn": True, "minutes": 1},
        {"hours": 0},
        {"hours": 24 * 31},
        {"user_id": 1},
    ],
)
def test_what_is_not_whole_is_asked_for(desk, how):
    with pytest.raises(Invalid):
        desk.offers(0, 1, **how)
    with pytest.raises(Invalid):
        desk.offers()
    assert desk.state == LeadState.QUALIFIED


def test_taken_back_from_one_firm_it_stays_with_the_others(desk):
    desk.offers(0, 1, 2)
    by_hand.withdraw_from(desk.lead.id, desk.firms[0].id, desk.manager, AT + HOUR)
    assert desk.seen_by(AT + HOUR) == of(1, 2)
    assert last_round(desk.lead).offered == 2
    with pytest.raises(AlreadyTaken):
        pickup.claim(desk.lead.id, get_actor(desk.reps[0][0].id), AT + HOUR)
    with pytest.raises(NotFound):
        by_hand.withdraw_from(desk.lead.id, desk.firms[0].id, desk.manager, AT + HOUR)
    operations.decline(desk.lead.id, "too_far", get_actor(desk.heads[1].id), AT + HOUR)
    by_hand.withdraw_from(desk.lead.id, desk.firms[2].id, desk.manager, AT + HOUR)
    assert desk.state == LeadState.QUALIFIED
    assert last_round(desk.lead).outcome == "withdrawn"
    # the firm said nothing against it, so it may have it again; who declined may not
    _opened, left_out = desk.offers(0, 1, at=AT + 2 * HOUR)
    assert [one.code for one in left_out] == ["declined"]


def test_taken_back_in_turn_the_next_firm_comes_in_its_place(desk):
    desk.offers(0, 1, 2, in_turn=True, minutes=60)
    by_hand.withdraw_from(desk.lead.id, desk.firms[1].id, desk.manager, AT)
    assert [desk.seen_by(AT + n * HOUR) for n in range(3)] == [of(0), of(2), set()]
    half = AT + HOUR / 2
    by_hand.withdraw_from(desk.lead.id, desk.firms[0].id, desk.manager, half)
    assert [desk.seen_by(half + n * HOUR) for n in range(2)] == [of(2), set()]


def test_whose_turn_is_over_has_nothing_to_take_back_and_keeps_no_round_open(desk):
    opened, _ = desk.offers(0, 1, in_turn=True, minutes=60)
    operations.open_rings(opened.id, LATER)
    with pytest.raises(NotFound):
        by_hand.withdraw_from(desk.lead.id, desk.firms[0].id, desk.manager, LATER)
    by_hand.withdraw_from(desk.lead.id, desk.firms[1].id, desk.manager, LATER)
    assert (desk.state, last_round(desk.lead).outcome) == (LeadState.QUALIFIED, "withdrawn")


@pytest.mark.parametrize(
    ("leave", "to", "stays"),
    [
        (lambda d, rep: leavers.deactivate(rep, None, d.manager, LATER), [0], False),
        (lambda d, rep: administration.set_roles(rep, ["partner_manager"], LATER, 1), [0], False),
        (lambda d, _rep: leavers.close(d.firms[0], d.manager, LATER), [0], False),
        (lambda d, _rep: leavers.close(d.firms[0], d.manager, LATER), [0, 1], True),
    ],
)
def test_who_is_gone_keeps_no_lead_on_the_market(desk, leave, to, stays):
    rep = desk.reps[0][0]
    desk.offers(*to, user_id=None if stays else rep.id)
    leave(desk, rep)
    jobs.run_now("core.dispatch", {"here": True}, LATER)
    first = session().scalars(select(OfferRound).order_by(OfferRound.number)).first()
    assert first.outcome == (None if stays else "expired")
    assert first.offered == 1
    if stays:
        assert desk.state == LeadState.OFFERED


def test_what_a_colleague_is_offered_meanwhile_is_hers(desk, monkeypatch):
    rep, other = desk.reps[0]
    desk.offers(0, user_id=rep.id)
    rep.active = False
    session().flush()
    lock = leaving.lock_partners

    def offered_anew(firms):
        by_hand.withdraw(desk.lead.id, desk.manager, LATER)
        desk.offers(0, user_id=other.id, at=LATER)
        lock(firms)

    monkeypatch.setattr(leaving, "lock_partners", offered_anew)
    leaving.end_of_person(rep.id, LATER)
    assert queries.find_card(desk.lead.id, get_actor(other.id), LATER)


def test_a_group_is_asked_in_the_order_in_which_the_lead_suits_it(desk):
    group = groups.save_group("Alle", "", AT)
    for number, latitude in ((0, 53.5), (1, 52.4), (2, 53.0)):
        change(desk.firms[number], latitude=latitude)
        groups.add_member(group, desk.firms[number].id, AT)
    desk.firms[1].name = "Zuletzt"
    session().flush()
    found = choosing.members_of(group.id, desk.lead, AT)
    assert found == desk.ids(1, 2, 0)


def test_of_equally_suited_firms_of_a_group_the_lead_s_own_lot_says_who_is_first(desk):
    group = groups.save_group("Alle", "", AT)
    for firm in desk.firms:
        groups.add_member(group, firm.id, AT)
    leads = [desk.lead, *(make_lead() for _ in range(11))]
    orders = [choosing.members_of(group.id, lead, AT) for lead in leads]
    assert len({order[0] for order in orders}) > 1
    opened, _ = by_hand.offer(
        desk.lead.id, Choice(orders[0], in_turn=True, minutes=60), desk.manager, AT
    )
    assert opened.seed == desk.lead.id
    assert orders[0] == sorted(orders[0], key=lambda firm: draw(opened.seed, firm))


def test_roles_that_the_programme_lets_decide_lend_nothing_to_those_it_does_not(desk):
    pam, boss = (make_person(make_vendor(), "account_manager") for _ in range(2))
    pam.manager_id, boss.roles = boss.id, ["account_manager", "regional_manager", "admin"]
    desk.firms[0].account_manager_id, desk.firms[1].account_manager_id = boss.id, pam.id
    deciding.save(["account_manager"], True, 15, AT)
    session().flush()
    right = deciding.find_right(get_actor(boss.id))
    assert [right.covers(desk.ids(number)) for number in range(3)] == [True, False, False]
    deciding.save(["account_manager", "regional_manager"], True, 15, AT)
    right = deciding.find_right(get_actor(boss.id))
    assert [right.covers(desk.ids(number)) for number in range(3)] == [True, True, False]


@pytest.mark.parametrize("in_turn", [False, True])
def test_an_extended_round_lasts_longer_for_who_sees_it(desk, in_turn):
    opened, _ = desk.offers(0, 1, hours=2, in_turn=in_turn, minutes=60)
    by_hand.extend(desk.lead.id, 24, desk.manager, AT)
    assert last_round(desk.lead).ends_at == AT + 26 * HOUR
    day = AT + 24 * HOUR
    assert desk.seen_by(day) == (of(0) if in_turn else of(0, 1))
    assert desk.seen_by(day + HOUR) == (of(1) if in_turn else of(0, 1))
    operations.end_round(opened.id, AT + 3 * HOUR)
    assert desk.state == LeadState.OFFERED
    with pytest.raises(Invalid):
        by_hand.extend(desk.lead.id, 24 * 30, desk.manager, AT)


def test_what_was_picked_up_or_is_not_on_offer_is_neither_taken_back_nor_extended(desk):
    for deed in (
        lambda: by_hand.withdraw(desk.lead.id, desk.manager, LATER),
        lambda: by_hand.withdraw_from(desk.lead.id, desk.firms[0].id, desk.manager, LATER),
        lambda: by_hand.extend(desk.lead.id, 24, desk.manager, LATER),
    ):
        with pytest.raises(NotReady):
            deed()
    desk.offers(0)
    pickup.claim(desk.lead.id, get_actor(desk.reps[0][0].id), LATER)
    with pytest.raises(AlreadyTaken):
        by_hand.withdraw(desk.lead.id, desk.manager, LATER)


def test_whom_the_programme_lets_decide_does_so_for_the_firms_that_he_answers_for(desk):
    pam = make_person(make_vendor(), "account_manager")
    desk.firms[0].account_manager_id = pam.id
    session().flush()
    by = get_actor(pam.id)
    with pytest.raises(Forbidden):
        desk.offers(0, by=by)
    deciding.save(["account_manager"], True, 15, AT)
    with pytest.raises(OthersDecide):
        desk.offers(0, 1, by=by)
    desk.offers(0, by=by)
    by_hand.withdraw(desk.lead.id, by, AT)
    desk.offers(0, 1)
    with pytest.raises(OthersDecide):
        by_hand.withdraw(desk.lead.id, by, AT)
    with pytest.raises(OthersDecide):
        by_hand.extend(desk.lead.id, 24, by, AT)
    with pytest.raises(OthersDecide):
        by_hand.withdraw_from(desk.lead.id, desk.firms[1].id, by, AT)
    by_hand.withdraw_from(desk.lead.id, desk.firms[0].id, by, AT)
    assert desk.seen_by() == of(1)


def test_the_way_of_an_offer_by_hand_through_the_pages(app):
    with app.app_context(), unit_of_work():
        desk = Desk()
        away(desk.firms[2], at=clock.now())
        change(desk.firms[1], suspended_until=clock.now() + 24 * HOUR)
        names = [firm.name for firm in desk.firms]
        ids, lead_id = desk.ids(0, 1, 2), desk.lead.id
        head, rep, pam = desk.heads[0], desk.reps[0][0], make_person(make_vendor(), "sales_manager")
    client, home = sign_in(app.test_client(), make_manager()), f"/leads/{lead_id}"
    assert f"{home}/offering" in client.get(home).text
    page = client.get(f"{home}/offering?q={names[0]}&firm={ids[1]}").text
    assert all(name in page for name in names[:2])
    asked = {"firm": ids, "csrf_token": csrf_of(page)}
    page = html.unescape(client.get(f"{home}/offering/terms", query_string=asked).text)
    assert "pauses and can’t pick up" in page
    assert "is away" in page
    kept = client.post(f"{home}/offering", data={**asked, "way": "turn", "days": "7"})
    assert kept.status_code == 422
    sent = {**asked, "way": "race", "minutes": "60", "days": "7", "despite": ids[2]}
    page = client.post(f"{home}/offering", data=sent, follow_redirects=True).text
    assert "on offer to 2 firms" in page
    assert "Left out" in page
    assert client.get(f"{home}/offering/longer").status_code == 200
    longer = {"days": "3", "csrf_token": csrf_of(page)}
    assert client.post(f"{home}/offering/longer", data=longer).status_code == 303
    taken = f"{home}/offering/{ids[2]}/withdrawal"
    assert "taken back" in client.post(taken, data=longer, follow_redirects=True).text
    assert home in sign_in(app.test_client(), rep).get("/available").text
    client.post(f"{home}/withdrawal", data=longer)
    only = {"csrf_token": csrf_of(page), "firm": ids[0], "whom": f"person-{rep.id}", "days": "1"}
    page = client.post(f"{home}/offering", data=only, follow_redirects=True).text
    assert f"{rep.name} alone" in page
    assert sign_in(app.test_client(), head).get(home).status_code == 404
    other = sign_in(app.test_client(), pam)
    assert other.get(f"{home}/offering").status_code == 403
    page = client.get("/allocation").text
    saved = {"csrf_token": csrf_of(page), "roles": "sales_manager", "first_minutes": "5000"}
    assert client.post("/allocation", data=saved).status_code == 422
    saved["first_minutes"] = "10"
    assert client.post("/allocation", data=saved).status_code == 303
    assert other.get(f"{home}/offering").status_code == 404


def test_who_leaves_waits_for_an_offer_that_is_just_being_made(committed):
    with committed.app_context(), unit_of_work():
        desk = Desk()
        rep_id, lead_id = desk.reps[0][0].id, desk.lead.id
        admin = get_actor(make_person(make_vendor(), "admin").id)
        choice = Choice(desk.ids(0), user_id=rep_id)

    def leave():
        with committed.app_context(), unit_of_work():
            session().execute(text("SET LOCAL lock_timeout = '200ms'"))
            leavers.deactivate(session().get_one(User, rep_id), None, admin, LATER)

    with ThreadPoolExecutor(1) as elsewhere, committed.app_context():
        with unit_of_work():
            by_hand.offer(lead_id, choice, desk.manager, AT)
            with pytest.raises(OperationalError):
                elsewhere.submit(leave).result()
        elsewhere.submit(leave).result()
        # so the news of her leaving finds it
        with unit_of_work():
            leaving.end_of_person(rep_id, LATER)
            assert session().get_one(Lead, lead_id).state == LeadState.RETURNED
