"""Many people are invited from a list: looked at first, then confirmed, each row accounted for."""

from __future__ import annotations

import io
import re
import time

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal.accounts.models import OrganisationKind, User
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.mail.models import OutgoingEmail
from portal.people import lists
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

PAGE = "/people/list"
HEAD = "E-mail,Name,Firm,Role,Language\n"


@pytest.fixture
def admin(app):
    return sign_in(app.test_client(), make_person(make_vendor(), "admin"))


@factory
def count():
    return session().scalar(select(func.count()).select_from(User))


@factory
def find(email):
    return session().scalar(select(User).where(User.email == email))


def send(client, **fields):
    token = csrf_of(client.get(PAGE).text)
    boundary, body = encode_multipart({"csrf_token": token, **fields})
    return client.post(PAGE, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def confirm(client, shown):
    rows = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", shown.text, re.DOTALL).group(1)
    rows = rows.replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&")
    data = {"csrf_token": csrf_of(shown.text), "rows": rows}
    return client.post(f"{PAGE}/confirmation", data=data, content_type="multipart/form-data")


def read(text, **defaults):
    rows = lists.read(text if isinstance(text, bytes) else text.encode(), defaults)
    lists.check(rows)
    return rows


def said(row):
    return sorted(row.errors)


def test_a_list_is_looked_at_first_and_then_everybody_is_invited(admin):
    firm = make_partner("Alpha Systems", kind=OrganisationKind.RESELLER)
    before = count()
    text = HEAD + "Nora@new.example,Nora New,alpha systems,Vertrieb,Deutsch\n"
    text += "otto@new.example,Otto Old,Alpha Systems,manager; rep,en\n"
    shown = send(admin, pasted=text)
    assert shown.status_code == 200
    assert "2 people will be invited" in shown.text
    assert count() == before
    done = confirm(admin, shown)
    assert done.status_code == 200
    assert "2 people were invited" in done.text
    nora, otto = find("nora@new.example"), find("otto@new.example")
    assert (nora.name, nora.roles, nora.locale) == ("Nora New", ["partner_rep"], "de")
    assert (nora.organisation_id, nora.password_hash) == (firm.id, None)
    assert otto.roles == ["partner_manager", "partner_rep"]


def test_a_second_run_changes_nothing(admin):
    make_partner("Alpha Systems")
    text = HEAD + "nora@new.example,Nora,Alpha Systems,rep,\n"
    confirm(admin, send(admin, pasted=text))
    nora = find("nora@new.example")
    again = send(admin, pasted=text)
    assert "1 is here already and stays as it is" in again.text
    assert "Invite 1 person" not in again.text
    confirm(admin, again)
    assert find("nora@new.example").invited_at == nora.invited_at


def test_the_same_confirmation_sent_twice_invites_once(admin):
    make_partner("Alpha Systems")
    shown = send(admin, pasted=HEAD + "nora@new.example,Nora,Alpha Systems,rep,\n")
    confirm(admin, shown)
    before = count()
    second = confirm(admin, shown)
    assert "Nobody new was invited" in second.text
    assert count() == before


def test_each_row_that_is_not_taken_says_why_at_its_field(ctx):
    make_partner("Alpha Systems")
    taken = make_person(make_partner("Beta"))
    rows = read(
        HEAD
        + "nora,Nora,Alpha Systems,rep,\n"
        + "a@new.example,,Alpha Systems,rep,\n"
        + "b@new.example,B,Nowhere,rep,\n"
        + "c@new.example,C,Alpha Systems,admin,\n"
        + "d@new.example,D,Alpha Systems,,\n"
        + "e@new.example,E,Alpha Systems,rep,Klingon\n"
        + f"{taken.email},F,Alpha Systems,rep,\n"
        + "g@new.example,=cmd|' /C calc'!A0,Alpha Systems,rep,\n"
        + "h@new.example,H,Alpha Systems,rep,\n"
        + "H@NEW.example,H again,Alpha Systems,rep,\n"
    )
    assert [said(row) for row in rows] == [
        ["email"],
        ["name"],
        ["firm"],
        ["roles"],
        ["roles"],
        ["language"],
        ["email"],
        ["name"],
        [],
        ["email"],
    ]
    assert [row.fate for row in rows].count("invite") == 1
    assert "row 10" in rows[-1].errors["email"]


def test_who_has_no_access_any_more_is_not_let_in_by_a_list(ctx):
    gone = make_person(make_partner("Alpha Systems"), active=False)
    (row,) = read(HEAD + f"{gone.email},Gone,Alpha Systems,rep,\n")
    assert (row.fate, said(row)) == ("refused", ["email"])
    lists.bring_in([row], AT, 0)
    assert not gone.active


def test_roles_are_those_of_the_kind_of_firm(ctx):
    make_partner("Reseller")
    make_partner("Distributor", kind=OrganisationKind.DISTRIBUTOR)
    vendor = make_vendor()
    rows = read(
        HEAD
        + "a@new.example,A,Reseller,Leiter,\n"
        + "b@new.example,B,Distributor,Manager + Verkauf,\n"
        + f"c@new.example,C,{vendor.name},channel_manager,\n"
        + f"d@new.example,D,{vendor.name},rep,\n"
    )
    assert [row.roles for row in rows] == [
        ("partner_manager",),
        ("distributor_manager", "distributor_sales"),
        ("channel_manager",),
        (),
    ]


@pytest.mark.parametrize(
    "text",
    [
        (
            "E-Mail-Adresse;Vorname;Nachname;Firma;Rolle;Telefon\n"
            "joerg@new.example;Jörg;Müller;Alpha Systems;Vertrieb;+49 511 1\n"
        ),
        (
            "Mail\tName\tUnternehmen\tFunktion\n"
            "joerg@new.example\tJörg Müller\tAlpha Systems\tVertrieb\n"
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_lists_come_in_the_words_and_encodings_of_real_firms(ctx, text, encoding):
    make_partner("Alpha Systems")
    (row,) = read(text.encode(encoding))
    assert (row.fate, row.values["name"]) == ("invite", "Jörg Müller")


def test_what_the_list_does_not_say_holds_for_all(admin):
    make_partner("Alpha Systems")
    shown = send(
        admin,
        pasted="name,email\nNora,nora@new.example\n",
        firm="Alpha Systems",
        role="partner_rep",
    )
    confirm(admin, shown)
    assert find("nora@new.example").roles == ["partner_rep"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x00" * 50, "empty"),
        (b"PK\x03\x04" + b"x" * 90, "workbook"),
        (b"name,phone\nA,1\n", "The first row must name the columns"),
        (b"email,name\n", "There is nobody in this list"),
        (b"email,name\n" + b"a@b.example,A\n" * 2001, "At most 2000"),
        (b"email,name\n" + b"x" * (2 * 1024 * 1024), "longer than 1 MB"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, ""),
    ],
    ids=["empty", "nul", "workbook", "columns", "nobody", "many", "large", "picture"],
)
def test_what_is_no_list_is_refused_in_plain_words_and_nothing_is_saved(admin, content, words):
    before = count()
    answer = send(admin, file=FileStorage(io.BytesIO(content), "people.csv"), firm="Kept")
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="Kept"' in answer.text
    assert count() == before


def test_nul_and_markup_in_cells_are_plain_text(admin):
    make_partner("Alpha Systems")
    text = HEAD + "nora@new.example,<script>alert(1)</script>\x00,Alpha Systems,rep,\n"
    shown = send(admin, file=FileStorage(io.BytesIO(text.encode()), "people.csv"))
    assert "<script>alert" not in shown.text
    broken = send(admin, pasted='email,name\n"a@b.example,A\nc@d.example,C,extra,more\n')
    assert broken.status_code in (200, 422)


def test_a_pasted_list_that_is_too_long_says_so(admin):
    text = "email,name\n" + "x" * (3 * 1024 * 1024)
    answer = send(admin, pasted=text)
    assert answer.status_code == 413
    assert "longer than 1 MB" in answer.text


def test_only_administrators_invite_from_a_list(app):
    for user in (make_manager(), make_person(make_partner(), "partner_manager")):
        client = sign_in(app.test_client(), user)
        token = csrf_of(client.get("/settings/sign-in").text)
        assert client.get(PAGE).status_code == 403
        for path in (PAGE, f"{PAGE}/confirmation"):
            assert client.post(path, data={"csrf_token": token}).status_code == 403


def test_two_thousand_people_are_invited_in_one_go_and_their_mails_wait_in_the_outbox(ctx):
    make_partner("Alpha Systems")
    text = HEAD + "".join(
        f"p{n}@new.example,Person {n},Alpha Systems,rep,de\n" for n in range(lists.MOST_ROWS)
    )
    began = time.monotonic()
    rows = read(text)
    lists.bring_in(rows, clock.now(), 0)
    assert {row.fate for row in rows} == {"invite"}
    assert time.monotonic() - began < 60
    assert not session().scalar(select(func.count()).select_from(OutgoingEmail)), "not yet"


def test_every_invitation_of_a_list_becomes_one_mail(ctx):
    make_partner("Alpha Systems")
    at = clock.now()
    text = HEAD + "".join(f"p{n}@new.example,P {n},Alpha Systems,rep,de\n" for n in range(60))
    lists.bring_in(read(text), at, 0)
    session().flush()
    for _time in range(2):
        jobs.run_now("core.dispatch", {"here": True}, at)
    kinds = (
        session()
        .execute(
            select(
                OutgoingEmail.kind, func.count(), func.count(OutgoingEmail.to_address.distinct())
            ).group_by(OutgoingEmail.kind)
        )
        .all()
    )
    assert kinds == [("invitation", 60, 60)]
