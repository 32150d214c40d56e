"""What people wish to hear by mail: their choice, its page, and what would have come last week."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event as listening
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import EventRow, load, record
from portal.core.mail.links import Purpose
from portal.core.mail.models import OutgoingEmail
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.hearing import operations as hearing
from portal.hearing.models import Extent, HearingWishes, Hears, Notice, NoticeRound
from portal.hearing.preview import look_back
from portal.hearing.queries import find_hearer, in_quiet_hours
from portal.hearing.rules import Unchosen, quiet_end
from portal.leads.models import LeadType
from portal.notifications import telling
from portal.offers.models import HearingOrder
from portal.partners import hours
from portal.partners.events import AbsenceRemoved
from portal.partners.models import Absence, Partner
from portal.partners.operations import add_absence
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
    wish,
)
from tests.inbound.pressing import Forms, events, issue, press, waited

DAY = timedelta(days=1)
TO_SPRING = (datetime(2027, 3, 27, 20, tzinfo=UTC) - AT) // timedelta(hours=1)
"""In so many hours it is the evening before the clocks of Berlin go forward."""
TYPED = {"hears": "daily", "digest_hour": "7", "quiet_from": "20", "quiet_until": "6"}


def kept(user):
    return session().get(HearingWishes, user.id, populate_existing=True)


def sweep(at):
    """Run what events caused, and the sender of what waits."""
    session().flush()
    jobs.run_now("escalation.take_steps", {}, at)
    jobs.run_now("core.dispatch", {"here": True}, at)
    jobs.run_now("notifications.send_notices", {}, at)


def test_a_person_chooses_on_a_page_of_her_own_and_finds_it_there(app):
    alice = make_person()
    client = sign_in(app.test_client(), alice)
    page = client.get("/settings/mail")
    assert page.status_code == 200
    assert alice.email in page.text
    assert "chosen nothing so far" in page.text
    more = {
        "digest_weekday": "5",
        "on_answers": "at_once",
        "extent": "teaser",
        "temperatures": ["hot", "warm"],
        "regions": "de-ni, AT",
        "value_from": "10000",
    }
    data = {**TYPED, **more, "csrf_token": csrf_of(page.text)}
    # looking saves nothing, and works without a script
    looked = client.post("/settings/mail", data={**data, "look": "1"})
    assert looked.status_code == 200
    with app.app_context():
        assert kept(alice) is None
    assert client.post("/settings/mail/preview", data=data).status_code == 200
    assert client.post("/settings/mail", data=data).status_code == 303
    with app.app_context():
        now = kept(alice)
        assert (now.hears, now.digest_hour, now.quiet_from, now.quiet_until) == ("daily", 7, 20, 6)
        assert (now.digest_weekday, now.by_subject) == (5, {"answers": "at_once"})
        assert (now.extent, now.temperatures, now.regions) == (
            "teaser",
            ["hot", "warm"],
            ["DE-NI", "AT"],
        )
        assert now.value_from == Decimal(10_000)
    saved = client.get("/settings/mail").text
    assert "chosen nothing so far" not in saved
    for shown in (looked.text, saved):
        assert 'checked id="hears-2"' in shown
        assert '<option selected value="20">20:00</option>' in shown
        assert 'checked id="temperatures-0"' in shown


@pytest.mark.parametrize(
    "typed",
    [
        {"hears": "sometimes"},
        {"digest_hour": "24"},
        {"digest_weekday": "8"},
        {"quiet_until": ""},
        {"quiet_until": "20"},
        {"quiet_until": "later"},
        {"on_answers": "whenever"},
        {"extent": "contact"},
        {"temperatures": ["boiling"]},
        {"product_ids": ["987654"]},
        {"regions": "<script>"},
        {"value_from": "9" * 40},
        {"value_from": "5", "value_to": "4"},
        {"value_from": "-1"},
        {"hears": ""},
    ],
)
def test_what_makes_no_sense_is_asked_again_with_what_was_typed_and_changes_nothing(app, typed):
    alice = make_person()
    client = sign_in(app.test_client(), alice)
    token = csrf_of(client.get("/settings/mail").text)
    data = {**TYPED, "regions": "DE-BY", **typed, "csrf_token": token}
    for more in ({}, {"look": "1"}):
        answer = client.post("/settings/mail", data={**data, **more})
        assert answer.status_code == 422
        assert "field-errors" in answer.text or "form-summary" in answer.text
        assert "<script>" not in answer.text.partition("<main")[2].partition("</main")[0]
        assert 'value="DE-BY"' in answer.text or "regions" in typed
    assert client.post("/settings/mail/preview", data=data).status_code == 200
    with app.app_context():
        assert kept(alice) is None


def test_the_page_asks_nobody_of_what_she_never_hears(app):
    shown = {}
    for role in ("partner_rep", "partner_manager"):
        client = sign_in(app.test_client(), make_person(make_partner(), role))
        shown[role] = client.get("/settings/mail").text
    shown["manager"] = sign_in(app.test_client(), make_manager()).get("/settings/mail").text
    for name, who in (
        ('name="on_new_leads"', {"partner_rep"}),
        ('name="extent"', {"partner_rep"}),
        ('name="on_late"', {"partner_manager", "manager"}),
        ('name="mondays"', {"manager"}),
        ('name="report"', set(shown)),
        ('name="on_answers"', set(shown)),
    ):
        assert {role for role, page in shown.items() if name in page} == who, name
    assert app.test_client().get("/settings/mail").status_code == 302


def test_who_never_wanted_mails_finds_that_said_and_hears_once_she_chooses(app):
    alice = make_person(hears_by_mail=False)
    client = sign_in(app.test_client(), alice)
    page = client.get("/settings/mail").text
    assert 'checked id="hears-4"' in page
    data = {"hears": "at_once", "csrf_token": csrf_of(page)}
    assert client.post("/settings/mail", data=data).status_code == 303
    with app.app_context():
        assert session().get(User, alice.id).hears_by_mail


def test_an_absence_is_noted_where_mails_are_chosen_and_behind_a_mail_without_a_colleague(app):
    firm = make_partner("Alpha")
    alice, other = make_person(firm, name="Alice"), make_person(firm, name="Zacharias")
    mara = factory(make_manager)()
    client, today = sign_in(app.test_client(), alice), clock.now().date()
    days = {"starts_on": f"{today + 2 * DAY}", "ends_on": f"{today + 4 * DAY}"}
    page = client.get("/settings/mail").text
    assert f'action="/team/people/{alice.id}/absence"' in page
    assert other.name in page
    assert "Your absence" not in sign_in(app.test_client(), mara).get("/settings/mail").text
    path, hers = (issue(Purpose.STOP, one, topic="hearing") for one in (alice, mara))
    stranger = app.test_client()
    assert other.name not in stranger.get(path).text
    wrong = press(stranger, path, "away", starts_on=days["ends_on"], ends_on=days["starts_on"])
    assert (wrong.status_code, days["starts_on"] in wrong.text) == (422, True)
    for _twice in range(2):
        assert "Noted" in press(stranger, path, "away", **days).text
    (noted,) = events("AbsenceAdded")
    assert noted[1:3] == (alice.id, "mail")
    absence = noted[3]["absence_id"]
    with app.app_context():
        theirs = add_absence(other.organisation_id, today, today, clock.now(), user_id=other.id).id
        session().commit()
    assert press(stranger, path, "back", absence_id=str(theirs)).status_code == 404
    sign = waited(app, Forms(stranger.get(hers).text).for_("hearing"))
    assert stranger.post(hers, data={**sign, "action": "away", **days}).status_code == 404
    assert "The absence is over" in press(stranger, path, "back", absence_id=str(absence)).text
    assert [row[3]["absence_id"] for row in events("AbsenceRemoved")] == [absence]


def test_a_partner_says_behind_a_mail_what_she_is_good_at(app):
    alice, mara = make_person(name="Alice"), factory(make_manager)()
    path, hers = (issue(Purpose.STOP, one, topic="hearing") for one in (alice, mara))
    stranger = app.test_client()
    wrong = {"skills-languages": ["de", "fr"], "skills-territories": "DE, XQ-1"}
    hurried = press(stranger, path, "skills", seconds=0, **wrong)
    refused = press(stranger, path, "skills", **wrong)
    for answer, status in ((hurried, 409), (refused, 422)):
        assert (answer.status_code, 'value="DE, XQ-1"' in answer.text) == (status, True)
        assert re.findall(r'checked id="skills-languages-\d+"', answer.text)
    assert "XQ-1 is no code of a country or state." in refused.text
    said = press(stranger, path, "skills", **{**wrong, "skills-territories": "de, at"})
    assert "Saved" in said.text
    ((_, actor, channel, _data),) = events("RepProfileChanged")
    assert (actor, channel) == (alice.id, "mail")
    assert 'value="DE, AT"' in stranger.get(path).text
    sign = waited(app, Forms(stranger.get(hers).text).for_("hearing"))
    assert stranger.post(hers, data={**sign, "action": "skills"}).status_code == 404


def test_a_firms_manager_sets_behind_a_mail_when_it_works_and_nobody_else(app):
    firm, other = make_partner("Alpha"), make_partner("Beta")
    boss, rep = make_person(firm, "partner_manager"), make_person(firm)
    staff = factory(make_manager)()
    path = issue(Purpose.STOP, boss, topic="hearing")
    stranger = app.test_client()
    # what a browser sends leaves Saturday and Sunday empty
    wrong = {"hours-day0": "8-12", "hours-day1": "soon", "hours-zone": "Europe/Vienna"}
    wrong |= {"hours-holidays": "y", "hours-day_off": "2027-03-01"}
    hurried = press(stranger, path, "hours", seconds=0, **wrong)
    refused = press(stranger, path, "hours", **wrong)
    for answer, status in ((hurried, 409), (refused, 422)):
        assert (answer.status_code, 'value="soon"' in answer.text) == (status, True)
    assert "Please write it like" in refused.text
    nothing = {**wrong, "hours-day0": "", "hours-day1": ""}
    assert "the hours of one day at least" in press(stranger, path, "hours", **nothing).text
    assert events("WorkingHoursChanged") == []
    said = press(stranger, path, "hours", **{**wrong, "hours-day1": ""})
    assert "Deadlines that run follow them" in said.text
    ((_, actor, channel, data),) = events("WorkingHoursChanged")
    assert (actor, channel, data["organisation_id"]) == (boss.id, "mail", firm.id)
    with app.app_context():
        assert hours.find(firm.id).days_off == [date(2027, 3, 1)]
        assert hours.find(other.id) is None
    again = stranger.get(path).text
    assert 'value="8:00–12:00"' in again
    assert 'value="2027-03-01"' in again
    for one in (rep, staff):
        theirs = issue(Purpose.STOP, one, topic="hearing")
        page = stranger.get(theirs).text
        assert "hours-day0" not in page
        sign = waited(app, Forms(page).for_("hearing"))
        answer = stranger.post(theirs, data={**sign, "action": "hours", "hours-day0": "8-12"})
        assert answer.status_code == 404


def test_a_firms_manager_keeps_its_profile_behind_a_mail_and_nobody_else(app):
    firm, other = make_partner("Alpha"), make_partner("Beta")
    boss, rep = make_person(firm, "partner_manager"), make_person(firm)
    path = issue(Purpose.STOP, boss, topic="hearing")
    stranger = app.test_client()
    typed = {"profile-country": "AT", "profile-subdivision": "AT-9", "profile-city": "Wien"}
    typed |= {"profile-zone": "Europe/Vienna", "profile-languages": ["de", "hu"]}
    typed |= {"profile-people": "many", "profile-website": "https://alpha.example"}
    hurried = press(stranger, path, "profile", seconds=0, **typed)
    refused = press(stranger, path, "profile", **typed)
    for answer, status in ((hurried, 409), (refused, 422)):
        assert (answer.status_code, 'value="many"' in answer.text) == (status, True)
        assert "alpha.example" in answer.text
    abroad = {**typed, "profile-people": "12", "profile-subdivision": "US-TX"}
    assert press(stranger, path, "profile", **abroad).status_code == 422
    assert events("PartnerProfileChanged") == []
    said = press(stranger, path, "profile", **{**typed, "profile-people": "12"})
    assert "Your profile is saved." in said.text
    ((_, actor, channel, data),) = events("PartnerProfileChanged")
    assert (actor, channel, data["organisation_id"]) == (boss.id, "mail", firm.id)
    with app.app_context():
        kept_, theirs = (session().get_one(Partner, one.id) for one in (firm, other))
        assert (kept_.city, kept_.people, kept_.languages) == ("Wien", 12, ["de", "hu"])
        assert theirs.city != "Wien"
    theirs = issue(Purpose.STOP, rep, topic="hearing")
    page = stranger.get(theirs).text
    assert "profile-city" not in page
    sign = waited(app, Forms(page).for_("hearing"))
    assert stranger.post(theirs, data={**sign, "action": "profile", **typed}).status_code == 404


def test_a_choice_leaves_as_it_was_what_is_not_named_and_twice_is_no_news(ctx):
    alice = make_person()
    hearing.choose(alice.id, AT, hears="daily", digest_hour=6, quiet_from=22, quiet_until=5)
    hearing.choose(alice.id, AT, hears="never")
    hearing.choose(alice.id, AT, hears="never")
    now = kept(alice)
    assert (now.hears, now.digest_hour, now.quiet_from, now.quiet_until) == ("never", 6, 22, 5)
    with pytest.raises(Invalid):
        hearing.choose(alice.id, AT, quiet_until=None)
    assert session().query(EventRow).filter_by(name="HearingChanged").count() == 2


def test_what_a_role_is_given_reaches_who_has_chosen_nothing_and_what_waits_for_her(ctx):
    firm = make_partner()
    alice, bob = make_person(firm), make_person(firm, quiet_from=1, quiet_until=2)
    both = make_person(firm, "partner_rep", "partner_manager")
    manager = get_actor(make_manager().id)
    night = AT.replace(hour=22, minute=30)
    nights = Unchosen(extent=Extent.TEASER, quiet_from=20, quiet_until=7)
    hearing.set_defaults({"partner_rep": nights}, manager, AT)
    make_offered_lead(at=night)
    sweep(night)
    # here 20:00 to 7:00 is 19:00 to 6:00; quiet has who is quiet in each of her roles
    morning = AT.replace(hour=6, minute=0, second=0, microsecond=0) + DAY
    waiting = select(Notice.user_id, Notice.due_at).where(Notice.settled_at.is_(None))
    assert session().execute(waiting).all() == [(alice.id, morning)]
    assert [find_hearer(one, night).wishes.extent for one in (alice, bob)] == ["teaser", "full"]
    # who leads, too, reads as much as who picks up
    assert find_hearer(both, night).wishes.extent == "teaser"
    hearing.set_defaults({"partner_rep": replace(nights, quiet_until=6)}, manager, night)
    sweep(night)
    assert session().execute(waiting).all() == [(alice.id, morning - timedelta(hours=1))]
    daily = Unchosen(Hears.DAILY, digest_hour=17)
    hearing.set_defaults({"partner_rep": daily}, manager, night)
    sweep(night)
    assert session().execute(waiting).all() == [(alice.id, morning + timedelta(hours=10))]
    hearing.set_defaults({"partner_rep": Unchosen(Hears.NEVER)}, manager, night)
    sweep(night)
    assert session().execute(waiting).all() == []
    told = session().scalars(select(OutgoingEmail.user_id).order_by(OutgoingEmail.user_id)).all()
    assert told == [bob.id, both.id]


def test_mails_by_the_calendar_keep_the_quiet_hours_that_a_role_gives(ctx):
    firm = make_partner()
    people = [
        make_person(firm, *roles, timezone=zone, **over)
        for zone in ("Europe/Berlin", "America/New_York")
        for roles, over in (
            (["partner_rep"], {}),
            (["partner_rep", "partner_manager"], {}),
            (["partner_manager"], {}),
            # as rows from before may name one
            (["partner_rep"], {"roles": ["partner_rep", "partner_rep"]}),
            (["partner_rep"], {"quiet_from": 3, "quiet_until": 4}),
        )
    ]
    manager = get_actor(make_manager().id)
    wanted = {
        "partner_rep": Unchosen(quiet_from=20, quiet_until=7),
        "partner_manager": Unchosen(quiet_from=12, quiet_until=14),
    }
    for given in ({"partner_rep": wanted["partner_rep"]}, wanted):
        hearing.set_defaults(given, manager, AT)
        for hour in (*range(0, 24, 2), *range(TO_SPRING, TO_SPRING + 12, 2)):
            at = AT + timedelta(hours=hour)
            quiet = set(session().scalars(select(User.id).where(in_quiet_hours(at))))
            wishes = {user.id: find_hearer(user, at).wishes for user in people}
            assert quiet == {who for who, one in wishes.items() if quiet_end(one, at)}, hour
    # ten hours by the clocks of that night are nine
    rep, night = find_hearer(people[0], AT).wishes, AT + TO_SPRING * timedelta(hours=1)
    assert quiet_end(rep, night) == datetime(2027, 3, 28, 5, tzinfo=UTC)


def seen_on(page):
    return re.search(r'name="seen"[^>]* value="(\w+)"', page)[1]


def test_a_manager_sets_how_each_role_begins_and_reads_again_what_cannot_be(app):
    client = sign_in(app.test_client(), make_manager())
    page = client.get("/mail-defaults").text
    form, seen = {"csrf_token": csrf_of(page)}, {"seen": seen_on(page)}
    typed = {"hears_partner_rep": "weekly", "digest_hour_partner_rep": "17"}
    typed |= {"digest_weekday_partner_rep": "5", "extent_partner_rep": "subject"}
    for wrong in ({"quiet_from_partner_rep": "20"}, {"extent_partner_rep": "contact"}):
        answer = client.post("/mail-defaults", data={**form, **typed, **wrong})
        assert answer.status_code == 422
        assert answer.text.count('<details class="sheet fold" open>') == 1
        assert '<option selected value="17">17:00</option>' in answer.text
    quiet = {"quiet_from_partner_rep": "20", "quiet_until_partner_rep": "7"}
    assert client.post("/mail-defaults", data={**form, **typed, **quiet}).status_code == 303
    # a page that was open since before saves over nothing unseen
    for again in (409, 303):
        late = client.post("/mail-defaults", data={**form, **seen, **typed, **quiet})
        assert late.status_code == again
        seen = {"seen": seen_on(late.text)} if again == 409 else {}
    shown = "Once a week · Friday · 17:00 · quiet from 20:00 to 07:00 · Only what it is"
    assert shown in client.get("/mail-defaults").text
    # who has chosen nothing finds it filled in, and keeps it with her first save
    alice = make_person()
    rep = sign_in(app.test_client(), alice)
    page = rep.get("/settings/mail").text
    assert 'checked id="hears-3"' in page
    for shown in ('value="17">17', 'value="5">Friday', 'value="20">20', 'value="7">07'):
        assert f"<option selected {shown}" in page
    saved = {**TYPED, "hears": "weekly", "digest_weekday": "5", "extent": "subject"}
    token = {"csrf_token": csrf_of(page)}
    assert rep.post("/settings/mail", data={**saved, **token}).status_code == 303
    with app.app_context():
        now = kept(alice)
        assert (now.hears, now.extent, now.digest_weekday) == ("weekly", "subject", 5)
        assert (now.quiet_from, now.quiet_until) == (20, 6)


def test_a_filter_leaves_out_mails_and_never_a_lead_on_available(ctx):
    firm = make_partner()
    alice, bob = make_person(firm, temperatures=["cold"]), make_person(firm)
    lead = make_offered_lead(temperature="hot")
    sweep(AT)
    told = {mail.user_id for mail in session().scalars(select(OutgoingEmail))}
    assert told == {bob.id}
    notes = session().scalars(select(Notice).where(Notice.user_id == alice.id)).all()
    assert [note.outcome for note in notes] == ["unwanted"]
    # she sees it, may pick it up, and is asked about it as everybody is
    held = pickup.claim(lead.id, get_actor(alice.id), AT).pickup_id
    for minutes in (0, 6):
        sweep(AT + 9 * DAY + timedelta(minutes=minutes))
    kinds = [m.kind for m in session().scalars(select(OutgoingEmail)) if m.user_id == alice.id]
    assert held
    assert any(kind.startswith(("feedback", "contact")) for kind in kinds)


def test_who_is_away_reads_in_one_mail_what_still_stands_when_she_is_back(ctx):
    firm = make_partner()
    alice, bob = make_person(firm), make_person(firm)
    day = AT.date()
    session().add(
        Absence(organisation_id=firm.id, user_id=alice.id, starts_on=day, ends_on=day + DAY)
    )
    leads = [make_offered_lead(title=f"Lead {number}") for number in range(3)]
    sweep(AT)
    pickup.claim(leads[0].id, get_actor(bob.id), AT)
    sweep(AT + DAY)
    assert not [m for m in session().scalars(select(OutgoingEmail)) if m.user_id == alice.id]
    back = find_hearer(alice, AT).away_until
    assert back is not None
    sweep(back + timedelta(hours=8))
    (mail,) = [m for m in session().scalars(select(OutgoingEmail)) if m.user_id == alice.id]
    assert mail.kind == "digest"
    assert "Lead 0" not in mail.text
    assert "Lead 1" in mail.text
    assert "Lead 2" in mail.text
    assert "List-Unsubscribe" not in mail.headers


def test_who_is_there_after_all_hears_what_waited_for_her_return(ctx):
    firm = make_partner()
    alice = make_person(firm)
    at = AT.replace(hour=13)
    gone = Absence(
        organisation_id=firm.id, user_id=alice.id, starts_on=at.date(), ends_on=at.date() + DAY
    )
    session().add(gone)
    make_offered_lead(at=at)
    sweep(at)
    removed = AbsenceRemoved(at=at + DAY, organisation_id=firm.id, absence_id=gone.id)
    session().delete(gone)
    record(removed)
    sweep(at + DAY)
    assert [mail.kind for mail in session().scalars(select(OutgoingEmail))] == ["lead_offered"]


def test_the_preview_of_a_week_says_what_was_really_sent(ctx):
    firm = make_partner()
    people = [
        make_person(firm, **wished)
        for wished in (
            {"quiet_from": 7, "quiet_until": 12},
            {"hears": "hourly", "temperatures": ["hot"]},
            {"hears": "daily", "by_subject": {"answers": "at_once"}},
            {"hears": "weekly", "digest_weekday": 7},
            {},
        )
    ]
    nights = Unchosen(quiet_from=20, quiet_until=12)
    hearing.set_defaults({"partner_rep": nights}, get_actor(make_manager().id), AT)
    lead = make_offered_lead()
    held = pickup.claim(lead.id, get_actor(people[0].id), AT).pickup_id
    # what is owed comes up two days before it is due, on the fifth day
    begins = AT + 5 * DAY
    for hour in range(3, 46):
        at = begins + hour * timedelta(hours=1)
        if hour % 9 == 3:
            lead = make_offered_lead(at=at, temperature=("hot", "cold")[hour % 2])
        # its sender looks every minute, and has nothing to do until then
        session().merge(NoticeRound(id=1, ran_at=at))
        sweep(at)
        if hour == 15:
            pickup.claim(lead.id, get_actor(people[3].id), at)
        if hour == 40:
            feedback.give(held, Answer("waiting"), get_actor(people[0].id), at)
    sent = {user.id: [] for user in people}
    for mail in session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id)):
        if mail.user_id in sent and mail.kind != "yours_now":
            sent[mail.user_id].append(mail.created_at)
    users = [session().merge(user) for user in people]
    foreseen = [look_back(user, find_hearer(user, at).wishes, at) for user in users]
    for user, one in zip(people, foreseen, strict=True):
        assert [line.at for line in one.lines] == sent[user.id]
        assert sent[user.id]
    assert [one.left_out for one in foreseen] == [0, 3, 0, 0, 0]
    # with what comes by the calendar: after her quiet hours, and not of a day that she is away
    wished = {"report": True, "sheet_weekday": 3, "mondays": False}
    wishes = find_hearer(users[0], at).wishes
    whole = look_back(users[0], wishes, at, wished).lines
    noon = AT.replace(hour=11, minute=0)
    added = [(line.said, line.at) for line in whole if not line.leads]
    assert [one for one in added if one[0] in ("Report of the week", "Feedback sheet")] == [
        ("Report of the week", noon),
        ("Feedback sheet", noon + 2 * DAY),
    ]
    assert {line.extent for line in whole if "on offer" in line.said} == {
        "Everything that may be read before pickup"
    }
    add_absence(users[0].organisation_id, AT.date(), (AT + 3 * DAY).date(), AT)
    later = look_back(users[0], wishes, at, wished).lines
    assert [line.at for line in later if line.said == "Feedback sheet"] == [noon + 4 * DAY]
    assert not [line for line in later if line.said == "Report of the week"]
    named = {name for one in foreseen for line in one.lines for name in line.leads}
    assert any(lead.title in name for name in named)
    session().get_one(LeadType, lead.type_id).teaser_fields = []
    session().flush()
    hidden = look_back(users[0], find_hearer(users[0], at).wishes, at)
    assert not any(lead.title in name for line in hidden.lines for name in line.leads)


def test_a_manager_names_on_a_page_who_hears_first_and_reads_again_what_cannot_be(app):
    firm = make_partner()
    alice, bob = make_person(firm, name="Alice"), make_person(firm, name="Bob")
    client = sign_in(app.test_client(), make_person(firm, "partner_manager"))
    token = csrf_of(client.get("/team/first").text)
    typed = {"csrf_token": token, "minutes": "20", f"place-{bob.id}": "1"}
    for wrong in ({f"place-{alice.id}": "1"}, {"minutes": "0"}, {"minutes": "soon"}):
        answer = client.post("/team/first", data={**typed, **wrong})
        assert answer.status_code == 422
        assert '<option value="1" selected>' in answer.text
    places = {f"place-{alice.id}": "2", "place-999999": "1", f"place-{bob.id}": "1"}
    assert client.post("/team/first", data={**typed, **places}).status_code == 303
    with app.app_context():
        order = session().get(HearingOrder, firm.id)
        assert (order.user_ids, order.minutes) == ([bob.id, alice.id], 20)
    rep = sign_in(app.test_client(), alice)
    assert rep.get("/team/first").status_code == 403


def test_to_choose_who_hears_asks_as_much_for_many_people_as_for_few(ctx):
    counted = {}
    for firms in (2, 12):
        people = [make_person(make_partner(), hears="daily") for _firm in range(firms)]
        for user in people:
            wish(user, temperatures=["hot"], by_subject={"new_leads": "weekly"})
        lead = make_offered_lead(temperature="hot")
        session().flush()
        (event,) = (
            load(row)
            for row in session().scalars(
                select(EventRow).where(EventRow.name == "LeadOffered", EventRow.lead_id == lead.id)
            )
        )
        session().expunge_all()
        statements = []

        def listen(_connection, _cursor, statement, *_rest, into=statements):
            into.append(statement)

        engine = session().get_bind()
        listening.listen(engine, "before_cursor_execute", listen)
        try:
            telling.tell_of_offer(event, AT)
        finally:
            listening.remove(engine, "before_cursor_execute", listen)
        counted[firms] = len(statements)
        waiting = session().scalars(select(Notice.user_id).where(Notice.lead_id == lead.id))
        assert {user.id for user in people} <= set(waiting)
    assert counted[2] == counted[12] <= 19, counted
