"""A firm asks to become a partner: asked, confirmed by mail, accepted or turned down."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.accounts.models import Organisation, User
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.mail.models import OutgoingEmail
from portal.partners.models import Partner
from portal.people import sign_up
from portal.people.models import SignUpRequest
from portal.people.sign_up import Asking, Decided
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

ASKING = Asking("Newcomers", "DE", "Nina Neu", "nina@newcomers.example", "+49 1", "n.example", "Hi")
FORM = {
    "company": "Newcomers",
    "country": "DE",
    "name": "Nina Neu",
    "email": "nina@newcomers.example",
}


@factory
def requests():
    return session().scalars(select(SignUpRequest).order_by(SignUpRequest.id)).all()


@factory
def mails(kind=None):
    jobs.run_now("core.dispatch", {"here": True}, clock.now())
    found = session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id)).all()
    return [mail for mail in found if kind in (None, mail.kind)]


def link_in(mail):
    return re.search(r"/(?:partner-sign-up|invite)/[0-9a-f]{64}", mail.text).group()


def ask(client, **over):
    page = client.get("/partner-sign-up")
    data = {"csrf_token": csrf_of(page.text), **FORM, **over}
    return client.post("/partner-sign-up", data=data)


def press(client, path, **fields):
    page = client.get("/partner-sign-up")
    return client.post(path, data={"csrf_token": csrf_of(page.text), **fields})


@factory
def confirmed(asking=ASKING, at=None):
    at = at or clock.now()
    make_vendor()
    sign_up.ask(asking, "en", at)
    row = session().scalars(select(SignUpRequest).order_by(SignUpRequest.id.desc())).first()
    sign_up.confirm(sign_up.issue_link(row.id, at), at)
    return row


@pytest.fixture
def manager(app):
    return sign_in(app.test_client(), make_manager())


def accepting(**over):
    return {
        "name": "Newcomers",
        "kind": "reseller",
        "parent_id": str(make_vendor().id),
        "level_id": "",
        **over,
    }


def test_the_address_is_confirmed_by_a_press_behind_a_mail(app, client):
    make_vendor()
    answer = ask(client)
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/partner-sign-up/sent")
    (mail,) = mails()
    assert (mail.kind, mail.to_address) == ("sign_up_confirm", FORM["email"])
    path = link_in(mail)
    for _time in range(3):
        assert client.get(path).status_code == 200
    assert requests()[0].confirmed_at is None, "opening confirms nothing"
    assert press(client, path).status_code == 200
    assert requests()[0].confirmed_at
    again = press(client, path)
    assert "Thank you" in again.text


def test_a_link_that_is_odd_or_too_old_says_so(client, ctx):
    row = confirmed(at=AT)
    secret = sign_up.issue_link(row.id, AT)
    with pytest.raises(NotFound):
        sign_up.confirm(secret, AT + sign_up.LINK_LASTS)
    for odd in ("0" * 64, "short", "%00", "ü"):
        answer = client.get(f"/partner-sign-up/{odd}")
        assert answer.status_code == 404
        assert "leads nowhere any more" in answer.text


def test_everybody_gets_the_same_answer_whether_known_or_not(app, client):
    known = make_person(make_partner("Alpha Systems"), email="alice@alpha.example")
    confirmed()
    answers = [
        ask(client, email="new@new.example"),
        ask(client, email=known.email, company="Alpha Systems"),
        ask(client, email=FORM["email"]),
        ask(client, email="robot@new.example", fax="1"),
    ]
    assert len({(one.status_code, one.headers["Location"], one.text) for one in answers}) == 1
    asked = [row.email for row in requests()]
    assert asked == [FORM["email"], "new@new.example", known.email], "no robot, and not twice"


def test_nobody_is_flooded_with_mails(app, client):
    make_vendor()
    for _time in range(sign_up.MOST_A_DAY + 2):
        assert ask(client).status_code == 303
    assert len(mails("sign_up_confirm")) == sign_up.MOST_A_DAY


def test_somebody_who_asks_too_often_is_slowed_down(client):
    statuses = [ask(client, email=f"n{n}@new.example").status_code for n in range(8)]
    assert statuses.count(429) == 2


def test_what_is_missing_is_said_at_the_field_and_what_was_typed_stays(client):
    for over in ({"company": " "}, {"name": ""}, {"email": "odd"}, {"country": ""}):
        answer = ask(client, message="Kept words", **over)
        assert answer.status_code == 422
        assert "Kept words" in answer.text
    assert requests() == []


def test_what_can_t_be_or_would_be_said_to_strangers_is_refused(ctx):
    for asking in (
        Asking("x" * 121, "DE", "N", "n@n.example"),
        Asking("X", "XX", "N", "n@n.example"),
        Asking("X", "DE", "N", "n@n.example", message="x" * 2001),
        Asking("X", "DE", "Look at https://win.example", "n@n.example"),
        Asking("X, see www.win.example", "DE", "N", "n@n.example"),
    ):
        with pytest.raises(Invalid):
            sign_up.ask(asking, "en", AT)


def test_a_request_that_nobody_confirmed_is_not_shown_and_is_forgotten(app, manager):
    factory(sign_up.ask)(ASKING, "en", clock.now() - timedelta(days=20))
    (row,) = requests()
    assert "Newcomers" not in manager.get("/sign-up-requests").text
    assert manager.get(f"/sign-up-requests/{row.id}").status_code == 404
    assert press(manager, f"/sign-up-requests/{row.id}/refusal").status_code == 404
    with app.app_context():
        jobs.run_now("people.forget_requests", {}, clock.now())
    assert requests() == []


def test_accepting_makes_the_firm_its_profile_and_an_invitation_for_its_manager(manager):
    row = confirmed()
    assert "Newcomers" in manager.get("/sign-up-requests").text
    assert "Nina Neu" in manager.get(f"/sign-up-requests/{row.id}").text
    answer = press(manager, f"/sign-up-requests/{row.id}/acceptance", **accepting())
    assert answer.status_code == 303
    firm = factory(
        lambda: session().scalar(select(Organisation).where(Organisation.name == "Newcomers"))
    )()
    assert factory(lambda: session().get(Partner, firm.id))().country == "DE"
    nina = factory(lambda: session().scalar(select(User).where(User.email == row.email)))()
    assert (nina.organisation_id, nina.roles) == (firm.id, ["partner_manager"])
    (mail,) = mails("invitation")
    assert mail.to_address == row.email
    assert "/invite/" in link_in(mail)


def test_a_request_is_decided_once(ctx):
    row = confirmed(at=AT)
    mara = make_manager()
    sign_up.decline(row.id, "", mara.id, AT)
    with pytest.raises(Decided):
        sign_up.accept(row.id, "Newcomers", "reseller", make_vendor().id, None, mara.id, AT)
    assert (
        session().scalar(
            select(func.count()).select_from(Organisation).where(Organisation.name == "Newcomers")
        )
        == 0
    )


def test_turning_down_sends_a_friendly_mail_with_the_words_that_were_given(manager):
    row = confirmed()
    words = "We have three partners in Hanover already."
    path = f"/sign-up-requests/{row.id}/refusal"
    assert press(manager, path, answer="x" * 2001).status_code == 422
    assert press(manager, path, answer=words).status_code == 303
    (mail,) = mails("sign_up_declined")
    assert words in mail.text
    assert "welcome to ask again" in mail.text
    again = press(manager, path, answer=words)
    assert again.status_code == 409
    assert "decided already" in again.text


def test_what_speaks_against_accepting_is_said_and_nothing_is_made(manager):
    make_partner("Alpha Systems")
    known = make_person(email="nina@newcomers.example")
    row = confirmed()
    assert known.name in manager.get(f"/sign-up-requests/{row.id}").text
    path = f"/sign-up-requests/{row.id}/acceptance"
    taken = press(manager, path, **accepting())
    assert taken.status_code == 422
    assert "Somebody has this e-mail address already" in taken.text
    assert press(manager, path, **accepting(name="alpha systems")).status_code == 422
    assert press(manager, path, **accepting(kind="vendor")).status_code == 422
    assert press(manager, path, **accepting(parent_id="987654321")).status_code == 422
    assert requests()[0].decided_at is None


def test_only_who_keeps_partners_decides(app):
    row = confirmed()
    for user in (
        make_person(make_partner(), "partner_manager"),
        make_person(make_vendor(), "qualifier"),
    ):
        client = sign_in(app.test_client(), user)
        assert client.get("/sign-up-requests").status_code == 403
        assert client.get(f"/sign-up-requests/{row.id}").status_code == 403
        for what in ("acceptance", "refusal"):
            assert press(client, f"/sign-up-requests/{row.id}/{what}").status_code == 403


def test_markup_in_a_request_is_text(manager):
    row = confirmed(Asking("X", "DE", "<i>N", "n@n.example", message="<script>1</script>"))
    page = manager.get(f"/sign-up-requests/{row.id}").text
    assert "<i>N" not in page
    assert "<script>1" not in page
