"""The mail catcher of a local run and its mailbox pages."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
import time
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest

from portal.core.mail import catcher
from portal.core.servers import free_port

ROOT = Path(__file__).resolve().parents[2]


def mail(subject="Hot lead", html="<html><head></head><body><p>Hello</p></body></html>"):
    made = EmailMessage()
    made["Subject"] = subject
    made["From"] = "Firstcome <leads@in.firstcome.example>"
    made["To"] = "Älice <alice@alpha.example>"
    made["Date"] = "Mon, 16 Nov 2026 09:00:00 +0000"
    made.set_content("Hello in text\n")
    made.add_alternative(html, subtype="html")
    return made


@pytest.fixture
def local(app, tmp_path):
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, mailbox_url=str(tmp_path / "mailbox"))
    yield catcher.Mailbox(tmp_path / "mailbox")
    app.config["SETTINGS"] = before


def test_the_catcher_keeps_what_it_is_sent_and_stops_when_told(tmp_path):
    port = free_port()
    child = subprocess.Popen(
        [sys.executable, "worker.py", "catcher"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "FIRSTCOME_LOCAL": "1",
            "SMTP_URL": f"smtp://127.0.0.1:{port}",
            "MAILBOX_DIR": str(tmp_path / "mailbox"),
        },
    )
    try:
        send(port, mail())
        box = catcher.Mailbox(tmp_path / "mailbox")
        (caught,) = box.listed()
        assert caught.subject == "Hot lead"
        assert caught.to == "Älice <alice@alpha.example>"
        child.send_signal(signal.SIGTERM)
        assert child.wait(5) == 0
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def send(port, message):
    deadline = time.monotonic() + 20
    while True:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=5) as server:
                server.send_message(message)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_the_catcher_listens_on_this_machine_only():
    done = subprocess.run(
        [sys.executable, "worker.py", "catcher"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "FIRSTCOME_LOCAL": "1",
            "SMTP_URL": "smtp://mail.example.com:25",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr


def test_a_mailbox_keeps_the_newest_mails(tmp_path):
    box = catcher.Mailbox(tmp_path, most=5)
    kept = [box.keep(mail(f"number {n}").as_bytes()) for n in range(8)]
    assert box.names() == kept[:2:-1]
    assert [one.subject for one in box.listed(0, 2)] == ["number 7", "number 6"]


def test_a_subject_that_begins_on_a_line_of_its_own_reads_as_any_other(tmp_path):
    box = catcher.Mailbox(tmp_path)
    box.keep(b"Subject:\r\n Hot lead\r\n\r\nHello")
    assert [one.subject for one in box.listed(0, 1)] == ["Hot lead"]


def test_scripts_read_the_mailbox(client, local):
    first, second = (local.keep(mail(s).as_bytes()) for s in ("one", "two"))
    listed = client.get("/local/mailbox.json").json
    assert [one["id"] for one in listed] == [second, first]
    assert listed[0] == {
        "id": second,
        "to": "Älice <alice@alpha.example>",
        "from": "Firstcome <leads@in.firstcome.example>",
        "subject": "two",
        "date": "2026-11-16T09:00:00+00:00",
    }
    raw = client.get(f"/local/mailbox/{first}.eml")
    assert raw.mimetype == "message/rfc822"
    assert message_from_bytes(raw.data)["Subject"] == "one"


def test_people_read_the_mailbox(client, local):
    assert "No mail yet" in client.get("/local/mailbox").text
    name = local.keep(mail("Hot <b>lead</b>").as_bytes())
    page = client.get("/local/mailbox").text
    assert "Hot &lt;b&gt;lead&lt;/b&gt;" in page
    assert f"/local/mailbox/{name}" in page
    page = client.get(f"/local/mailbox/{name}").text
    assert "Hello in text" in page
    assert 'sandbox="allow-popups' in page


def test_a_mail_is_shown_in_a_frame_where_nothing_of_it_runs(client, local):
    name = local.keep(mail(html="<html><head></head><script>x()</script></html>").as_bytes())
    frame = client.get(f"/local/mailbox/{name}.html")
    rules = frame.headers["Content-Security-Policy"]
    assert "sandbox allow-popups" in rules
    assert "allow-scripts" not in rules
    assert "script-src" not in rules
    assert rules.startswith("default-src 'none'")
    assert '<base target="_blank">' in frame.text


@pytest.mark.parametrize(
    "path",
    [
        "/local/mailbox",
        "/local/mailbox.json",
        "/local/mailbox/{}",
        "/local/mailbox/{}.eml",
        "/local/mailbox/{}.html",
    ],
)
def test_the_mailbox_is_not_there_for_others(app, client, local, path):
    path = path.format(local.keep(mail().as_bytes()))
    assert client.get(path).status_code == 200
    away = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get(path, environ_overrides=away).status_code == 404
    assert client.get(path, headers={"Host": "evil.example"}).status_code == 404
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(settings, local=False)
    assert client.get(path).status_code == 404
    app.config["SETTINGS"] = replace(settings, mailbox_url="")
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "name", ["nothing", "..%2f..%2fetc%2fpasswd", "00000000000000000000-00000000"]
)
def test_a_mail_that_is_not_there_is_not_found(client, local, name):
    for ending in ("", ".eml", ".html"):
        assert client.get(f"/local/mailbox/{name}{ending}").status_code == 404
