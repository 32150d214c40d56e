"""What the programme of the demo wants, what its partners agreed to, and who refers leads to it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from portal.core import circumstances
from portal.demo import cast
from portal.demo.stage import Stage
from portal.programme import operations
from portal.programme.models import GoalKind, TermsKind
from portal.programme.operations import GoalDraft

TERMS = {
    "en": (
        "1. You pick up a lead because you want to work on it, and you report on it.\n"
        "2. You call the customer within the time that is shown with the lead.\n"
        "3. What you learn of a customer stays between you, him and us.\n"
        "4. Saying no costs nothing. Saying nothing does."
    ),
    "de": (
        "1. Sie übernehmen einen Lead, weil Sie daran arbeiten wollen, und Sie berichten darüber.\n"
        "2. Sie rufen den Kunden in der Zeit an, die beim Lead steht.\n"
        "3. Was Sie von einem Kunden erfahren, bleibt zwischen Ihnen, ihm und uns.\n"
        "4. Nein zu sagen kostet nichts. Nichts zu sagen schon."
    ),
}
STRICTER = {
    "en": TERMS["en"] + "\n5. When you are away, somebody stands in for you.",
    "de": TERMS["de"] + "\n5. Wenn Sie nicht da sind, vertritt Sie jemand.",
}
REFERRING = {
    "en": (
        "You know somebody who may buy, and it is no business for you? Bring it to us. We qualify "
        "it, it stays known that you found it, and for each that is won you get 3 % of its value."
    ),
    "de": (
        "Sie kennen jemanden, der vielleicht kauft, und für Sie ist es kein Geschäft? Bringen Sie "
        "ihn zu uns. Wir qualifizieren ihn, es bleibt bekannt, dass Sie ihn gefunden haben, und "
        "für jeden gewonnenen erhalten Sie 3 % des Werts."
    ),
}
TERRITORIES = {"DE": 16, "AT": 4, "CH": 3, "US": 5, "FR": 2}
SILENT = (cast.AWAY, cast.PAUSED, cast.IN_DEBT)
"""Who has not read the second version yet."""


def begin(stage: Stage, share: float, at: datetime) -> None:
    """Set the goals of the year, say where the programme runs, and have everybody agree.

    `share` is how much of a whole year's leads the demo has.
    """
    with circumstances.under(channel="web", actor_id=stage.manager.id):
        ends = at.date() + timedelta(days=400)
        for kind, name, target, codes in (
            (GoalKind.WON_VALUE, "Revenue of the year", round(3_000_000 * share), ()),
            (
                GoalKind.WON_LEADS,
                "Wins in Austria and Switzerland",
                round(20 * share),
                ("AT", "CH"),
            ),
            (GoalKind.WON_LEADS, "Wins in Germany", round(70 * share), ("DE",)),
            (GoalKind.TERRITORIES, "Partners in the United States", 5, ("US",)),
        ):
            operations.save_goal(
                GoalDraft(
                    kind=kind,
                    name=name,
                    target=max(target, 1),
                    starts_on=first_of_month(at.date()),
                    ends_on=ends,
                    codes=codes,
                ),
                at,
            )
        operations.save_territories(TERRITORIES, at)
        binding = at.date() + timedelta(days=21)
        terms = operations.publish_terms(TermsKind.PROGRAMME, TERMS, binding, stage.manager, at)
        operations.publish_terms(TermsKind.REFERRAL, REFERRING, None, stage.manager, at)
    agree(stage, terms.id, at + timedelta(days=2), ())


def ask_again(stage: Stage, at: datetime) -> None:
    """Publish a second version, which most have agreed to a day later, and some not yet."""
    with circumstances.under(channel="web", actor_id=stage.manager.id):
        binding = at.date() + timedelta(days=40)
        terms = operations.publish_terms(TermsKind.PROGRAMME, STRICTER, binding, stage.manager, at)
    agree(stage, terms.id, at + timedelta(days=1), SILENT)


def agree(stage: Stage, terms_id: int, at: datetime, without: tuple[str, ...]) -> None:
    """Have the managers of all firms agree, one after the other; the first refers leads, too."""
    for number, firm in enumerate(stage.firms.values()):
        if not firm.managers or firm.firm.name in without:
            continue
        manager, moment = firm.managers[0], at + timedelta(minutes=7 * number)
        with circumstances.under(channel="web", actor_id=manager.id):
            operations.accept_terms(terms_id, manager, moment)
            if number in (2, 5):
                operations.join_referral(firm.organisation_id, False, manager, moment)


def first_of_month(day: date) -> date:
    """Return the first day of the month."""
    return day.replace(day=1)
