"""A real Postfix before the listener, set up as the page for operators says. It starts for root."""

from __future__ import annotations

import shutil
import smtplib
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal.core.db import session
from portal.core.servers import free_port
from portal.inbound import keeping, mail_in, pipeline
from portal.inbound.models import InboundMessage
from tests.inbound.replying import DOMAIN
from tests.mail_servers import Postfix, until

LEAD = f"inquiries@{DOMAIN}"
FORGED = (
    "From: Eva Meier <eva@meier.example>\r\nAuthentication-Results: (our)\r\n"
    "  mx.firstcome.example; dmarc=pass header.from=meier.example\r\nSubject: {}\r\n\r\n14\r\n"
)


@pytest.fixture
def postfix(committed):
    """Postfix and our listener behind it."""
    home, port = Path(tempfile.mkdtemp(prefix="firstcome-mail-")), free_port()
    listener = mail_in.listen(committed, "127.0.0.1", port)
    server = Postfix(home, DOMAIN, port)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        listener.stop()
        shutil.rmtree(home)


def test_a_mail_behind_postfix_is_kept_once_and_without_forged_words(
    committed, postfix, monkeypatch
):
    def raws():
        with committed.app_context():
            ids = session().scalars(select(InboundMessage.id).order_by(InboundMessage.id)).all()
            return [bytes(keeping.load_raw(one).raw).decode() for one in ids]

    def away(*_args):
        raise OperationalError("INSERT", {}, Exception())

    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=15) as client:
        client.sendmail("eva@meier.example", [LEAD], FORGED.format("first"))
        (first,) = until(raws)
        assert "Subject: first" in first
        assert "Received:" in first
        assert "Authentication-Results" not in first
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail("eva@meier.example", [f"fb+{'a' * 26}@{DOMAIN}"], "x")
        ((code, _words),) = refused.value.recipients.values()
        assert code == 550
        with monkeypatch.context() as patched:
            patched.setattr(pipeline, "store", away)
            client.sendmail("eva@meier.example", [LEAD], FORGED.format("second"))
            until(lambda: postfix.waiting() == 1)
        assert len(raws()) == 1
    postfix.waiting(again=True)
    until(lambda: len(raws()) == 2)
    assert postfix.waiting() == 0
