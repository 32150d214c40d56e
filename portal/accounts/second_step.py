"""Verbs of the second step at sign-in: a code of an app on the person's phone (TOTP, RFC 6238).

Set up, confirmed, asked for, switched off. The secret is sealed, a code counts once, and recovery
codes, for who has lost her phone, are kept as fingerprints and count once each.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from portal.accounts import chosen, operations
from portal.accounts.devices import UNNAMED, Browser
from portal.accounts.events import (
    ProofRefused,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    SecondStepRemoved,
    SecondStepSet,
)
from portal.accounts.models import RecoveryCode, SecondStep, User
from portal.core import seals, tokens
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record, record_apart

PURPOSE = "second-step"
READS_MAIL = "reads-mail"
READS_MAIL_LASTS = timedelta(hours=1)
SETUP_LASTS = timedelta(minutes=15)
HALF_LASTS = timedelta(minutes=10)
MOST_WRONG = 5
"""Wrong codes after which a sign-in begins anew, with the password."""
CODES, GROUPS, GROUP = 10, 4, 4
SECONDS, EITHER_SIDE = 30, 1
"""A code lasts so long; clocks of phones may differ by so many codes."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What an app needs: `secret` to be typed, `uri` to be scanned or opened."""

    secret: str
    uri: str


# -- setting up -------------------------------------------------------------------------------


def note_mailbox(user: User, at: datetime) -> str:
    """Return the secret that says: she came in by a mail, so she reads what her address gets."""
    return tokens.issue(READS_MAIL, user.id, at, READS_MAIL_LASTS, replaces=False)


def may_begin(user: User, mailbox: str, at: datetime) -> bool:
    """Tell whether a person may set up a second step, with what `note_mailbox` has returned.

    Where the role must have one, the password alone is not enough: who only knows that could set
    up a phone of his own before she does.
    """
    if not chosen.demands_second_step(user.roles):
        return True
    token = tokens.find(READS_MAIL, mailbox, at)
    return token is not None and token.user_id == user.id


def begin(user_id: int, password: str, at: datetime, mailbox: str = "") -> None:
    """Make the secret of a second step; it counts for nothing until `confirm`.

    Raises `Invalid` where it is not her password, `Refused` where there is one already, or where
    she must have come in by a mail first.
    """
    user = session().get_one(User, user_id)
    if user.second_step_at is not None:
        raise Refused(_("You have a second step already."))
    if not may_begin(user, mailbox, at):
        raise Refused(_("Please sign in by a mail first."))
    operations.prove(user, password, at)
    secret = pyotp.random_base32()
    row = session().get(SecondStep, user_id) or SecondStep(user_id=user_id)
    row.sealed = seals.seal(secret, chosen.secret_key(), PURPOSE, user_id)
    row.begun_at, row.last_counter = at, None
    session().add(row)
    session().flush()


def find_setup(user_id: int, at: datetime) -> Setup | None:
    """Return the secret that waits to be confirmed; None where none does any more."""
    user, row = session().get_one(User, user_id), session().get(SecondStep, user_id)
    if row is None or user.second_step_at is not None or at - row.begun_at > SETUP_LASTS:
        return None
    secret = _secret(row)
    if secret is None:
        return None
    app = pyotp.TOTP(secret, name=user.email, issuer=chosen.programme_name())
    uri = app.provisioning_uri()
    return Setup(secret, uri)


def confirm(user_id: int, code: str, at: datetime, session_id: int) -> list[str]:
    """Switch the second step on with a first code of the app; return the recovery codes.

    They stand nowhere else and can't be shown again. Other sessions than this one end. Raises
    `Invalid`, and `NotFound` where nothing waits.
    """
    user = session().get_one(User, user_id, with_for_update={"key_share": True})
    if find_setup(user_id, at) is None:
        raise NotFound()
    row = session().get_one(SecondStep, user_id, with_for_update=True, populate_existing=True)
    if not _takes_app_code(row, plain(code), at):
        raise _wrong(user_id, at)
    user.second_step_at = at
    operations.end_other_sessions(user_id, session_id, at)
    session().flush()
    record(SecondStepSet(at=at, user_id=user_id, session_id=session_id))
    return _make_codes(user_id, at)


def fresh_codes(user_id: int, password: str, code: str, at: datetime, session_id: int) -> list[str]:
    """Make new recovery codes; the old ones end. Raises `Invalid`."""
    user = session().get_one(User, user_id)
    _prove_both(user, password, code, at)
    return _make_codes(user_id, at, session_id)


def _make_codes(user_id: int, at: datetime, session_id: int = 0) -> list[str]:
    made = [_new_code() for _number in range(CODES)]
    session().execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session().add_all(
        RecoveryCode(user_id=user_id, code_hash=_fingerprint(user_id, plain(one))) for one in made
    )
    session().flush()
    record(RecoveryCodesMade(at=at, user_id=user_id, session_id=session_id))
    return made


def _new_code() -> str:
    """Return 80 random bits as four groups of four letters and digits."""
    letters = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(letters[i : i + GROUP] for i in range(0, GROUPS * GROUP, GROUP))


