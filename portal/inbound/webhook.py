"""Mail that another system hands over: `POST /inbound/mail`, the mail as it is, signed.

For who has neither a mail server that speaks LMTP nor a mailbox. The answers are 202 (kept, or here
already), 401, 404 (no such address, or no secret is set), 413 and 503, each without a body: whoever
hands over tries again after any 5xx and 429, which a proxy may answer, and after no other.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from portal.core import circumstances, clock, jobs, logs, mishaps
from portal.core.config import Settings
from portal.inbound import pipeline, places
from portal.inbound.envelopes import UNKNOWN, read_envelope
from portal.inbound.parsing import LARGEST
from portal.web.access import bearer, forget_who_comes
from portal.web.errors import forget_connection

log = logs.get(__name__)
blueprint = Blueprint("mail_handed_in", __name__, url_prefix="/inbound")
forget_who_comes(blueprint, largest_body=LARGEST, most_parts=1)

WINDOW = 300
"""Seconds by which two clocks may differ; what was signed earlier or later is not taken."""
SIGNATURE = re.compile(r"t=(\d{1,12})((?:,v1=[0-9a-f]{64}){1,4})")


@blueprint.errorhandler(HTTPException)
def refuse(error: HTTPException) -> ResponseReturnValue:
    """Answer what Flask refuses, a mail that is too large for one."""
    return "", error.code or 500


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(PoolTimeout)
def ask_again(error: Exception) -> ResponseReturnValue:
    """Answer that the mail is not kept and has to come again."""
    log.error("mail not kept", error=mishaps.describe(error))
    forget_connection()
    return "", 503


@blueprint.post("/mail")
@bearer
def take() -> ResponseReturnValue:
    settings: Settings = current_app.config["SETTINGS"]
    secrets, at = settings.mail_webhook_secrets, clock.now()
    if not secrets:
        return "", 404
    circumstances.begin(channel="mail")
    recipient = request.headers.get("X-Envelope-To", "").strip()
    sender = request.headers.get("X-Envelope-From", "").strip()
    signed = SIGNATURE.fullmatch(request.headers.get("X-Signature", "").replace(" ", ""))
    # what can't be meant for now is not worth reading
    if signed is None or not is_now(int(signed[1]), at):
        return "", 401
    raw = request.get_data(cache=False)
    given = [one.partition("=")[2] for one in signed[2].split(",") if one]
    if not is_signed(given, secrets, text_to_sign(signed[1], recipient, sender, raw)):
        return "", 401
    where = places.find(recipient)
    if where is None:
        return "", 404
    own = read_envelope(raw).sender if not sender else sender.strip("<>")
    told = UNKNOWN if own is None else own
    kept = pipeline.store(raw, told, where.name, "webhook", at, where.token_id)
    if kept is not None:
        jobs.soon("inbound.read_waiting")
    log.info("mail handed in", message=kept, size=len(raw))
    return "", 202


def is_now(seconds: int, at: datetime) -> bool:
    """Say whether something was signed just now."""
    return abs(at.timestamp() - seconds) <= WINDOW


def text_to_sign(seconds: str, recipient: str, sender: str, raw: bytes) -> bytes:
    """Return what is signed: the moment, the envelope as it stands in the headers, the mail."""
    return f"{seconds}\n{recipient}\n{sender}\n".encode("latin-1") + raw


def sign(secret: str, text: bytes) -> str:
    """Return the signature of a text."""
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def is_signed(given: Iterable[str], secrets: Iterable[str], text: bytes) -> bool:
    """Say whether one of these signatures is made with one of our secrets."""
    expected = [sign(secret, text) for secret in secrets]
    return any(hmac.compare_digest(one, ours) for one in given for ours in expected)
