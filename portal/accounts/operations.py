"""Verbs of accounts: sign in and out, passwords, new organisations and people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select, update

from portal.accounts import admins, chosen, passwords, queries, rules
from portal.accounts.devices import UNNAMED, Browser
from portal.accounts.events import (
    InvitationAccepted,
    NewDeviceSeen,
    PasswordChanged,
    PasswordResetRequested,
    PersonDeactivated,
    PersonInvited,
    PersonReactivated,
    ProofRefused,
    SessionsEnded,
    SignedIn,
    SignInLinkRequested,
    SignInRefused,
)
from portal.accounts.models import (
    Organisation,
    OrganisationKind,
    Unit,
    User,
    UserSession,
)
from portal.accounts.permissions import ROLES, ROLES_OF_KIND
from portal.core import circumstances, tokens
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Refused
from portal.core.events import record, record_all, record_apart
from portal.core.mail import links, replies

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
RESET_LASTS = timedelta(hours=1)
LINK_LASTS = timedelta(minutes=15)
INVITATION_LASTS = timedelta(days=7)
SIGN_IN_LINK = "sign-in-link"


def sign_in(
    email: str,
    password: str,
    at: datetime,
    browser: Browser = UNNAMED,
    known: bool = False,
) -> tuple[User, str | None]:
    """Check e-mail and password, open a session, return the person and the session's secret.

    No session and no secret where she owes the second step (`second_step.ask`). A browser that she
    never used is told to her by mail. Raises `Forbidden` with one and the same sentence whatever is
    wrong, and `passwords.Crowded` where she isn't `known` to have used this browser and too many
    others try, too.
    """
    user = queries.find_user_by_email(email) if "\x00" not in email else None
    works = user is not None and user.active and user.organisation.active
    check = passwords.matches if known else passwords.matches_of_stranger
    good = check(user.password_hash if user and works else None, password)
    if user is None or not good:
        record_apart(SignInRefused(at=at, user_id=user.id if user else 0))
        raise Forbidden(_("E-mail and password don't match. Please check both."))
    if user.second_step_at is not None:
        return user, None
    return user, let_in(user, at, browser)


def request_sign_in_link(email: str, at: datetime) -> None:
    """Ask for a mail whose link signs the person with this address in.

    Who was invited and has no password yet gets a fresh invitation. Where nobody has the address
    the same is done, for the person 0, whom no mail reaches.
    """
    user = _active_user(email)
    if user is not None and user.password_hash is None:
        invite_again(user, at)
    else:
        record(SignInLinkRequested(at=at, user_id=user.id if user else 0))


def issue_sign_in_link(user_id: int, at: datetime) -> str:
    """Return the secret of a fresh link, good once and for `LINK_LASTS`.

    Earlier ones go on, so that nobody ends hers by asking for another in her name.
    """
    return tokens.issue(SIGN_IN_LINK, user_id, at, LINK_LASTS, replaces=False)


def sign_in_by_link(
    secret: str,
    at: datetime,
    browser: Browser = UNNAMED,
) -> tuple[User, str | None]:
    """Use a mailed link up and open a session: as `sign_in`, which asks for a password instead.

    The second step is owed all the same, and her other links end. Raises `NotFound` where the link
    was used, is too old, or the person is not active any more.
    """
    token = tokens.use(SIGN_IN_LINK, secret, at)
    user = session().get(User, token.user_id) if token else None
    if user is None or not user.active or not user.organisation.active:
        raise NotFound()
    tokens.revoke_all(user.id, at, SIGN_IN_LINK)
    if user.second_step_at is not None:
        return user, None
    return user, let_in(user, at, browser)


def let_in(user: User, at: datetime, browser: Browser) -> str:
    """Open a session for somebody who has shown all that is asked of her; return its secret."""
    device_hash = browser.device_hash
    strange = device_hash is not None and queries.is_new_device(user.id, device_hash)
    user.signed_in_at = at
    secret = open_session(user.id, at, browser)
    with circumstances.under(actor_id=user.id):
        record(SignedIn(at=at, user_id=user.id))
        if strange:
            opened = queries.get_session(secret)
            record(NewDeviceSeen(at=at, user_id=user.id, session_id=opened.id))
    return secret


def open_session(
    user_id: int,
    at: datetime,
    browser: Browser = UNNAMED,
) -> str:
    """Open a session row and return its secret."""
    secret = tokens.new_secret()
    session().add(
        UserSession(
            token_hash=tokens.hash_secret(secret),
            user_id=user_id,
            created_at=at,
            last_seen_at=at,
            expires_at=at + IDLE,
            address=browser.address,
            user_agent=(browser.agent or "")[:200] or None,
            device_hash=browser.device_hash,
        )
    )
    session().flush()
    return secret


def end_session(session_id: int, at: datetime) -> None:
    """Sign out."""
    session().execute(update(UserSession).where(UserSession.id == session_id).values(ended_at=at))


def end_sessions_of(user_id: int, at: datetime) -> None:
    """End every session of a person."""
    session().execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .values(ended_at=at)
    )


def end_own_session(user_id: int, session_id: int, at: datetime) -> None:
    """Sign a person out in one browser of hers. Raises `NotFound`."""
    if not _end_own(user_id, at, UserSession.id == session_id):
        raise NotFound()


def end_other_sessions(user_id: int, kept_id: int, at: datetime) -> int:
    """Sign a person out everywhere but in the session `kept_id`; return in how many browsers."""
    return _end_own(user_id, at, UserSession.id != kept_id)


def _end_own(user_id: int, at: datetime, which: ColumnElement[bool]) -> int:
    ended = session().scalars(
        update(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.ended_at.is_(None),
            UserSession.expires_at > at,
            which,
        )
        .values(ended_at=at)
        .returning(UserSession.id)
        .execution_options(synchronize_session=False)
    )
    session_ids = sorted(ended)
    if session_ids:
        record(SessionsEnded(at=at, user_id=user_id, session_ids=session_ids))
    return len(session_ids)


def request_password_reset(email: str, at: datetime) -> None:
    """Ask for a reset mail for the person with this address; the same where nobody has it.

    The token is made by the job that writes the mail, so its secret stands nowhere else. Where
    nobody has the address, the person is 0, whom no mail reaches.
    """
    user = _active_user(email)
    record(PasswordResetRequested(at=at, user_id=user.id if user else 0))


def _active_user(email: str) -> User | None:
    user = queries.find_user_by_email(email) if "\x00" not in email else None
    return user if user is not None and user.active and user.organisation.active else None


def issue_password_reset(user_id: int, at: datetime) -> str:
    """Return the secret of a fresh reset token, good for `RESET_LASTS`."""
    return tokens.issue("password-reset", user_id, at, RESET_LASTS)


def reset_password(secret: str, password: str, at: datetime) -> None:
    """Set a new password with a reset token; ends every session. Raises `Invalid`."""
    token = tokens.find("password-reset", secret, at)
    user = session().get_one(User, token.user_id) if token else None
    if user is not None:
        check_password(password, user.email)
    if user is None or tokens.use("password-reset", secret, at) is None:
        raise Invalid(
            {"password": _("This link has been used or is too old. Please ask for a new one.")}
        )
    set_password(user, password, at)


def set_password(user: User, password: str, at: datetime) -> None:
    """Set a password and end every session and every open reset or invitation of the person."""
    first = user.password_hash is None
    _put_password(user, password, at)
    record(PasswordChanged(at=at, user_id=user.id, first=first))


def _put_password(user: User, password: str, at: datetime) -> None:
    check_password(password, user.email)
    user.password_hash = passwords.hash_password(password)
    end_sessions_of(user.id, at)
    tokens.revoke_all(user.id, at)


def check_password(password: str, email: str) -> None:
    """Raise `Invalid` for a password that the person with this address had better not take."""
    fault = rules.fault_of(password, email, chosen.programme_name())
    if fault:
        raise Invalid({"password": fault})


def change_password(
    user_id: int,
    current: str,
    password: str,
    at: datetime,
    browser: Browser = UNNAMED,
) -> str:
    """Set a new password of somebody who is in, and knows the one she has.

    It ends every session; the secret of a fresh one for this browser is returned. Raises `Invalid`.
    """
    user = session().get_one(User, user_id)
    prove(user, current, at, "current")
    _put_password(user, password, at)
    secret = open_session(user.id, at, browser)
    record(PasswordChanged(at=at, user_id=user.id, session_id=queries.get_session(secret).id))
    return secret


def prove(user: User, password: str, at: datetime, field: str = "password") -> None:
    """Have somebody who is in show that it is she. Raises `Invalid` at `field`."""
    if not passwords.matches(user.password_hash, password):
        record_apart(ProofRefused(at=at, user_id=user.id, proof="password"))
        raise Invalid({field: _("This is not your password. Please try again.")})


def add_organisation(
    kind: OrganisationKind,
    name: str,
    at: datetime,
    parent: Organisation | None = None,
    locale: str = "en",
    timezone: str = "Europe/Berlin",
    domain: str | None = None,
) -> Organisation:
    """Add an organisation under `parent`. Raises `Invalid` for an empty or taken name."""
    name = name.strip()
    if not name:
        raise Invalid({"name": _("Please give the firm a name.")})
    if is_name_taken(name):
        raise Invalid({"name": _("There is a firm with this name already.")})
    organisation = Organisation(
        kind=kind,
        name=name,
        parent_id=parent.id if parent else None,
        domain=domain,
        locale=locale,
        timezone=timezone,
        created_at=at,
    )
    session().add(organisation)
    session().flush()
    return organisation


def is_name_taken(name: str, besides: int | None = None) -> bool:
    """Tell whether another firm has this name, whatever the case."""
    which = [func.lower(Organisation.name) == name.lower()]
    if besides is not None:
        which.append(Organisation.id != besides)
    return session().scalar(select(Organisation.id).where(*which)) is not None


def add_unit(organisation: Organisation, name: str) -> Unit:
    """Add a unit to an organisation."""
    unit = Unit(organisation_id=organisation.id, name=name)
    session().add(unit)
    session().flush()
    return unit


def add_person(
    organisation: Organisation,
    email: str,
    name: str,
    roles: Iterable[str],
    at: datetime,
    password: str | None = None,
    unit: Unit | None = None,
    phone: str | None = None,
    password_hash: str | None = None,
    locale: str | None = None,
) -> User:
    """Add a person to an organisation; she takes its zone and, without `locale`, its language.

    `password_hash` saves hashing the same password many times. Raises `Invalid` for an address
    that is odd or taken, an empty name or an unknown role.
    """
    user = draft_person(organisation, email, name, roles, at, locale=locale)
    if queries.find_user_by_email(user.email):
        raise Invalid({"email": _("Somebody has this e-mail address already.")})
    if password is not None:
        check_password(password, user.email)
        password_hash = passwords.hash_password(password)
    user.unit_id, user.phone, user.password_hash = unit.id if unit else None, phone, password_hash
    session().add(user)
    session().flush()
    return user


def draft_person(
    organisation: Organisation,
    email: str,
    name: str,
    roles: Iterable[str],
    at: datetime,
    *,
    locale: str | None = None,
    phone: str | None = None,
) -> User:
    """Return a person who is not added yet. Raises `Invalid`; who is here already is not seen."""
    try:
        # no look-up, and example addresses are fine: whether mail arrives, the invitation shows
        address = validate_email(
            email, check_deliverability=False, test_environment=True
        ).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid({"email": _("Please check this e-mail address.")}) from error
    if not name.strip():
        raise Invalid({"name": _("Please give a name.")})
    roles = list(dict.fromkeys(roles))
    if not roles or not set(roles) <= ROLES.keys():
        raise Invalid({"roles": _("Please choose at least one role.")})
    return User(
        organisation_id=organisation.id,
        email=address,
        name=name.strip(),
        phone=phone,
        roles=roles,
        locale=locale or organisation.locale,
        timezone=organisation.timezone,
        created_at=at,
    )


def invite_all(newcomers: Sequence[User], at: datetime, by_user_id: int) -> None:
    """Make places for many people of whom none is here yet, drafted by `draft_person`.

    As `invite` does for one, in few ways to the database.
    """
    for user in newcomers:
        user.invited_at = at
    session().add_all(newcomers)
    session().flush()
    record_all([PersonInvited(at=at, user_id=user.id, by_user_id=by_user_id) for user in newcomers])


def invite(
    organisation: Organisation,
    email: str,
    name: str,
    roles: Iterable[str],
    at: datetime,
    by_user_id: int = 0,
) -> User:
    """Make a place for a person in a firm and ask for the mail that lets her choose a password.

    Who waits for her first sign-in is invited again, with the new name and roles. Raises `Invalid`
    for what `add_person` refuses and for roles that the firm's kind doesn't have.
    """
    roles = list(dict.fromkeys(roles))
    if not set(roles) <= set(ROLES_OF_KIND[organisation.kind]):
        raise Invalid({"roles": _("Please choose among the roles of this firm.")})
    user = queries.find_user_by_email(email.strip()) if "\x00" not in email else None
    waits = user is not None and user.active and user.password_hash is None
    if user is not None and waits and user.organisation_id == organisation.id:
        if not name.strip():
            raise Invalid({"name": _("Please give a name.")})
        if not roles:
            raise Invalid({"roles": _("Please choose at least one role.")})
        user.name, user.roles = name.strip(), roles
    else:
        user = add_person(organisation, email, name, roles, at)
    invite_again(user, at, by_user_id)
    return user


def invite_again(user: User, at: datetime, by_user_id: int = 0) -> None:
    """Ask for a fresh invitation; the link of the last one stops working with its mail.

    Raises `Refused` for who has a password or may not come in.
    """
    if user.password_hash is not None:
        raise Refused(_("%(name)s has a password already.", name=user.name))
    if not user.active:
        raise Refused(_("%(name)s has no access any more.", name=user.name))
    user.invited_at = at
    session().flush()
    record(PersonInvited(at=at, user_id=user.id, by_user_id=by_user_id))


def issue_invitation(user_id: int, at: datetime) -> str:
    """Return the secret of a fresh invitation, good for `INVITATION_LASTS`; earlier ones end."""
    return tokens.issue("invitation", user_id, at, INVITATION_LASTS)


def accept_invitation(
    secret: str,
    name: str,
    password: str,
    at: datetime,
    browser: Browser = UNNAMED,
) -> tuple[User, str]:
    """Set name and password of an invited person and sign her in; works once.

    Returns the person and the session's secret. Raises `Invalid`, and `NotFound` for an invitation
    that is used, too old or taken back.
    """
    name = name.strip()
    if not name:
        raise Invalid({"name": _("Please give a name.")})
    user = queries.find_invited(secret, at)
    if user is not None:
        check_password(password, user.email)
    if user is None or tokens.use("invitation", secret, at) is None:
        raise NotFound()
    user.name = name
    set_password(user, password, at)
    record(InvitationAccepted(at=at, user_id=user.id))
    return user, let_in(user, at, browser)


def deactivate(user: User, at: datetime) -> None:
    """Let a person in no more: her sessions, mailed links and open mails to sign in end now.

    What she holds is handed on before (`pickup.leavers`). Raises `LastAdmin`.
    """
    if not user.active:
        return
    admins.keep_one(user)
    user.active = False
    shut_out(user.id, at)
    session().flush()
    record(PersonDeactivated(at=at, user_id=user.id))


def shut_out(user_id: int, at: datetime) -> None:
    """End whatever lets a person in: sessions, links of mails, open mails to sign in."""
    end_sessions_of(user_id, at)
    tokens.revoke_all(user_id, at)
    links.revoke_all(user_id, at)
    replies.revoke_all(user_id, at)


def reactivate(user: User, at: datetime) -> None:
    """Let a person in again; links of old mails stay dead."""
    if user.active:
        return
    user.active = True
    session().flush()
    record(PersonReactivated(at=at, user_id=user.id))
