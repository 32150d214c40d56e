"""Files on leads, partners and customers: what is taken, who reads them, what becomes of them."""

from __future__ import annotations

import os
import zipfile
from datetime import timedelta
from io import BytesIO

import psycopg
import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import EventRow
from portal.customers import activities as customers
from portal.customers import operations, winning
from portal.customers.models import Customer
from portal.leads import removal
from portal.leads.models import Lead
from portal.leads.notes import about
from portal.pickup import operations as pickup
from portal.timeline import attachments, files
from portal.timeline.models import Attachment
from tests.conftest import database_url
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

PLAN = b"%PDF-1.7 the plan of the second plant"


def packed(*parts, told=""):
    """Return a packed file of these parts."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        if told:
            file.writestr("mimetype", told)
        for name in parts:
            file.writestr(name, b"x")
    return made.getvalue()


def sent(content=PLAN, name="plan.pdf"):
    return FileStorage(BytesIO(content), name)


def damaged(how):
    """Return a document whose first part was damaged on its way."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", how) as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    start = 30 + len("mimetype") + (4 if how == zipfile.ZIP_LZMA else 0)
    whole = file.getvalue()
    return whole[:start] + b"\xff" * 8 + whole[start + 8 :]


@factory
def attached(subject, by, content=PLAN, name="plan.pdf", *, shared=False):
    stored = files.keep(sent(content, name))
    return attachments.attach(
        subject, stored, shared=shared, actor=get_actor(by.id), at=clock.now()
    ).id


@factory
def held_by(rep):
    lead = make_offered_lead(at=clock.now() - timedelta(hours=1))
    pickup.claim(lead.id, get_actor(rep.id), clock.now() - timedelta(minutes=1))
    return session().get_one(Lead, lead.id, populate_existing=True)


def post(client, address, **fields):
    token = csrf_of(client.get("/settings/sign-in").text)
    return client.post(address, data={"csrf_token": token, **fields})


def lying():
    """Return the keys of the files that lie there."""
    return {entry.name for entry in os.scandir(files.folder())}


# -- what is taken, and what it is called ---------------------------------------------------------


TAKEN = [
    (PLAN, "Plan.PDF", "Plan.PDF"),
    (b"\x89PNG\r\n\x1a\n....", "photo.png", "photo.png"),
    (b"\xff\xd8\xff\xe0....", "photo.jpeg", "photo.jpeg"),
    ("Größe;Preis\r\n1;2".encode(), "prices.csv", "prices.csv"),
    (packed("[Content_Types].xml", "xl/workbook.xml"), "quote.xlsx", "quote.xlsx"),
    (packed("a", told="application/vnd.oasis.opendocument.text"), "b.odt", "b.odt"),
    (PLAN, "plan.pdf.exe", "plan.pdf.exe.pdf"),
    (b"<script>alert(1)</script>", "page.html", "page.html.txt"),
    (PLAN, "C:\\Users\\me\\plan.pdf", "plan.pdf"),
    (PLAN, "../../etc/passwd", "passwd.pdf"),
    (PLAN, "fdp.\u202eexe\u200b.pdf\x00\r\n", "fdp.exe.pdf"),
    (PLAN, ".\u200b./\u200b.\u200b.", "file.pdf"),
    (PLAN, "x" * 300 + ".pdf", "x" * 116 + ".pdf"),
]
NOT_TAKEN = [
    b"",
    b"MZ\x90\x00\x03 a program",
    b"\x7fELF\x02\x01",
    b"text with a \x00 in it",
    "Größe".encode("utf-16"),
    packed("anything.txt"),
    packed("word/document.xml", "word/vbaProject.bin"),
    packed("word/document.xml")[:40],
    damaged(zipfile.ZIP_DEFLATED),
    damaged(zipfile.ZIP_LZMA),
    b"%PDF-" + b"x" * files.LARGEST,
]


def test_a_file_is_what_its_bytes_say_and_is_called_so(ctx):
    for content, name, called in TAKEN:
        stored = files.keep(sent(content, name))
        assert stored.name == called
        assert files.path_of(stored.key).read_bytes() == content
        assert files.path_of(stored.key).stat().st_mode & 0o077 == 0