def count_codes(user_id: int) -> int:
    """Return how many recovery codes a person has left."""
    left = select(func.count()).where(
        RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
    )
    return session().scalars(left).one()


# -- asking -----------------------------------------------------------------------------------


def ask(user_id: int, at: datetime) -> str:
    """Remember that somebody has given her password; return the secret of this half sign-in.

    Others that are under way go on: who knows the password alone keeps nobody out.
    """
    return tokens.issue(PURPOSE, user_id, at, HALF_LASTS, replaces=False)


def find_half(half: str, at: datetime) -> User | None:
    """Return who has given her password and owes the second step."""
    token = tokens.find(PURPOSE, half, at)
    user = session().get(User, token.user_id) if token else None
    if user is None or not user.active or not user.organisation.active:
        return None
    return user if user.second_step_at else None


def take(
    half: str,
    code: str,
    at: datetime,
    browser: Browser = UNNAMED,
) -> str:
    """Let in who has given her password and now a code; return the secret of the session.

    Raises `NotFound` where there is nothing to go on with, and `Invalid` for a wrong code: what it
    counts is to be kept. After `MOST_WRONG` the password is asked for again.
    """
    token = tokens.lock(PURPOSE, half, at)
    user = find_half(half, at)
    if token is None or user is None:
        raise NotFound()
    if not _takes(user, code, at):
        wrong = token.data.get("wrong", 0) + 1
        token.data = {**token.data, "wrong": wrong}
        token.used_at = at if wrong >= MOST_WRONG else None
        session().flush()
        raise _wrong(user.id, at)
    token.used_at = at
    return operations.let_in(user, at, browser)


def _takes(user: User, code: str, at: datetime) -> bool:
    """Use a code up, of the app or a recovery code; say whether it was good."""
    row = session().get(SecondStep, user.id, with_for_update=True, populate_existing=True)
    if row is None or user.second_step_at is None:
        return False
    given = plain(code)
    return _takes_app_code(row, given, at) or _takes_recovery_code(user.id, given, at)


def _takes_app_code(row: SecondStep, given: str, at: datetime) -> bool:
    secret = _secret(row)
    if secret is None or len(given) != 6 or not given.isascii():
        return False
    totp, now = pyotp.TOTP(secret), int(at.timestamp()) // SECONDS
    for counter in range(now - EITHER_SIDE, now + EITHER_SIDE + 1):
        fresh = row.last_counter is None or counter > row.last_counter
        if fresh and hmac.compare_digest(totp.generate_otp(counter), given):
            row.last_counter = counter
            session().flush()
            return True
    return False


def _takes_recovery_code(user_id: int, given: str, at: datetime) -> bool:
    if len(given) != GROUPS * GROUP:
        return False
    used = session().scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == _fingerprint(user_id, given),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(RecoveryCode.id)
    )
    if used is None:
        return False
    record(RecoveryCodeUsed(at=at, user_id=user_id, left=count_codes(user_id)))
    return True


# -- ending -----------------------------------------------------------------------------------


def switch_off(user_id: int, password: str, code: str, at: datetime, session_id: int) -> None:
    """End the own second step.

    Raises `Invalid` for a wrong password or code, `Refused` where the role must have one.
    """
    user = session().get_one(User, user_id)
    if chosen.demands_second_step(user.roles):
        raise Refused(_("Your role signs in with a second step."))
    _prove_both(user, password, code, at)
    _remove(user, at)
    record(SecondStepRemoved(at=at, user_id=user.id, by_user_id=user.id, session_id=session_id))


def remove(user: User, at: datetime, by_user_id: int = 0) -> None:
    """End the second step of somebody who has lost phone and codes; she is signed out everywhere.

    `by_user_id` is 0 where a command does it. Raises `Refused` where there is none.
    """
    if user.second_step_at is None:
        raise Refused(_("%(name)s has no second step.", name=user.name))
    _remove(user, at)
    operations.end_sessions_of(user.id, at)
    record(SecondStepRemoved(at=at, user_id=user.id, by_user_id=by_user_id))


def _remove(user: User, at: datetime) -> None:
    user.second_step_at = None
    tokens.revoke_all(user.id, at, READS_MAIL)
    session().execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    session().execute(delete(SecondStep).where(SecondStep.user_id == user.id))
    session().flush()


# -- what all of them use ---------------------------------------------------------------------


def plain(code: str) -> str:
    """Return a code without what people put between its parts."""
    return "".join(code.split()).replace("-", "").lower()[:64]


def _prove_both(user: User, password: str, code: str, at: datetime) -> None:
    if user.second_step_at is None:
        raise NotFound()
    operations.prove(user, password, at)
    if not _takes(user, code, at):
        raise _wrong(user.id, at)


def _wrong(user_id: int, at: datetime) -> Invalid:
    record_apart(ProofRefused(at=at, user_id=user_id, proof="code"))
    return Invalid({"code": _("This code is not the one, or it was used. Please take the next.")})


def _secret(row: SecondStep) -> str | None:
    return seals.unseal(row.sealed, chosen.secret_key(), PURPOSE, row.user_id)


def _fingerprint(user_id: int, code: str) -> bytes:
    return seals.fingerprint(code, chosen.secret_key(), PURPOSE, user_id)
