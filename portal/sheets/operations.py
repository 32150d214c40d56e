"""A sheet comes back, once; and when one comes by mail.

Nothing that was answered meanwhile is written over, and the same file twice is one return with one
report. What became of the rows is kept behind a wall (`wall`) for whoever gave the sheet back.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.actor import Actor
from portal.core import circumstances
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.core.mail.rendering import speaking
from portal.imports.files import name_label
from portal.imports.reading import UnreadableFile
from portal.sheets import mails, queries, reading, words
from portal.sheets.events import SheetTakenBack
from portal.sheets.models import SheetReturn, SheetRow
from portal.sheets.reading import Line
from portal.sheets.reports import Report, report_of
from portal.sheets.rules import NOT_TAKEN, Fate
from portal.sheets.settling import Settled, settle
from portal.sheets.wall import open_return

CHANNEL = "sheet"
KEPT = timedelta(days=30)
"""So long it is remembered what became of a sheet."""


def take_back(
    data: bytes,
    filename: str,
    actor: Actor,
    at: datetime,
    channel: str,
    *,
    may_close: bool = True,
) -> Report:
    """Take in a sheet that a person filled in, by whichever way: `channel` is web or mail.

    Each row is applied, left unchanged, refused or in conflict by itself; won and lost are refused
    where nobody vouches for who sent it (`may_close`), and settled when the same file is given on
    the page. A file that can't be read is said in the
    report, not raised. What came by mail is answered by mail, once for each file. Locks the firm,
    then the leads by id.
    """
    digest = hashlib.sha256(data).digest()
    with speaking(actor.locale, actor.timezone):
        earlier = queries.find_return(actor.id, digest)
        anew = channel == "web" and may_close and _is_left(earlier)
        if earlier is not None and not anew:
            return report_of(earlier, again=True)
        try:
            lines = reading.read(data)
        except (Invalid, UnreadableFile) as refusal:
            said = words.unread(name_label(filename), refusal.message)
            if channel == "mail":
                mails.post_problem(said, digest, actor, at)
            return Report(problem=said)
        if earlier is not None:
            with circumstances.under(channel=CHANNEL):
                _settle_left(earlier, lines, actor, at)
            return report_of(earlier)
        begun = _begin(actor, digest, at, channel)
        if begun is None:
            # the same file, at the same moment
            return take_back(data, filename, actor, at, channel, may_close=may_close)
        with circumstances.under(channel=CHANNEL):
            _keep(begun, settle(lines, actor, at, may_close=may_close), at)
        report = report_of(begun)
        if channel == "mail":
            mails.post_report(report, actor, at)
        return report


def _is_left(earlier: SheetReturn | None) -> bool:
    """Say whether rows of a return may have been refused for the way that it came."""
    return earlier is not None and earlier.way == "mail" and earlier.refused > 0


def _settle_left(found: SheetReturn, lines: Sequence[Line], actor: Actor, at: datetime) -> None:
    """Settle the refused rows of a sheet that came by mail, as it is given on the page now."""
    session().refresh(found, with_for_update=True)
    if not _is_left(found):
        # given twice at the same moment
        return
    before = queries.list_rows(found.id)
    left = {row.number for row in before if row.fate == Fate.REFUSED}
    with open_return(found.id) as opened:
        opened.execute(
            delete(SheetRow).where(SheetRow.return_id == found.id, SheetRow.number.in_(left))
        )
    found.way = "web"
    again = [line for line in lines if line.number in left]
    stay = [Fate(row.fate) for row in before if row.number not in left]
    _keep(found, settle(again, actor, at, may_close=True), at, stay)


def _begin(actor: Actor, digest: bytes, at: datetime, way: str) -> SheetReturn | None:
    """Write the row of a return; None where somebody else has, who has committed by now."""
    begun = session().scalar(
        insert(SheetReturn)
        .values(user_id=actor.id, digest=digest, at=at, way=way)
        .on_conflict_do_nothing(index_elements=["user_id", "digest"])
        .returning(SheetReturn.id)
    )
    return session().get_one(SheetReturn, begun) if begun is not None else None


def _keep(
    found: SheetReturn, settled: Sequence[Settled], at: datetime, stay: Sequence[Fate] = ()
) -> None:
    """Keep what became of the rows, and what was typed into those that were not taken.

    Of rows that were settled before, and `stay`, only the fates are counted.
    """
    counted = Counter([*stay, *(one.fate for one in settled)])
    found.applied, found.unchanged = counted[Fate.APPLIED], counted[Fate.UNCHANGED]
    found.refused, found.conflicts = counted[Fate.REFUSED], counted[Fate.CONFLICT]
    with open_return(found.id) as opened:
        opened.add_all(
            SheetRow(
                return_id=found.id,
                number=one.line.number,
                fate=one.fate,
                pickup_id=one.pickup_id,
                feedback_id=one.feedback_id,
                said=one.said,
                typed=dict(one.line.answers) if one.fate in NOT_TAKEN else {},
            )
            for one in settled
        )
    record(
        SheetTakenBack(
            at=at,
            return_id=found.id,
            user_id=found.user_id,
            way=found.way,
            applied=found.applied,
            unchanged=found.unchanged,
            refused=found.refused,
            conflicts=found.conflicts,
        )
    )


def forget(at: datetime) -> None:
    """Delete what came back long ago, with all that was written there."""
    session().execute(delete(SheetReturn).where(SheetReturn.at < at - KEPT))
