"""The programme's own words where mails are written: `core.mail.rendering` asks here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.core import clock, logs
from portal.core.mail.rendering import Words, worded_by
from portal.wording import operations, queries, rules
from portal.wording.kinds import BODY, KINDS, SUBJECT, Kind, values_of
from portal.wording.rules import Unsound

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class OwnWords:
    """Words for one kind of mail in one language; `version_id` is 0 for a draft."""

    kind: Kind
    texts: Mapping[str, str]
    version_id: int = 0

    def fill(self, context: Mapping[str, Any]) -> Words:
        """Return the words of a mail with this context. Raises `Unsound`."""
        values = values_of(self.kind, context)
        return Words(
            subject=rules.write_subject(self.texts.get(SUBJECT, ""), values, self.kind.kept),
            body=rules.lay_out(self.texts.get(BODY, ""), values, self.kind.parts),
        )

    def note_failure(self, error: Exception) -> None:
        """Have staff told, once for a version, that a mail went out with our words."""
        code = error.problem.code if isinstance(error, Unsound) else type(error).__name__
        log.warning("own words of a mail failed", kind=self.kind.key, code=code)
        operations.note_failure(self.version_id, code, clock.now())


@worded_by
def find_own_words(kind: str, locale: str) -> OwnWords | None:
    """Return the words that count for a kind of mail in a language; None where ours do."""
    if kind not in KINDS:
        return None
    newest = queries.read_active().get(kind)
    texts = newest.texts.get(locale[:2]) if newest else None
    return OwnWords(KINDS[kind], texts, newest.id) if newest and texts else None
