"""Why a firm was offered a lead, why another wasn't: the same answer a year later."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from portal.accounts.models import OrganisationKind
from portal.accounts.queries import get_actor
from portal.catalog.queries import book, forget_book
from portal.core import clock
from portal.core.db import session
from portal.matching import groups, versions
from portal.matching.models import DistributionRule, RuleVersion
from portal.matching.relaxing_words import tell_relaxed, tell_steps
from portal.offers import operations as offers
from portal.offers import passing_on, reasons
from portal.offers.models import Offer
from portal.partners import operations as partners
from portal.partners.figures import count
from portal.partners.models import Partner, PartnerGroup, PartnerGroupMember, PartnerRates
from portal.programme import operations as programme
from portal.relations.models import RelationHit
from tests.factories import (
    AT,
    answer_questions,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    make_programme,
    sign_in,
)
from tests.matching.test_match import BERLIN, required, rule, weighted

YEAR = timedelta(days=365)


def kept(*criteria, **over):
    made = rule(*criteria, **over)
    session().add(
        RuleVersion(
            rule_id=made.id,
            number=1,
            content=versions.content_of(made),
            saved_at=AT,
            activated_at=AT,
        )
    )
    session().flush()
    return made


def rates(firm, **figures):
    values = {"offers_seen": 9, "picked": 6, "closed": 4, "volume": 0, "brought": 0}
    values |= {"months_brought": 0, "campaigns": 0, **figures}
    session().merge(PartnerRates(organisation_id=firm.id, at=AT, **values))
    session().flush()


def offered(made, at=AT):
    lead = make_lead(language="de")
    answer_questions(lead)
    opened = offers.offer(lead.id, at, made)
    return lead, opened


def score(opened, firm):
    return session().scalar(
        select(Offer.score).where(Offer.round_id == opened.id, Offer.organisation_id == firm.id)
    )


def everything():
    make_programme()
    return kept(
        required("language"),
        weighted("radius", 40, km=100),
        weighted("level", 20),
        weighted("conversion", 25),
        weighted("capacity", 10),
        {"kind": "people", "mode": "forbidden", "least": 500},
    )


def test_a_score_comes_out_the_same_after_all_has_changed(ctx: Flask) -> None:
    made = everything()
    firm = make_partner(latitude=52.6, people=20, level_id=book().active("partner_level")[1].id)
    big, referrer = make_partner(people=900), make_partner()
    rates(firm, conversion=0.37)
    count(firm.id, open_pickups=4)
    desk = get_actor(make_manager().id)
    programme.join_referral(referrer.id, True, desk, AT)
    lead, opened = offered(made)
    before = reasons.answer(lead, opened, firm.id, AT)
    assert before.explained.score == score(opened, firm)
    assert 0.2 < before.explained.score < 1

    versions.take(made, {"criteria": [weighted("radius", 3, km=5)], "name": "Another"})
    made.version = 2
    profile = session().get_one(Partner, firm.id)
    partners.save_profile(profile, AT, latitude=48.0, longitude=11.0, people=700, languages=[])
    rates(firm, conversion=0.99)
    # one of those it held then had ended, and has not after all
    count(firm.id, open_pickups=1)
    programme.join_referral(referrer.id, False, desk, AT + timedelta(days=1))
    session().execute(text("UPDATE catalog_entries SET rank = 9 - rank WHERE rank IS NOT NULL"))
    lead.country, lead.latitude, lead.longitude, lead.language = "AT", 48.2, 16.4, "fr"
    session().flush()
    forget_book()

    after = reasons.answer(lead, opened, firm.id, AT + YEAR)
    assert after.explained == before.explained
    assert after.holds
    assert sum(line.points for line in after.explained.lines) == pytest.approx(score(opened, firm))
    out = reasons.answer(lead, opened, big.id, AT + YEAR)
    assert out.offer is None
    assert [str(line.criterion.kind) for line in out.explained.missed] == ["people"]
    assert reasons.answer(lead, opened, referrer.id, AT + YEAR).explained.out == "refers"


@pytest.mark.parametrize(
    ("over", "asked", "out", "missed"),
    [
        ({}, [required("radius", km=100)], None, []),
        (BERLIN, [required("radius", km=100)], None, ["radius"]),
        ({"brand_ids": [], **BERLIN}, [required("brand"), required("radius", km=100)],
         None, ["brand", "radius"]),
        ({"suspended_until": AT + YEAR}, [], "suspended", []),
    ],
)  # fmt: skip
def test_who_was_not_offered_a_lead_reads_all_that_spoke_against_it(
    ctx: Flask, over, asked, out, missed
) -> None:
    made = kept(*asked)
    make_partner()
    firm = make_partner(**over)
    lead, opened = offered(made)
    session().execute(text("UPDATE partners SET suspended_until = NULL, latitude = 52.37"))
    explained = reasons.answer(lead, opened, firm.id, AT + YEAR).explained
    assert explained.out == out
    assert [str(line.criterion.kind) for line in explained.missed] == missed
    assert explained.suits is (out is None and not missed)


def test_a_level_that_was_enough_stays_enough_when_the_levels_are_put_in_another_order(
    ctx: Flask,
) -> None:
    make_programme()
    levels = sorted(book().active("partner_level"), key=lambda one: one.rank or 0)
    below, top = levels[-2].id, levels[-1].id
    made = kept(
        required("level", level_id=top), relaxing=[{"clause": 0, "kind": "level", "how": "milder"}]
    )
    firm = make_partner(level_id=below)
    lead, opened = offered(made)
    told = tell_relaxed(opened.rule_id, opened.rule_version, opened.relaxed)
    session().execute(
        text("UPDATE catalog_entries SET rank = 9 - rank WHERE kind = 'partner_level'")
    )
    session().expire_all()
    forget_book()
    found = reasons.answer(lead, opened, firm.id, AT + YEAR)
    assert [one.criterion.level_id for one in found.explained.lines] == [below]
    assert found.explained.suits
    assert tell_relaxed(opened.rule_id, opened.rule_version, opened.relaxed) == told


def test_who_was_not_in_the_group_then_reads_that_though_it_is_in_it_now(ctx: Flask) -> None:
    inside, outside = make_partner(), make_partner()
    club = PartnerGroup(name="Club", created_at=AT)
    session().add(club)
    session().flush()
    session().add(PartnerGroupMember(group_id=club.id, organisation_id=inside.id))
    lead, opened = offered(kept(group_id=club.id))
    session().execute(update(PartnerGroupMember).values(organisation_id=outside.id))
    outs = [reasons.answer(lead, opened, one.id, AT + YEAR) for one in (inside, outside)]
    assert [one.explained.out for one in outs] == [None, "group"]


def test_what_the_rule_let_go_of_is_not_asked_again(ctx: Flask) -> None:
    asked = [required("radius", km=20), weighted("capacity", 10)]
    made = kept(*asked, relaxing=[{"clause": 0, "how": "dropped"}])
    firm = make_partner(**BERLIN)
    lead, opened = offered(made)
    assert opened.relaxed
    found = reasons.answer(lead, opened, firm.id, AT + YEAR)
    assert [str(line.criterion.kind) for line in found.explained.lines] == ["capacity"]
    assert found.explained.suits
    assert found.holds


def test_who_came_later_was_no_partner_and_who_declined_was_out(ctx: Flask) -> None:
    made = kept()
    decliner = make_partner()
    make_partner()
    lead, opened = offered(made)
    newcomer = make_partner()
    assert reasons.answer(lead, opened, newcomer.id, AT).explained.out == "nobody"
    session().execute(
        text("INSERT INTO offer_exclusions VALUES (:lead, :firm, 'declined', :at)"),
        {"lead": lead.id, "firm": decliner.id, "at": AT + timedelta(hours=1)},
    )
    assert reasons.answer(lead, opened, decliner.id, AT + YEAR).explained.suits
    lead.state = "qualified"
    again = offers.offer(lead.id, AT + timedelta(hours=2), made)
    assert reasons.answer(lead, again, decliner.id, AT + YEAR).explained.out == "without"


def test_a_round_older_than_what_is_kept_says_so(ctx: Flask) -> None:
    made = kept()
    firm = make_partner()
    lead, opened = offered(made)
    opened.facts_upto = None
    session().flush()
    found = reasons.answer(lead, opened, firm.id, AT)
    assert found.explained is None
    assert found.offer is not None


def test_before_it_is_offered_a_lead_is_explained_as_of_now(ctx: Flask) -> None:
    make_programme()
    session().execute(text("UPDATE distribution_rules SET active = false"))
    assert reasons.answer(make_lead(), None, make_partner().id, AT) is None
    kept(required("radius", km=50), position=1)
    far = make_partner(**BERLIN)
    found = reasons.answer(make_lead(), None, far.id, AT)
    assert [str(line.criterion.kind) for line in found.explained.missed] == ["radius"]


@factory
def staged():
    for one in session().scalars(select(DistributionRule)):
        one.active = False
    made = kept(
        weighted("radius", 60, km=100),
        weighted("relation", 40),
        required("people", least=7000),
        {"kind": "people", "mode": "forbidden", "least": 500},
        relaxing=[{"clause": 2, "kind": "people", "how": "dropped"}],
        position=1,
        group_id=(club := groups.save_group("Club", "", AT)).id,
    )
    firm = make_partner("Alpha Systeme")
    above = make_partner("Beta Kabel", kind=OrganisationKind.DISTRIBUTOR, **BERLIN)
    below = [make_partner(parent=above, people=people) for people in (8, 900)]
    for one in (firm, above):
        groups.add_member(club, one.id, AT)
    seller = make_person(above, "distributor_sales")
    for one in below:
        make_person(one)
    lead = make_lead(at=clock.now())
    session().add(RelationHit(lead_id=lead.id, organisation_id=firm.id, at=AT, by="claim"))
    answer_questions(lead)
    offers.offer(lead.id, clock.now(), made)
    passing_on.offer_on(lead.id, [one.id for one in below], get_actor(seller.id), clock.now())
    return lead.id, firm, below


def test_managers_ask_for_any_firm_and_a_partner_reads_its_own_line_alone(app) -> None:
    lead_id, firm, below = staged()
    manager = sign_in(app.test_client(), make_manager())
    page = manager.get(f"/leads/{lead_id}/why", query_string={"q": "alpha", "partner": firm.id})
    assert "place 1 of 4" in page.text
    assert "knows the customer already" in page.text
    assert "it let go: without: at least 7,000 people" in page.text
    assert "it is the score that was kept" in page.text

    for one, said in zip(below, ("the score that was kept", "so its score is 0"), strict=True):
        page = manager.get(f"/leads/{lead_id}/why", query_string={"partner": one.id}).text
        assert "Its distributor offered it on" in page
        assert said in page
        assert "Kept was" not in page

    # before anybody is asked for, all who were offered it stand there
    page = manager.get(f"/leads/{lead_id}/why").text
    assert page.index("Alpha") < page.index("Beta Kabel")

    rep = sign_in(app.test_client(), make_person(firm))
    own = rep.get(f"/leads/{lead_id}/why-us").text
    assert "within 100 km" in own
    assert "knows the customer" not in own
    assert not re.search(r"Together|40\s?%|100\s?%", own)
    assert "Beta" not in own
    assert "it let go: without: at least 7,000 people" in own
    knows = tell_steps([required("relation")], [{"clause": 0, "how": "dropped"}], own=True)
    assert knows == []
    assert rep.get(f"/leads/{lead_id}/why").status_code == 403
    stranger = sign_in(app.test_client(), make_person(make_partner()))
    assert stranger.get(f"/leads/{lead_id}/why-us").status_code == 404
    assert (
        manager.get(f"/leads/{lead_id}/why", query_string={"partner": "9" * 18}).status_code == 404
    )
