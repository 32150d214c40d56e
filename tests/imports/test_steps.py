"""From the preview over pause and cancel to the undo: what becomes of each row, and of its lead."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from portal.campaigns.models import Campaign
from portal.core import jobs
from portal.core.db import session, unit_of_work
from portal.core.errors import Conflict, Invalid
from portal.core.events import EventRow, record
from portal.duplicates import pairs
from portal.feedback.events import LeadDeleted
from portal.imports import files, intake, mappings, operations, states, undoing
from portal.imports import jobs as import_jobs
from portal.imports.models import ImportChange, ImportRow, LeadImport
from portal.imports.reading import open_table
from portal.imports.wall import open_to
from portal.leads import wall
from portal.leads.intake.mapping import Mapping
from portal.leads.models import Lead, LeadContact, LeadFields, Suppression
from tests import factories
from tests.factories import AT

HEADERS = ("Lead ID", "Company", "Last Name", "Email", "Phone", "Do not call")
COLUMNS = dict(
    zip(
        HEADERS,
        ("external_id", "company", "last_name", "email", "phone", "do_not_call"),
        strict=True,
    )
)


@pytest.fixture
def programme(ctx: Flask) -> Flask:
    factories.make_programme()
    return ctx


def content(rows: Iterable[str]) -> bytes:
    return "\n".join((",".join(HEADERS), *rows)).encode()


def upload(rows: Iterable[str], folder: Path | None = None, **constants: str) -> LeadImport:
    """Take a list in whose columns are named already; in a folder it lies as an upload does."""
    data = content(rows)
    path = ""
    if folder is not None:
        place = folder / f"list-{len(list(folder.iterdir()))}"
        place.write_bytes(data)
        path = str(place)
    mapping = Mapping("crm", COLUMNS, constants)
    table = open_table(io.BytesIO(data))
    return files.add_import("list.csv", path, table.shape, mapping, AT, None)


def bring_in(*rows: str, dry: bool = False, **constants: str) -> LeadImport:
    """Bring a list in, or try it, as the worker does."""
    row = upload(rows, **constants)
    row.state, row.dry_run = states.ImportState.QUEUED, dry
    session().flush()
    import_jobs.work_through(row.id, io.BytesIO(content(rows)), AT)
    return fresh(row.id)


def fresh(import_id: int) -> LeadImport:
    return session().get_one(LeadImport, import_id, populate_existing=True)


def kept_rows(row: LeadImport) -> dict[int, ImportRow]:
    with open_to(row.id) as own:
        found = own.scalars(select(ImportRow).where(ImportRow.import_id == row.id))
        return {each.row_number: each for each in found}


def lead(number: str) -> Lead | None:
    return session().scalar(
        select(Lead).filter_by(external_id=number).execution_options(populate_existing=True)
    )


KNOWN = ("1,Eins,Kern,eins@eins.example,,", "2,Zwei,Kern,zwei@zwei.example,,", "3,Drei,Kern,,,")
NEXT = (
    "1,Eins,Kern,eins@eins.example,,",
    "2,Zwei neu,Kern,zwei@zwei.example,,",
    "3,Drei neu,Kern,,,",
    "4,Vier,Kern,vier@vier.example,,",
    "5,Eins Tochter,Klein,EINS@eins.example,,",
    "6,Vier,Groß,vier@vier.example,,",
    "7,Sieben,Kern,weg@sieben.example,,yes",
    "8,Acht,Kern,nonsense,,",
    "4,Vier,Kern,vier@vier.example,,",
)


def test_the_preview_says_of_each_row_what_becomes_of_it_and_the_import_does_it(
    programme: Flask,
) -> None:
    bring_in(*KNOWN)
    worked_on, known = lead("3"), lead("1")
    assert worked_on
    assert known
    record(LeadDeleted(at=AT, lead_id=worked_on.id, user_id=1, lead_number="x"))
    before = session().scalar(select(func.count(Lead.id)))
    tried = bring_in(*NEXT, dry=True)
    assert session().scalar(select(func.count(Lead.id))) == before
    fates = kept_rows(tried)
    assert {number: each.state for number, each in fates.items()} == {
        2: "unchanged",
        3: "changed",
        4: "left_alone",
        5: "new",
        6: "duplicate",
        7: "duplicate",
        8: "suppressed",
        9: "refused",
        10: "repeated",
    }
    assert (fates[6].twin_id, fates[7].twin_row, fates[10].twin_row) == (known.id, 5, 5)
    assert fates[3].lead_id == lead("2").id  # type: ignore[union-attr]
    assert "e-mail" in fates[9].reasons["email"]
    done = bring_in(*NEXT)
    again = kept_rows(done)
    assert {n: each.state for n, each in again.items()} == {n: e.state for n, e in fates.items()}
    for name in ("rows", "imported", "unchanged", "refused", "duplicates", "suppressed", "states"):
        assert done.report[name] == tried.report[name], name
    assert again[5].lead_id == lead("4").id  # type: ignore[union-attr]


def test_duplicates_stay_out_where_the_list_says_so(programme: Flask) -> None:
    bring_in(*KNOWN)
    done = bring_in(*NEXT, duplicates="leave_out")
    assert (done.report["duplicates"], done.report["left_out"]) == (2, 2)
    assert lead("5") is None
    assert lead("6") is None
    assert lead("4") is not None
    counts = intake.read_counts(done.report)
    assert counts.rows == counts.imported + counts.unchanged + counts.refused


def test_the_preview_says_whom_a_new_row_might_be_the_same_as(programme: Flask) -> None:
    bring_in("1,Weserkontor GmbH,Lühmann,luehmann@weserkontor.example,0511 1234560,")
    pairs.check(AT)
    tried = bring_in(
        "9,Weser-Kontor,Luehmann,a.luehmann@weserkontor.example,0511 1234560,", dry=True
    )
    [row] = kept_rows(tried).values()
    known = lead("1")
    assert known
    [(kind, lead_id, points)] = row.raw["alike"]
    assert (row.state, kind, lead_id) == ("new", "lead", known.id)
    assert 50 <= points <= 100
    # nothing is said of the contact but which lead it is
    assert "luehmann@weserkontor" not in str(row.raw["alike"])


def test_of_each_state_the_first_rows_are_kept(
    programme: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "KEPT_OF_EACH", 3)
    monkeypatch.setattr(intake, "BATCH_ROWS", 4)
    row = bring_in(*(f"{n},C {n},Kern,c{n}{'@' * (n % 2)}c.example,," for n in range(10)))
    counted: dict[str, int] = {}
    for each in kept_rows(row).values():
        counted[each.state] = counted.get(each.state, 0) + 1
    assert counted["new"] == 3
    assert counted["refused"] == row.report["refused"] == 5
    assert row.report["states"]["new"] == row.report["imported"] == 5


def test_campaign_and_legal_basis_hold_for_every_row(programme: Flask) -> None:
    session().add(Campaign(key="fair-26", name="Fair", channel="event", created_at=AT))
    session().flush()
    said = {"campaign": "fair-26", "basis": "consent", "basis_words": "Card of the fair"}
    bring_in(*KNOWN[:2], **said)
    first = lead("1")
    assert first
    assert (first.basis, first.basis_words, first.basis_at) == ("consent", "Card of the fair", AT)
    assert first.campaign_id == session().scalar(select(Campaign.id))
    # a later list that says nothing of it takes nothing back
    bring_in("1,Eins neu,Kern,eins@eins.example,,")
    first = lead("1")
    assert first
    assert (first.basis, first.campaign_id is None) == ("consent", False)
    row = upload(KNOWN)
    row.path = "somewhere"
    wrong = Mapping("crm", COLUMNS, {"campaign": "none", "basis": "because"})
    with pytest.raises(Invalid) as refusal:
        operations.save_mapping(row.id, wrong, None, AT)
    assert set(refusal.value.errors) == {"campaign", "basis"}


def test_what_columns_mean_is_kept_for_the_next_list_of_the_source(programme: Flask) -> None:
    row = upload(KNOWN)
    row.path = "somewhere"
    odd = {"Lead ID": "external_id", "Company": "contact_name", "Email": "email"}
    operations.save_mapping(row.id, Mapping("fair", odd, {"country": "DE"}), None, AT)
    turned = [*reversed(HEADERS)]
    found = mappings.propose(turned)
    assert found.mapping == Mapping(
        "fair", {name: odd[name] for name in turned if name in odd}, {"country": "DE"}
    )
    # other headers are another kind of list; a second source with the same ones has its own
    assert mappings.propose([*HEADERS, "More"]).mapping.source_system == ""
    operations.save_mapping(row.id, Mapping("shop", COLUMNS), None, AT.replace(year=2099))
    assert [one.source_system for one in mappings.find_mappings(HEADERS)] == ["shop", "fair"]


def test_a_pause_keeps_what_is_in_and_goes_on_behind_it(
    committed: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BATCH_ROWS", 10)
    factories.make_programme()
    rows = [f"{n},C {n},Kern,c{n}@c.example,," for n in range(35)]
    with committed.app_context():
        with unit_of_work():
            row = upload(rows, tmp_path)
            operations.queue_import(row.id, dry_run=False)
        take, taken = intake.Intake.take, []

        def take_and_stop(self: Any, batch: Any) -> None:
            take(self, batch)
            taken.append(batch)

        def stop_after_two(rows_done: int, _bytes: int) -> None:
            if rows_done == 20 and len(taken) == 2:
                with unit_of_work():
                    operations.pause(row.id)

        monkeypatch.setattr(intake.Intake, "take", take_and_stop)
        with Path(row.path).open("rb") as file, pytest.raises(intake.TakenOver):
            import_jobs.work_through(row.id, file, AT, stop_after_two)
        half = session().get_one(LeadImport, row.id, populate_existing=True)
        assert (half.state, half.rows_done) == ("paused", 20)
        session().rollback()
        # the worker leaves it alone, and its columns stay as they are
        jobs.run_now("imports.run", {"import_id": row.id})
        with unit_of_work(), pytest.raises(Conflict):
            operations.save_mapping(row.id, Mapping("crm", COLUMNS), None, AT)
        with unit_of_work():
            operations.queue_import(row.id, dry_run=False)
        jobs.run_now("imports.run", {"import_id": row.id})
        done = session().get_one(LeadImport, row.id, populate_existing=True)
        assert (done.state, done.report["rows"], done.report["imported"]) == ("done", 35, 35)
        assert session().scalar(select(func.count(Lead.id))) == 35
        with unit_of_work(), pytest.raises(Conflict):
            operations.cancel(row.id, AT)


def test_a_cancelled_import_stays_as_far_as_it_came_and_can_be_undone(programme: Flask) -> None:
    row = upload(KNOWN)
    row.path = "somewhere"
    operations.queue_import(row.id, dry_run=False)
    operations.cancel(row.id, AT)
    assert row.state == "cancelled"
    assert session().scalars(select(EventRow.name)).all() == ["ImportCancelled"]
    # a cancelled try is as if it had not been
    other = upload(KNOWN)
    other.path = "somewhere"
    operations.queue_import(other.id, dry_run=True)
    operations.cancel(other.id, AT)
    assert (other.state, other.dry_run) == ("mapped", False)


def undo(row: LeadImport) -> dict[str, int]:
    undoing.queue_undo(row.id, 1, AT)
    while undoing.undo_batch(row.id, AT):
        pass
    done = fresh(row.id).report["undo"]
    return {name: done[name] for name in ("removed", "restored", "kept")}


def test_an_undo_takes_back_what_nobody_worked_on(
    programme: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "BATCH", 2)
    bring_in(*KNOWN)
    first = whole("1", "2", "3")
    row = bring_in(*NEXT)
    second = lead("4")
    assert second
    # somebody works on one of the new leads
    record(LeadDeleted(at=AT, lead_id=second.id, user_id=1, lead_number="x"))
    outlook = undoing.look_ahead(row.id)
    assert (outlook.gone, outlook.restored, outlook.kept) == (3, 2, 1)
    assert undo(row) == {"removed": 3, "restored": 2, "kept": 1}
    assert fresh(row.id).state == "undone"
    assert undoing.list_kept(row.id, 9) == [(second.id, second.number)]
    assert whole("1", "2", "3") == first
    assert lead("5") is None
    # whom nobody may call is still known, though the lead is gone
    kept = session().scalars(select(Suppression.key)).all()
    assert "email:weg@sieben.example" in kept
    told = session().scalars(select(EventRow).filter_by(name="ImportUndone")).one()
    assert (told.data["removed"], told.data["kept"]) == (3, 1)
    with pytest.raises(Conflict):
        undoing.queue_undo(row.id, 1, AT)


def whole(*numbers: str) -> list[Any]:
    """Return all that is known of leads, without how often they were changed."""
    session().flush()
    with wall.open_to_search() as own:
        own.expire_all()
        found = []
        for number in numbers:
            one = own.scalars(select(Lead).filter_by(external_id=number)).one()
            parts = (one, own.get(LeadContact, one.id), own.get(LeadFields, one.id))
            found.append(
                {
                    (type(part).__name__, c.key): getattr(part, c.key)
                    for part in parts
                    if part is not None
                    for c in part.__mapper__.column_attrs
                    if c.key != "version"
                }
            )
        return found


def test_something_that_hangs_on_a_lead_keeps_it(programme: Flask) -> None:
    row = bring_in(*KNOWN)
    one = lead("2")
    assert one
    session().execute(
        text("INSERT INTO lead_signals (lead_id, kind, at, source) VALUES (:id, 'visit', :at, '')"),
        {"id": one.id, "at": AT},
    )
    assert undo(row) == {"removed": 2, "restored": 0, "kept": 1}
    assert lead("2") is not None


def test_what_a_lead_says_of_an_import_is_all_that_is_given_back(programme: Flask) -> None:
    table = open_table(io.BytesIO(content(KNOWN)))
    one = intake.Intake(table, Mapping("crm", COLUMNS), intake.read_known("EUR"), AT)
    one._begin = intake.read_begin()
    [batch] = one.batches()
    said = set(one._columns(batch.rows[0], False)) | {"state_since"}
    assert said == set(intake.WRITTEN)


def test_rows_of_a_file_stand_behind_the_wall_and_go_with_their_lead(programme: Flask) -> None:
    bring_in(*KNOWN)
    row = bring_in(*NEXT)
    for table in (ImportRow, ImportChange):
        assert session().scalars(select(table)).all() == []
    changed = lead("2")
    assert changed
    import_jobs.forget_lead(LeadDeleted(at=AT, lead_id=changed.id, user_id=1, lead_number="x"), AT)
    with open_to(row.id) as own:
        assert not own.scalars(select(ImportRow).filter_by(lead_id=changed.id)).all()
        assert not own.scalars(select(ImportChange).filter_by(lead_id=changed.id)).all()
        assert own.scalars(select(ImportRow)).all()
