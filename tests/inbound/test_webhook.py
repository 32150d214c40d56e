"""Mail handed over by a signed request: what is kept, what is turned away, and no more said."""

from __future__ import annotations

import http.client
import io
import re
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal.core.config import Settings, SettingsMissing
from portal.core.db import session
from portal.inbound import keeping, pipeline
from portal.inbound.models import InboundMessage
from portal.inbound.parsing import LARGEST
from portal.inbound.webhook import WINDOW, sign, text_to_sign
from tests.inbound.replying import DOMAIN

LEAD = f"inquiries@{DOMAIN}"
MAIL = b"Return-Path: <eva@meier.example>\r\nFrom: eva@meier.example\r\n\r\n14 cabinets\r\n"
NEWER, OLDER = "newer-" * 6, "older-" * 6


def hand_over(client, raw=MAIL, to=LEAD, sender="", secrets=(NEWER,), ago=0, **over):
    """Hand a mail over and return what is answered."""
    at = str(int(time.time()) - ago)
    marks = [sign(one, text_to_sign(at, to, sender, raw)) for one in secrets]
    headers = {
        "X-Envelope-To": to,
        "X-Envelope-From": sender,
        "X-Signature": ",".join([f"t={at}", *(f"v1={one}" for one in marks)]),
    }
    headers = {**headers, **{name.replace("_", "-"): value for name, value in over.items()}}
    sent = {name: value for name, value in headers.items() if value is not None}
    return client.post("/inbound/mail", data=raw, headers=sent)


def test_a_mail_that_is_signed_is_kept_once_and_nobody_else_gets_in(client):
    at = str(int(time.time()))
    good = sign(NEWER, text_to_sign(at, LEAD, "", MAIL))
    table = [
        (202, {}),
        (202, {}),
        (202, {"secrets": (OLDER,), "to": LEAD.upper()}),
        (202, {"secrets": ("another" * 6, NEWER), "ago": WINDOW - 5}),
        (202, {"sender": "<>", "raw": b"Subject: report\r\n\r\n"}),
        (401, {"secrets": ("another" * 6,)}),
        (401, {"secrets": ("",)}),
        (401, {"ago": WINDOW + 5}),
        (401, {"ago": -WINDOW - 5}),
        (401, {"X_Signature": None}),
        (401, {"X_Signature": ""}),
        (401, {"X_Signature": f"t={at}"}),
        (401, {"X_Signature": f"t={at},v1={good.upper()}"}),
        (401, {"X_Signature": f"t={at},v1=" + "é" * 64}),
        (401, {"X_Signature": f"t={'9' * 400},v1={good}"}),
        # of what was signed nothing can be exchanged
        (401, {"X_Signature": f"t={at},v1={good}", "raw": MAIL + b"more"}),
        (401, {"X_Signature": f"t={at},v1={good}", "X_Envelope_To": f"fb@{DOMAIN}"}),
        (401, {"X_Signature": f"t={at},v1={good}", "X_Envelope_From": "<>"}),
        (404, {"to": f"fb+{'a' * 26}@{DOMAIN}"}),
        (404, {"to": "else@vendor.example"}),
        (404, {"to": ""}),
        (413, {"raw": b"x" * (LARGEST + 1)}),
    ]
    for status, changes in table:
        answer = hand_over(client, **changes)
        assert (answer.status_code, answer.data) == (status, b""), changes
        assert "Set-Cookie" not in answer.headers
    # what is too large or too old is turned away before a byte of it is read
    for made, length, status in ((int(at), LARGEST + 1, 413), (int(at) - WINDOW - 5, 10, 401)):
        unread = {"wsgi.input": None, "CONTENT_LENGTH": str(length)}
        headers = {"X-Envelope-To": LEAD, "X-Signature": f"t={made},v1={good}"}
        answer = client.post("/inbound/mail", headers=headers, environ_overrides=unread)
        assert answer.status_code == status
    assert client.get("/inbound/mail").status_code == 405
    with client.application.app_context():
        found = session().scalars(select(InboundMessage).order_by(InboundMessage.id)).all()
        assert [(one.adapter, one.recipient) for one in found] == [("webhook", LEAD)] * 2
        raws = [keeping.load_raw(one.id) for one in found]
        assert [raw.envelope_from for raw in raws] == ["eva@meier.example", ""]
        assert bytes(raws[0].raw) == MAIL


def test_while_the_database_is_away_it_has_to_come_again_and_without_a_secret_nothing_is_there(
    client, monkeypatch
):
    def away(*_args):
        raise OperationalError("INSERT", {}, Exception())

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "store", away)
        answer = hand_over(client)
    assert (answer.status_code, answer.data) == (503, b"")
    app = client.application
    monkeypatch.setitem(app.config, "SETTINGS", Settings.from_environment({"FIRSTCOME_LOCAL": "1"}))
    assert hand_over(client).status_code == 404
    for wrong in ("short", f"{NEWER} short", f"{NEWER} {OLDER} {NEWER}"):
        with pytest.raises(SettingsMissing, match="MAIL_WEBHOOK_SECRET"):
            Settings.from_environment({"FIRSTCOME_LOCAL": "1", "MAIL_WEBHOOK_SECRET": wrong})


def test_the_example_for_integrators_hands_a_mail_over(client, monkeypatch):
    page = (Path(__file__).resolve().parents[2] / "docs" / "integrator.md").read_text()
    (example,) = re.findall(r"```python\n(import hashlib.*?)```", page, re.DOTALL)

    def send(instead, request, timeout):
        if isinstance(instead, Exception):
            raise instead
        status = instead
        if status is None:
            headers = dict(request.header_items())
            status = client.post(request.full_url, data=request.data, headers=headers).status_code
        if status >= 400:
            raise urllib.error.HTTPError(request.full_url, status, "", {}, None)
        return SimpleNamespace(status=status)

    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:8000")
    table = [
        (LEAD, NEWER, None, 0),
        ("x@y.example", NEWER, None, 67),
        (LEAD, "wrong", None, 77),
        # the proxy answers while we start anew, or nobody does
        *((LEAD, NEWER, away, 75) for away in (429, 500, 502, 503, 504)),
        (LEAD, NEWER, TimeoutError(), 75),
        (LEAD, NEWER, http.client.IncompleteRead(b""), 75),
        (LEAD, NEWER, 413, 65),
    ]
    for to, secret, instead, code in table:
        monkeypatch.setattr(urllib.request, "urlopen", partial(send, instead))
        monkeypatch.setenv("MAIL_WEBHOOK_SECRET", secret)
        monkeypatch.setattr(sys, "argv", ["hand_over.py", to, "eva@meier.example"])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(MAIL)))
        with pytest.raises(SystemExit) as ended:
            exec(compile(example, "hand_over.py", "exec"), {})
        assert ended.value.code == code, (to, secret, instead)
