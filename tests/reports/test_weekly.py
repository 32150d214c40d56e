"""The report of the week by mail: when it comes, to whom, and how it is answered and stopped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email import policy
from email.parser import BytesParser

from sqlalchemy import select

from portal.accounts.models import OrganisationKind
from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import session
from portal.core.mail import catcher, enclosures, transport
from portal.core.mail.models import OutgoingEmail
from portal.hearing.models import RoleDefault
from portal.hearing.operations import choose
from portal.hearing.queries import find_kept
from portal.leads.models import LeadType
from portal.partners.operations import add_absence
from portal.pickup import operations as pickup
from tests.factories import CONTACT, make_offered_lead, make_partner, make_person, make_vendor

# clocks go back in Berlin in the night to Sunday, October 25, and in New York a week later
WEDNESDAY = datetime(2026, 10, 21, 9, tzinfo=UTC)
LATE_ON_SUNDAY = datetime(2026, 10, 25, 22, 30, tzinfo=UTC)
TOKYO, BERLIN, NEW_YORK = "Asia/Tokyo", "Europe/Berlin", "America/New_York"
THERE = {"created_at": datetime(2026, 1, 1, tzinfo=UTC), "report_told_on": date(2026, 10, 19)}


def utc(day, hour, minute=0):
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def test_the_report_comes_once_on_mondays_at_seven_where_the_reader_is_or_late(ctx):
    firm = make_partner(capacity=9, rep_capacity=9)
    managers = {
        zone: make_person(firm, "partner_manager", timezone=zone, **THERE)
        for zone in (TOKYO, BERLIN, NEW_YORK)
    }
    rep = make_person(firm, **THERE, locale="de")
    head = make_person(make_vendor(), "management", timezone=BERLIN, **THERE)
    newcomer = make_person(firm, "partner_manager", "partner_rep", created_at=utc(26, 1))
    quiet = make_person(firm, "partner_manager", **THERE, quiet_from=20, quiet_until=9)
    away = make_person(firm, "partner_manager", **THERE)
    add_absence(firm.id, date(2026, 10, 20), date(2026, 10, 27), WEDNESDAY, user_id=away.id)
    # on the portal only: as the programme has it for the role, as she chose, and until Thursday
    delta = make_partner(kind=OrganisationKind.DISTRIBUTOR)
    silent = make_person(delta, "distributor_manager", **THERE)
    session().add(RoleDefault(role="distributor_manager", hears="never", since=WEDNESDAY.date()))
    back = make_person(firm, "partner_manager", hears="never", created_at=THERE["created_at"])
    idle = make_person(make_partner(territories=["FR"]), **THERE)
    held = make_offered_lead(at=WEDNESDAY, title="Kept from teasers")
    kind = session().get_one(LeadType, held.type_id)
    kind.teaser_fields = [name for name in kind.teaser_fields if name != "title"]
    pickup.claim(held.id, get_actor(rep.id), WEDNESDAY)
    make_offered_lead(at=LATE_ON_SUNDAY)
    make_offered_lead(at=WEDNESDAY - timedelta(days=14))

    def told():
        rows = session().scalars(
            select(OutgoingEmail).where(OutgoingEmail.kind == "weekly_report").order_by("id")
        )
        return {row.user_id: row for row in rows}

    tokyo, berlin = managers[TOKYO].id, {managers[BERLIN].id, rep.id, head.id}
    for at, people in (
        (utc(25, 21, 59), set()),
        (utc(25, 22), {tokyo}),
        (utc(26, 5, 59), {tokyo}),
        (utc(26, 6), {tokyo} | berlin),
        (utc(29, 3), {tokyo, managers[NEW_YORK].id} | berlin),
        (utc(29, 4), {tokyo, managers[NEW_YORK].id} | berlin),
        (utc(29, 8), {tokyo, managers[NEW_YORK].id, quiet.id} | berlin),
    ):
        jobs.run_now("reports.tell_week", at=at)
        assert told().keys() == people, at
    choose(back.id, utc(29, 4), hears="at_once")
    jobs.run_now("reports.tell_week", at=utc(29, 5))
    mails = told()
    assert mails.keys().isdisjoint({silent.id, back.id})
    assert newcomer.id not in mails
    assert idle.id not in mails
    assert away.id not in mails, "of a week that she was away it tells her nothing later"
    # what was offered late on Sunday in Berlin was offered on Monday in Tokyo
    for zone, count in ((TOKYO, 1), (BERLIN, 2), (NEW_YORK, 2)):
        said = mails[managers[zone].id].text
        assert f"- Generated: {count};" in said, zone
        assert "Oct 19, 2026 to Oct 25, 2026" in said
        assert CONTACT["email"] not in said
    assert not any("Kept from teasers" in mail.text + mail.html for mail in mails.values())

    # the picture of the last weeks comes along, and the mail is whole without it
    mail = mails[managers[BERLIN].id]
    _to, raw = transport.written(
        mail, ctx.config["SETTINGS"], enclosures.make(mail.encloses, utc(26, 6))
    )
    sent = BytesParser(policy=policy.default).parsebytes(raw)
    kinds = [part.get_content_type() for part in sent.walk()]
    assert kinds[2:] == ["multipart/related", "text/html", "image/png"]
    *_others, picture = sent.walk()
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in mail.html
    assert picture.get_content().startswith(b"\x89PNG")
    said = "really processed – Oct 5: 0 of 1; Oct 12: 0 of 0; Oct 19: 0 of 2"
    assert said in mail.text
    assert f'alt="{said}"' in mail.html
    assert "data:image/png;base64," in catcher.shown(sent)
    assert mails[rep.id].encloses is None

    # who reads figures alone sees what is owed, and has no link that would be refused
    mail = mails[head.id]
    assert held.number in mail.text
    assert held.number in mail.html
    assert "/leads/" not in mail.text + mail.html
    assert "/reports?whose=programme" in mail.text

    # who leads the firm answers from the mail for whoever holds the lead, or hands it on
    mail = mails[managers[BERLIN].id]
    assert mail.text.count("?s=waiting") == 1
    assert f" · {rep.name}" in mail.text
    assert (mail.text.count("?s=hand_on"), mails[rep.id].text.count("?s=hand_on")) == (1, 0)

    # who holds the lead answers from the mail, and stops these mails and no others
    mail = mails[rep.id]
    assert mail.text.count("?s=waiting") == 1
    assert CONTACT["last_name"] not in mail.html
    path = mail.headers["List-Unsubscribe"].strip("<>").partition("/m/")[2]
    answer = ctx.test_client().post(f"/m/{path}", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "All other mails go on." in answer.text
    kept = find_kept(rep.id)
    assert (kept.report, kept.hears, kept.fairness) == (False, "at_once", True)
    later = utc(29, 3) + timedelta(days=7)
    # and even if her turn was found before she stopped them
    jobs.run_now("reports.tell_week", {"id": rep.id}, later)
    jobs.run_now("reports.tell_week", at=later)
    rows = select(OutgoingEmail.user_id).where(OutgoingEmail.kind == "weekly_report")
    again = session().scalars(rows).all()
    assert (again.count(rep.id), again.count(tokyo)) == (1, 2)
