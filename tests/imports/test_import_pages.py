"""The pages of imports: upload, columns, try, run, refused rows, and who may see them."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import Workbook
from sqlalchemy import func, select

from portal.core import clock, jobs
from portal.core.db import session
from portal.imports import files, operations
from portal.imports import jobs as import_jobs
from portal.imports.models import ImportRow, LeadImport
from portal.imports.routes import harmless
from portal.imports.wall import open_to
from portal.leads.models import Lead
from tests import factories

LIST = """Lead ID;Company;Last Name;Email;Country
1;Muster GmbH;Muster;erika@muster.example;DE
2;=cmd|x;+Plus;nonsense;DE
3;Drei AG;Drei;drei@drei.example;Narnia
"""


@pytest.fixture
def manager(
    app: Flask, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FlaskClient:
    own_folder = replace(app.config["SETTINGS"], var_dir=tmp_path)
    monkeypatch.setitem(app.config, "SETTINGS", own_folder)
    factories.make_programme()
    return factories.sign_in(client, factories.make_manager())


def token(client: FlaskClient) -> str:
    return factories.csrf_of(client.get("/imports").text)


def upload(client: FlaskClient, content: bytes, name: str = "leads.csv") -> Any:
    data = {"csrf_token": token(client), "file": (io.BytesIO(content), name)}
    return client.post("/imports", data=data, content_type="multipart/form-data")


def number_in(address: str) -> int:
    found = re.search(r"/imports/(\d+)", address)
    assert found
    return int(found[1])


def fields_of(client: FlaskClient, import_id: int) -> dict[str, str]:
    """Read the mapping form as a browser would send it."""
    html = client.get(f"/imports/{import_id}/mapping").text
    values: dict[str, str] = {}
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', options)
        values[name] = chosen[1] if chosen else ""
    return {**values, "source_system": "crm", "country": "", "csrf_token": token(client)}


def work(app: Flask, import_id: int) -> None:
    with app.app_context():
        jobs.run_now("imports.run", {"import_id": import_id})


def count(app: Flask, table: Any) -> int:
    with app.app_context():
        return session().scalar(select(func.count()).select_from(table)) or 0


def refused_of(app: Flask, import_id: int) -> int:
    """Count the refused rows that are kept of an import."""
    with app.app_context(), open_to(import_id) as own:
        return len(own.scalars(select(ImportRow.id).where(ImportRow.state == "refused")).all())


def path_of(app: Flask, import_id: int) -> Path:
    with app.app_context():
        return Path(session().get_one(LeadImport, import_id).path)


def test_a_list_goes_from_upload_over_a_try_into_the_portal(
    app: Flask, manager: FlaskClient
) -> None:
    answer = upload(manager, LIST.encode())
    assert answer.status_code == 303
    import_id = number_in(answer.location)
    page = manager.get(answer.location)
    assert "erika@muster.example" in page.text
    fields = fields_of(manager, import_id)
    assert fields["column_0"] == "external_id"
    assert fields["column_3"] == "email"

    answer = manager.post(f"/imports/{import_id}/mapping", data={**fields, "then": "try"})
    assert answer.status_code == 303
    waiting = manager.get(f"/imports/{import_id}").text
    assert 'hx-trigger="every 1s"' in waiting
    assert "Look again" in waiting
    work(app, import_id)
    assert count(app, Lead) == 0
    tried = manager.get(f"/imports/{import_id}").text
    assert "nothing has been written" in tried
    assert "Narnia" in tried

    answer = manager.post(f"/imports/{import_id}/run", data={"csrf_token": fields["csrf_token"]})
    assert answer.status_code == 303
    work(app, import_id)
    assert count(app, Lead) == 1
    assert refused_of(app, import_id) == 2
    fragment = manager.get(f"/imports/{import_id}", headers={"HX-Request": "true"}).text
    assert fragment.lstrip().startswith('<div id="import-state"')
    assert "every 1s" not in fragment

    # the very same list again finds nothing to do, and this one can't be run twice
    answer = manager.post(f"/imports/{import_id}/run", data={"csrf_token": fields["csrf_token"]})
    assert answer.status_code == 409


def press(client: FlaskClient, import_id: int, what: str, **data: str) -> Any:
    data = {"csrf_token": token(client), **data}
    return client.post(f"/imports/{import_id}/{what}", data=data)


def test_an_import_is_paused_goes_on_is_cancelled_and_undone_from_its_page(
    app: Flask, manager: FlaskClient
) -> None:
    import_id = number_in(upload(manager, LIST.encode()).location)
    fields = {**fields_of(manager, import_id), "then": "import"}
    manager.post(f"/imports/{import_id}/mapping", data=fields)
    assert press(manager, import_id, "pause").status_code == 303
    work(app, import_id)
    assert count(app, Lead) == 0
    assert "goes on behind row 0" in manager.get(f"/imports/{import_id}").text
    assert press(manager, import_id, "run").status_code == 303
    work(app, import_id)
    assert count(app, Lead) == 1
    assert press(manager, import_id, "cancel").status_code == 409
    assert "Leads that go" in manager.get(f"/imports/{import_id}/undo").text
    assert press(manager, import_id, "undo").status_code == 303
    with app.app_context():
        jobs.run_now("imports.undo", {"import_id": import_id})
    assert count(app, Lead) == 0
    assert "The import is undone." in manager.get(f"/imports/{import_id}").text
    assert press(manager, import_id, "undo").status_code == 409
    # one that never began is cancelled without a trace of leads
    other = number_in(upload(manager, LIST.encode()).location)
    manager.post(f"/imports/{other}/mapping", data={**fields_of(manager, other), "then": "import"})
    assert press(manager, other, "cancel").status_code == 303
    work(app, other)
    assert count(app, Lead) == 0
    assert "Cancelled" in manager.get(f"/imports/{other}").text


def test_a_long_workbook_is_read_by_the_worker_and_its_sheet_chosen(
    app: Flask, manager: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 0)
    book, sent = Workbook(), io.BytesIO()
    book.active.append(["Lead ID", "Company", "Email"])
    book.active.append([1, "Muster GmbH", "erika@muster.example"])
    book.create_sheet("Fair").append(["Nr", "Firma"])
    book.save(sent)
    answer = upload(manager, sent.getvalue(), "long.xlsx")
    import_id = number_in(answer.location)

    def read() -> str:
        assert "The workbook is being read" in manager.get(f"/imports/{import_id}").text
        with app.app_context():
            jobs.run_now("imports.read", {"import_id": import_id})
        return manager.get(f"/imports/{import_id}", follow_redirects=True).text

    asked = read()
    assert "Which sheet?" in asked
    assert "Muster GmbH" in asked
    with app.app_context():
        # rows of it stand nowhere but in files that are removed
        assert "Muster" not in str(session().get_one(LeadImport, import_id).report)
    assert press(manager, import_id, "sheet", sheet="7").status_code == 422
    assert press(manager, import_id, "sheet", sheet="1").status_code == 303
    assert "sheet Fair" in read()
    assert press(manager, import_id, "sheet", sheet="0").status_code == 303
    assert "Muster GmbH" in read()
    # the workbook goes with the list
    folder = path_of(app, import_id).parent
    assert len(list(folder.iterdir())) == 3
    press(manager, import_id, "discard")
    assert not list(folder.iterdir())


def test_refused_rows_come_back_as_a_list_that_runs_no_formulas(
    app: Flask, manager: FlaskClient
) -> None:
    import_id = number_in(upload(manager, LIST.encode()).location)
    manager.post(f"/imports/{import_id}/mapping", data=fields_of(manager, import_id))
    work(app, import_id)
    answer = manager.get(f"/imports/{import_id}/refused.csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert rows[0][:3] == ["Lead ID", "Company", "Last Name"]
    assert rows[1][:6] == ["2", "'=cmd|x", "'+Plus", "nonsense", "DE", "3"]
    assert len(rows) == 3
    for sign in "=+-@\t\r":
        assert harmless(sign + "1") == "'" + sign + "1"


def test_what_is_wrong_with_the_columns_is_said_at_the_field(
    app: Flask, manager: FlaskClient
) -> None:
    import_id = number_in(upload(manager, LIST.encode()).location)
    fields = fields_of(manager, import_id)
    wrong = {**fields, "column_1": "email", "source_system": "", "country": "Narnia"}
    answer = manager.post(f"/imports/{import_id}/mapping", data=wrong)
    assert answer.status_code == 422
    assert "Please fill this in." in answer.text
    wrong["source_system"] = "my crm"
    answer = manager.post(f"/imports/{import_id}/mapping", data=wrong)
    assert "We don&#39;t know this country" in answer.text
    wrong["country"] = ""
    answer = manager.post(f"/imports/{import_id}/mapping", data=wrong)
    assert answer.status_code == 422
    assert "already fills this field" in answer.text
    assert 'value="my crm"' in answer.text
    nothing = {name: "" for name in fields if name.startswith("column_")}
    answer = manager.post(
        f"/imports/{import_id}/mapping",
        data={**fields, **nothing},
    )
    assert answer.status_code == 422
    assert "at least one column" in answer.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04 a workbook", "CSV"),
        (b"\0\0\0", "The file is empty."),
    ],
)
def test_a_file_that_is_no_list_is_refused_and_not_kept(
    app: Flask, manager: FlaskClient, content: bytes, words: str
) -> None:
    answer = upload(manager, content)
    assert answer.status_code == 422
    assert words in answer.text
    with app.app_context():
        assert not list(import_jobs.upload_folder().iterdir())


def test_a_file_that_is_too_large_is_refused_in_clear_words(
    app: Flask, manager: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "MAX_BYTES", 100)
    answer = upload(manager, LIST.encode())
    assert answer.status_code == 413
    assert "up to 100 MB" in answer.text
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 300)
    answer = upload(manager, LIST.encode() * 20)
    assert answer.status_code == 413
    assert "up to 100 MB" in answer.text
    with app.app_context():
        assert not list(import_jobs.upload_folder().iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "..\\..\\boot.ini",
        "<script>alert(1)</script>.csv",
        "x" * 5000,
        "\u202e",
    ],
)
def test_a_hostile_name_is_a_label_and_nothing_else(
    app: Flask, manager: FlaskClient, name: str
) -> None:
    answer = upload(manager, LIST.encode(), name)
    assert answer.status_code == 303
    path = path_of(app, number_in(answer.location))
    with app.app_context():
        assert path.parent == import_jobs.upload_folder()
    assert re.fullmatch(r"[0-9a-f]{32}", path.name)
    assert path.stat().st_mode & 0o077 == 0
    assert "<script>alert" not in manager.get("/imports").text


def test_imports_belong_to_people_who_may_import(app: Flask, manager: FlaskClient) -> None:
    import_id = number_in(upload(manager, LIST.encode()).location)
    stranger = factories.sign_in(app.test_client(), factories.make_person())
    pages = ["", "/new", f"/{import_id}", f"/{import_id}/mapping", f"/{import_id}/refused.csv"]
    for page in pages:
        assert stranger.get("/imports" + page).status_code == 403
        assert app.test_client().get("/imports" + page).status_code == 302
        assert manager.get("/imports" + page).status_code in {200, 303}
    csrf = factories.csrf_of(stranger.get("/available").text)
    for page in ("", f"/{import_id}/mapping", f"/{import_id}/run", f"/{import_id}/discard"):
        answer = stranger.post("/imports" + page, data={"csrf_token": csrf})
        assert answer.status_code == 403
    assert manager.get("/imports/999999").status_code == 404


def test_contact_data_does_not_lie_around(app: Flask, manager: FlaskClient) -> None:
    import_id = number_in(upload(manager, LIST.encode()).location)
    path = path_of(app, import_id)
    manager.post(
        f"/imports/{import_id}/mapping", data={**fields_of(manager, import_id), "then": "import"}
    )
    work(app, import_id)
    now = clock.now()
    stray = path.with_name("0" * 32)
    stray.write_text("left behind")
    with app.app_context():
        jobs.run_now("imports.forget_files", at=now + timedelta(days=1))
    assert path.exists()
    with app.app_context():
        jobs.run_now("imports.forget_files", at=now + timedelta(days=4))
    assert not path.exists()
    assert not stray.exists()
    assert refused_of(app, import_id) == 2
    with app.app_context():
        jobs.run_now("imports.forget_files", at=now + timedelta(days=31))
    assert refused_of(app, import_id) == 0
    assert count(app, Lead) == 1


def test_a_list_can_be_thrown_away_at_once(app: Flask, manager: FlaskClient) -> None:
    import_id = number_in(upload(manager, LIST.encode()).location)
    path = path_of(app, import_id)
    answer = manager.post(f"/imports/{import_id}/discard", data={"csrf_token": token(manager)})
    assert answer.status_code == 303
    assert not path.exists()
    assert manager.get(f"/imports/{import_id}").status_code == 200


def test_an_import_that_the_queue_lost_is_pushed_again(app: Flask, manager: FlaskClient) -> None:
    import_id = number_in(upload(manager, LIST.encode()).location)
    app.extensions["redis"].flushdb()
    manager.post(
        f"/imports/{import_id}/mapping", data={**fields_of(manager, import_id), "then": "import"}
    )
    with app.app_context():
        assert jobs.look_at_queue().lengths["bulk"] == 1
        app.extensions["redis"].flushdb()
        jobs.run_now("imports.push")
        jobs.run_now("imports.push")
        assert jobs.look_at_queue().lengths["bulk"] == 1
