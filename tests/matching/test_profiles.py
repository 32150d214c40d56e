"""What a partner's profile lacks, why that matters, and the pages that say so."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from portal.accounts.queries import get_actor
from portal.campaigns.models import Campaign
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session
from portal.matching import rulebook, versions
from portal.matching.criteria import Criterion
from portal.matching.models import DistributionRule
from portal.matching.profile_needs import asked_for, read_needs
from portal.offers import operations as offers
from portal.partners import contacts, queries
from portal.partners.completeness import Part, read_completeness
from portal.partners.models import Partner, PartnerCertification
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    sign_in,
)

LATER = AT + timedelta(days=10)


def missing(firm, at=AT):
    return set(read_completeness([firm.id], at)[firm.id].missing)


def certify(firm, until):
    one = book().active("certification")[0]
    session().add(
        PartnerCertification(organisation_id=firm.id, certification_id=one.id, expires_on=until)
    )
    session().flush()
    return one.id


def demand(*criteria, named="To certified firms"):
    """Leave one rule, of these criteria."""
    session().execute(update(DistributionRule).values(active=False))
    draft = rulebook.RuleDraft(named, [], [Criterion.from_data(one) for one in criteria])
    rulebook.add_rule(draft, AT)


def demand_certification():
    """Leave one rule: leads go to certified firms, the higher their level the better."""
    level = {"kind": "level", "mode": "weighted", "weight": 10}
    one = book().active("certification")[0]
    demand({"kind": "certification", "ids": [one.id]}, level)


def test_what_is_entered_is_missing_no_more(ctx):
    firm = make_partner()
    assert {Part.CERTIFICATION, Part.PEOPLE, Part.FOR_LEADS, Part.FUNCTIONS} <= missing(firm)
    assert Part.PLACE not in missing(firm)
    certify(firm, AT.date())
    partner = session().get_one(Partner, firm.id)
    partner.people, partner.level_id = 12, book().active("partner_level")[0].id
    partner.specialisation_ids = [book().active("specialisation")[0].id]
    for function in ("sales", "marketing", "technical"):
        contacts.add_contact(partner, function, "Sina", AT, phone="0511 1234", for_leads=True)
    make_person(firm)
    firm.account_manager_id = make_manager().id
    session().flush()
    assert missing(firm) == set()
    assert read_completeness([firm.id], AT)[firm.id].percent == 100
    # the certification runs out
    assert missing(firm, AT + timedelta(days=1)) == {Part.CERTIFICATION}


def test_lists_are_narrowed_to_who_lacks_something(ctx):
    without = make_partner("Without", people=None)
    make_partner("With", people=7)
    manager = get_actor(make_manager().id)
    found = queries.list_partners(manager, queries.Filters(lacks=Part.PEOPLE), 1, AT)
    assert [one.organisation_id for one in found.items] == [without.id]
    counted = queries.count_lacking(manager, AT)
    assert (counted.partners, counted.lacking[Part.PEOPLE]) == (2, 1)


def test_leads_that_passed_a_firm_by_are_counted_until_it_has_what_they_demand(ctx):
    firm, other = make_partner("Without"), make_partner("With")
    demand_certification()
    certify(other, date(2030, 1, 1))
    for days in (0, 1):
        lead = make_lead(at=AT)
        answer_questions(lead)
        offers.offer(lead.id, AT + timedelta(days=days))
    needs = read_needs(LATER, firm.id)
    assert needs[Part.CERTIFICATION].leads == 2
    assert needs[Part.CERTIFICATION].demanded_by == ["To certified firms"]
    assert (needs[Part.LEVEL].leads, needs[Part.LEVEL].weighed_by) == (0, ["To certified firms"])
    # who joined since, or was offered them, missed none
    joined = AT + timedelta(hours=1)
    assert read_needs(LATER, firm.id, joined)[Part.CERTIFICATION].leads == 1
    assert read_needs(LATER, other.id)[Part.CERTIFICATION].leads == 0
    assert read_needs(AT + timedelta(days=200), firm.id)[Part.CERTIFICATION].leads == 0
    assert read_needs(LATER)[Part.CERTIFICATION].leads == 2
    # a version by which nothing went isn't looked at
    rule = session().scalars(select(DistributionRule).where(DistributionRule.active)).one()
    versions.save(rule.id, 1, {**versions.content_of(rule), "hours": 5}, LATER, None)
    assert versions.criteria_of({(rule.id, 1)}) == dict.fromkeys(
        [(rule.id, None), (rule.id, 1)], rule.criteria
    )


def test_what_must_hold_together_is_demanded_and_what_may_is_not():
    def asked(kind, *parts):
        return {"kind": kind, "mode": "required", "of": [{"kind": one} for one in parts]}

    both, either = asked("all", "level", "brand"), asked("any", "language", "product")
    demanded = asked_for([both, either], "required")
    assert [one["kind"] for one in demanded] == ["level", "brand", "any"]


@pytest.mark.parametrize(
    ("demanded", "of_lead", "part", "leads"),
    [
        ({"kind": "value"}, {}, Part.PEOPLE, 1),
        ({"kind": "value"}, {"value_band_id": None}, Part.PEOPLE, 0),
        ({"kind": "value", "by": "volume"}, {}, Part.PEOPLE, 0),
        ({"kind": "own", "own": ["showroom=yes"]}, {}, Part.OWN_FIELDS, 1),
        # what the lead doesn't name is demanded where the rule names it
        ({"kind": "language"}, {"language": None}, Part.LANGUAGES, 0),
        ({"kind": "language", "languages": ["de"]}, {"language": None}, Part.LANGUAGES, 1),
    ],
)
def test_a_lead_is_counted_where_its_rule_takes_out_who_does_not_say(
    ctx, demanded, of_lead, part, leads
):
    make_partner("Without")
    field_operations.add("partner", FieldDraft(names={"en": "Showroom"}, kind="yes_no"), None, AT)
    demand(demanded)
    make_partner("With", people=40, custom={"showroom": True})
    lead = make_lead(**{"value_band_id": book().active("value_band")[1].id} | of_lead)
    answer_questions(lead)
    offers.offer(lead.id, AT)
    needs = read_needs(LATER)
    assert (needs[part].leads if part in needs else 0) == leads


@factory
def demanded(firm):
    demand_certification()
    lead = make_lead(at=clock.now())
    answer_questions(lead)
    certify(make_partner("With"), date(2090, 1, 1))
    offers.offer(lead.id, clock.now())


def test_the_vendor_and_the_firm_read_what_is_missing_and_why(client: FlaskClient):
    firm = make_partner("Without")
    session_of = client.application.test_client
    demanded(firm)
    vendor, own = sign_in(session_of(), make_manager()), make_person(firm, "partner_manager")
    page = vendor.get(f"/partners/{firm.id}").text
    assert "1 lead of the last 90 days was not offered to the firm" in page
    assert "Demanded by: To certified firms." in page
    assert "To certified firms" in vendor.get("/partners/profiles").text
    listed = vendor.get("/partners?lacks=certification").text
    assert ("Without" in listed, ">With<" in listed) == (True, False)

    theirs = sign_in(session_of(), own)
    page = theirs.get("/team/profile").text
    assert "1 lead of the last 90 days was not offered to you" in page
    assert "To certified firms" not in page
    assert theirs.get("/partners/profiles").status_code == 403


def test_a_firm_says_of_itself_where_it_is_and_not_what_it_ranks(client: FlaskClient):
    firm = make_partner("Without")
    own = sign_in(client, make_person(firm, "partner_manager"))
    token = csrf_of(own.get("/team/profile/change").text)
    typed = {"csrf_token": token, "country": "DE", "zone": "Europe/Berlin", "city": "Ulm"}
    typed |= {"languages": ["de"], "people": "8", "level_id": "1", "capacity": "999"}
    refused = own.post("/team/profile/change", data=typed | {"city": "Nowhereville"})
    assert refused.status_code == 422
    assert "Nowhereville" in refused.text
    assert own.post("/team/profile/change", data=typed).status_code == 303
    kept = partner_of(firm)
    assert (kept.city, kept.people, kept.languages) == ("Ulm", 8, ["de"])
    assert (kept.level_id, kept.capacity, kept.territories) == (None, 10, ["DE"])


@factory
def partner_of(firm):
    return session().get_one(Partner, firm.id)


@factory
def make_campaign():
    campaign = Campaign(key="spring", name="Spring", channel="event", created_at=AT)
    session().add(campaign)
    session().flush()
    return campaign.id


def test_taking_part_in_a_campaign_is_noted_once_and_taken_out(client: FlaskClient):
    firm, campaign = make_partner("Northwind"), make_campaign()
    vendor = sign_in(client, make_manager())
    token = csrf_of(vendor.get(f"/partners/{firm.id}").text)
    for _time in range(2):
        vendor.post(
            f"/partners/{firm.id}/campaigns", data={"csrf_token": token, "campaign_id": campaign}
        )
    assert "Northwind" in vendor.get(f"/campaigns/{campaign}").text
    vendor.post(f"/partners/{firm.id}/campaigns/{campaign}/removal", data={"csrf_token": token})
    assert "Northwind" not in vendor.get(f"/campaigns/{campaign}").text
    for wrong in ("", "x", "9" * 30):
        vendor.post(
            f"/partners/{firm.id}/campaigns", data={"csrf_token": token, "campaign_id": wrong}
        )
