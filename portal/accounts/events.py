"""What happens to people and their sign-ins."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(Event):
    """`user_id` is 0 where nobody has the address; the address itself is not kept."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRefused(Event):
    """Somebody who is in did not know what she was asked for: her password, or a code."""

    user_id: int
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRequested(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLinkRequested(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """In a session, or by a mailed link, where `session_id` is 0; perhaps it is her `first`."""

    user_id: int
    session_id: int = 0
    first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonInvited(Event):
    """Somebody shall choose a password; `by_user_id` is 0 where a command invited her."""

    user_id: int
    by_user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationAccepted(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeviceSeen(Event):
    """Somebody signed in from a browser that this person never used; the session says which."""

    user_id: int
    session_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondStepSet(Event):
    """From now on a person gives a code of an app at sign-in, too."""

    user_id: int
    session_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondStepRemoved(Event):
    """By herself, by an administrator, or by a command, where `by_user_id` is 0.

    `session_id` is where she did it herself.
    """

    user_id: int
    by_user_id: int
    session_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesMade(Event):
    """The first ones come with the second step, and `session_id` is 0."""

    user_id: int
    session_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(Event):
    """Somebody came in without her phone; so many codes are `left`."""

    user_id: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Event):
    """A person signed herself out in other browsers than the one she sat at."""

    user_id: int
    session_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDeactivated(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReactivated(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationMoved(Event):
    """A firm stands below another one now."""

    organisation_id: int
    parent_id: int | None
    was_parent_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountManagerSet(Event):
    """Somebody else of the vendor, or nobody, answers for a partner."""

    organisation_id: int
    user_id: int | None
    was_user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerSet(Event):
    """A person reports to somebody else, or to nobody."""

    user_id: int
    manager_id: int | None
    was_manager_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSaved(Event):
    """A unit was made or changed; `fields` names what changed."""

    organisation_id: int
    unit_id: int
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitClosed(Event):
    """A unit that was empty is there no more."""

    organisation_id: int
    unit_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPutInUnit(Event):
    user_id: int
    unit_id: int | None
    was_unit_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewingBegan(Event):
    """An administrator begins to look at the portal as somebody else."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewingEnded(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewingRefused(Event):
    """Who looks as somebody else tried to change something, or to see her own sign-in."""

    user_id: int
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChanged(Event):
    """An administrator changed what is noted of a person; `fields` names what, never the values."""

    user_id: int
    by_user_id: int
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesChanged(Event):
    """What a person is: the roles before and after."""

    user_id: int
    by_user_id: int
    roles_before: list[str]
    roles_after: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMoved(Event):
    """A person went from the first firm to the second."""

    user_id: int
    by_user_id: int
    organisation_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSignedOut(Event):
    """An administrator ended all sessions of a person."""

    user_id: int
    by_user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationChanged(Event):
    """What is noted of a firm; `fields` names what changed, never the values."""

    organisation_id: int
    by_user_id: int
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationClosed(Event):
    """A firm is out of the programme: nobody of it gets in any more."""

    organisation_id: int
    by_user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationReopened(Event):
    organisation_id: int
    by_user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenMade(Event):
    """Another system may come in; `by_user_id` is None where a command made the token."""

    token_id: int
    user_id: int
    by_user_id: int | None
    scopes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenRevoked(Event):
    token_id: int
    user_id: int
    by_user_id: int