def test_programs_macros_and_what_is_too_large_are_not_taken_and_leave_nothing(ctx):
    before = lying()
    for content in NOT_TAKEN:
        with pytest.raises(Invalid) as refused:
            files.keep(sent(content))
        assert list(refused.value.errors) == ["file"], content[:20]
    assert lying() == before


# -- who reads them -------------------------------------------------------------------------------


def test_a_firm_keeps_its_files_until_it_shares_them(app):
    rep, boss = (make_person(firm := make_partner()), make_person(firm, "partner_manager"))
    colleague, manager = make_person(firm), make_manager()
    lead = held_by(rep)
    mine, home = sign_in(app.test_client(), rep), f"/leads/{lead.id}"
    done = post(mine, f"{home}/attachments", file=(BytesIO(PLAN), "Angebot Müller.pdf"))
    assert (done.status_code, done.headers["Location"]) == (303, f"{home}#timeline")
    assert "Angebot Müller.pdf" in mine.get(home).text
    its = f"{home}/attachments/{the_one().id}"
    got = mine.get(its)
    assert (got.data, got.mimetype) == (PLAN, "application/pdf")
    assert got.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Cache-Control"] == "no-store"
    qualifier, stranger = make_person(make_vendor(), "qualifier"), make_person()
    theirs = {
        one.id: sign_in(app.test_client(), one)
        for one in (boss, colleague, manager, qualifier, stranger)
    }

    def statuses():
        return [browser.get(its).status_code for browser in theirs.values()]

    assert statuses() == [200, 404, 404, 404, 404]
    for verb in ("sharing", "removal"):
        assert post(theirs[manager.id], f"{its}/{verb}", shared="1").status_code == 404
    assert post(mine, f"{its}/sharing", shared="1").status_code == 303
    assert "Angebot" in theirs[manager.id].get(home).text
    assert statuses() == [200, 404, 200, 404, 404]
    assert post(theirs[boss.id], f"{its}/removal").status_code == 409
    assert post(mine, f"{its}/removal").status_code == 303
    assert mine.get(its).status_code == 404
    reads = select(func.count()).where(EventRow.name == "AttachmentRead")
    with app.app_context():
        assert session().scalar(reads) == 4
        told = session().scalars(select(EventRow.data).where(EventRow.name == "AttachmentKept"))
        assert "Angebot" not in str(told.all())


@factory
def the_one():
    return session().scalars(select(Attachment)).one()


def test_nothing_of_the_vendors_is_read_before_pickup_nor_after_the_lead_is_given_back(app):
    manager, rep = make_manager(), make_person()
    lead = make_offered_lead(at=clock.now() - timedelta(hours=1))
    early = attached(about(lead.id), manager, shared=True)
    browser = sign_in(app.test_client(), rep)
    assert browser.get(f"/leads/{lead.id}/attachments/{early}").status_code == 404
    held = factory(lambda: pickup.claim(lead.id, get_actor(rep.id), clock.now()).pickup_id)()
    late = attached(about(lead.id), manager, shared=True)
    mine = attached(about(lead.id), rep, name="mine.pdf")

    def statuses():
        home = f"/leads/{lead.id}/attachments"
        return [browser.get(f"{home}/{one}").status_code for one in (early, late, mine)]

    assert statuses() == [404, 200, 200]
    factory(
        lambda: pickup.give_back(held, "wrong_number", "Nobody", get_actor(rep.id), clock.now())
    )()
    assert statuses() == [404, 404, 404]


def test_files_of_partners_and_customers_are_for_those_who_plan_there(app):
    manager, firm = make_manager(), make_partner()
    boss, qualifier = make_person(firm, "partner_manager"), make_person(make_vendor(), "qualifier")
    zoo = factory(
        lambda: operations.create(
            operations.Account(name="Zoo"), operations.Reach(), get_actor(manager.id), clock.now()
        )
    )()
    hers = sign_in(app.test_client(), manager)
    for home in (f"/partners/{firm.id}", f"/customers/{zoo.id}"):
        odd = post(hers, f"{home}/attachments", file=(BytesIO(b"MZ\x00"), "setup.exe"))
        assert odd.status_code == 422
        assert "no programs" in odd.text
        assert post(hers, f"{home}/attachments").status_code == 422
        done = post(hers, f"{home}/attachments", file=(BytesIO(PLAN), "contract.pdf"))
        assert done.status_code == 303
        page = hers.get(home).text
        its = f"{home}/attachments/" + page.partition(f'href="{home}/attachments/')[2].split('"')[0]
        assert hers.get(its).data == PLAN
        for stranger in (boss, qualifier):
            assert sign_in(app.test_client(), stranger).get(its).status_code == 403
        assert hers.get(its.replace(home, home[:-1] + "987654321")).status_code == 404


def test_without_an_opening_no_statement_finds_what_files_are_called(committed):
    rep = make_person()
    lead = held_by(rep)
    attached(about(lead.id), rep, name="Angebot Mueller.pdf")
    with committed.app_context():
        address = database_url(str(session().get_bind().url.database))
    with psycopg.connect(address) as connection:
        for statement in (
            "TABLE attachment_names",
            "UPDATE attachment_names SET shared_at = now() RETURNING name",
            "DELETE FROM attachment_names RETURNING name",
        ):
            assert connection.execute(statement.encode()).fetchall() == [], statement


# -- what becomes of them ---------------------------------------------------------------------


def test_a_firm_attaches_so_many_and_no_more(ctx, monkeypatch):
    monkeypatch.setattr(attachments, "MOST", 2)
    rep, manager = make_person(), make_manager()
    its = about(held_by(rep).id)
    for _number in range(2):
        attached(its, rep)
    with pytest.raises(Invalid) as refused:
        attached(its, rep)
    assert list(refused.value.errors) == ["file"]
    assert attached(its, manager), "each firm counts for itself"


def test_files_without_a_row_are_swept_after_a_day_and_all_others_stay(ctx):
    rep = make_person()
    its = about(held_by(rep).id)
    kept = session().get_one(Attachment, attached(its, rep)).key
    orphan, fresh = files.keep(sent()).key, files.keep(sent()).key
    old = (clock.now() - timedelta(hours=25)).timestamp()
    for key in (kept, orphan):
        os.utime(files.path_of(key), (old, old))
    stranger = files.folder() / "notes.txt"
    stranger.touch()
    os.utime(stranger, (old, old))
    jobs.run_now("timeline.sweep_files", {}, clock.now())
    assert {kept, fresh, "notes.txt"} <= lying()
    assert orphan not in lying()


def test_what_is_removed_is_gone_from_the_disk(ctx):
    rep = make_person()
    its, actor = about(held_by(rep).id), get_actor(rep.id)
    gone, kept = attached(its, rep), attached(its, rep)
    keys = [session().get_one(Attachment, one).key for one in (gone, kept)]
    attachments.remove(its, gone, actor, clock.now())
    for key in keys:
        jobs.run_now("timeline.forget_file", {"key": key}, clock.now())
    assert [key in lying() for key in keys] == [False, True]
    attachments.forget(its)
    pending, manager = make_lead(state="captured"), make_manager()
    attached(about(pending.id), manager)
    removal.remove(pending)
    assert session().scalar(select(func.count()).select_from(Attachment)) == 0
    jobs.run_now("timeline.forget_file", {"key": keys[1]}, clock.now())
    assert keys[1] not in lying()


def test_a_customer_with_a_file_stays_when_the_win_is_taken_back(ctx):
    manager, lead = make_manager(), make_lead(CONTACT)
    actor = get_actor(manager.id)
    customer = winning.find_or_make(lead, actor, clock.now(), by_win=True)
    attached(customers.about(customer.id), manager)
    winning.take_win_back(lead, actor, clock.now())
    assert session().get(Customer, customer.id, populate_existing=True) is not None
