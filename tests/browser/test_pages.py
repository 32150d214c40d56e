"""Every page, for everybody: accessible, at home on a phone, in light and dark, in German too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal.accounts.models import User
from portal.accounts.permissions import of_roles
from portal.core.db import session
from portal.web.access import PUBLIC, SIGNED_IN, access_of
from tests.browser.field import ROLES, till_the_field
from tests.browser.windows import DESK, PHONE

# in one process: what is built alike is examined once
pytestmark = pytest.mark.xdist_group("pages")

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

# what answers with something else than a page
NO_PAGES = {
    "figures.metrics",
    "api.openapi",
    "health.healthz",
    "health.readyz",
    "notifications.mailbox_json",
    "notifications.mail_frame",
    "wording.mail",
    "notifications.mail_file",
    "qualification.states",
    "live.news",
    "live.stream",
    "activities.attachment",
    "customer_activities.attachment",
    "partner_activities.attachment",
    "imports.refused_rows",
    "audit.export",
    "definition.download",
    "fields.file",
    "deadlines.file",
    "fairness.export",
    "lead_list.export",
    "overdue.export",
    "partners.export",
    "reports.export",
    "customers.export",
    "sheets.download",
    "sheets.mended",
    "static",
    "accent",
}
# a page about what can't be done any more
MAY_REFUSE = {
    "qualification.qualify_lead",
    "qualification.disqualification",
    "desk_work.hand_on_page",
    "hand_overs.ask",
    "form.page",
}
# refused, or a form that takes nothing in any more
NOT_THEIRS = re.compile(r"status of (403|404|410) ")
FOR_ALL = ("accounts.", "address_check.", "api.", "form.", "inbound.", "notifications.", "sign_up.")
OF_EACH = {"sign_up.requests", "sign_up.request_page", "hearing.page"}
WIDE_TOO = {
    "desk.board",
    "mail_health.mail_health",
    "pickup.available",
    "qualification.qualify_lead",
    "desk.lead",
    "matching.rule",
}

CONTRAST = ["color-contrast"]
# what axe asks of a page, or of those of its parts; colours are asked again in the dark
RUN_AXE = """async (asked) => {
  const {builds, rules} = asked ?? {};
  const parts = builds?.map((build) => window.parts.get(build)) ?? [document.body];
  const whole = parts.includes(document.body);
  const found = await axe.run(whole ? document : {include: parts}, {
    iframes: false,
    resultTypes: ["violations"],
    ...(rules && {runOnly: {type: "rule", values: rules}}),
  });
  return found.violations.flatMap((one) => one.nodes.map((node) =>
    `${one.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""
SETTLED = "() => !document.querySelector('.htmx-request, [aria-busy=true]')"
# what asks again every second would change under the examination
STAND_STILL = """() => {
  for (const part of document.querySelectorAll("[hx-trigger^=every]"))
    part.replaceWith(part.cloneNode(true));
}"""
# how a page is built, part by part and without what surrounds it everywhere: elements and what they
# are, no texts, of siblings that are built alike one; a part within a part stands for itself
BUILDS = """() => {
  const told = (attribute) => /^(class|type|role|aria-(?!label$|labelledby|describedby|controls))/
    .test(attribute.name) ? attribute.name + "=" + attribute.value : attribute.name;
  window.parts = new Map();
  const build = (element) => {
    if (element.matches("header, nav")) return "";
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const inner = new Set([...element.children].map(build));
    const whole = `<${element.localName} ${[...element.attributes].map(told).sort().join(" ")}>` +
      `${text ? "text" : ""}${[...inner].join("")}</>`;
    if (!element.matches("body, section, form, li, tr, main > *")) return whole;
    window.parts.set(whole, element);
    return "";
  };
  build(document.body);
  return [...window.parts.keys()];
}"""
# what a page must have, and what must not happen on a phone
LOOK = """(phone) => {
  const wrong = [];
  const shown = (element) => element.checkVisibility({visibilityProperty: true});
  const name = (element) => element.outerHTML.slice(0, 120);
  const headings = [...document.querySelectorAll("h1")];
  if (headings.length !== 1) wrong.push(`${headings.length} h1`);
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].filter(shown);
  levels.reduce((before, heading) => {
    const level = Number(heading.localName[1]);
    if (level > before + 1) wrong.push(`after h${before}: ${name(heading)}`);
    return level;
  }, 0);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
  if (twice.length) wrong.push(`more than once: ${twice}`);
  if (!document.title.includes("Firstcome")) wrong.push(`title: ${document.title}`);
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) {
    const who = [...document.querySelectorAll("body *")].filter((element) =>
      element.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
    wrong.push(`${wide} px too wide: ${who.slice(-2).map(name)}`);
  }
  if (!phone) return wrong;
  const aims = ".btn:not(.btn-compact), .nav-main a, .chip, main :is(select, input, textarea)" +
    ":not([type=checkbox], [type=radio], [type=hidden]), label.choice, label.tick";
  for (const aim of document.querySelectorAll(aims)) {
    if (aim.matches(".sr, [inert] *") || !shown(aim)) continue;
    const height = aim.getBoundingClientRect().height;
    if (height < 43.5) wrong.push(`${height} px high: ${name(aim)}`);
  }
  return wrong;
}"""


@pytest.fixture(scope="module")
def tilled(served):
    """Return the programme at work, for all tests of this module."""
    return till_the_field(served.folder)


@pytest.fixture(scope="module")
def examined():
    """Return how the examined pages are built; what is built alike is examined once."""
    return set()


@pytest.fixture(scope="module")
def told():
    """Return what pages said to whoever opened them before."""
    return set()


@pytest.fixture(scope="module")
def read_in_german():
    """Return the paths that somebody has read in German."""
    return set()


def paths_of(live, field):
    """Yield endpoint and address of every page that there is."""
    examples = {
        "desk.lead": field.leads.values(),
        "live.card": [field.leads["warm"]],
        "desk.column": ["to_qualify", "on_offer", "held", "direct", "returned"],
        "offers.decline_page": [field.leads["warm"]],
        "offers.unit_offer_page": [field.leads["ready"]],
        "doctor.of_lead": [field.leads["ready"]],
        "offering.choose": [field.leads["ready"]],
        "offering.look": [field.leads["ready"]],
        "offering.longer_page": [field.leads["warm"]],
        "offering.offer_on_page": [field.leads["warm"]],
        "offers.offer_page": [field.leads["warm"]],
        "offers.stand_by_page": [field.leads["warm"]],
        "pickup.pickup_page": [field.leads["warm"]],
        "pickup.give_back_page": [field.pickups["owed"]],
        "team.absence": [field.people["rep"].id],
        "rep_profiles.page": [field.people["rep"].id],
        "team.place": [field.people["rep"].id],
        "more_time.page": [field.pickups["owed"]],
        "recall.page": [field.leads["waiting"]],
        "pickup.holder_page": [field.pickups["owed"]],
        "feedback.feedback_page": [field.pickups["owed"], field.pickups["overdue"]],
        "qualification.qualify_lead": [
            field.leads[k] for k in ("captured", "long", "ready", "silenced")
        ],
        "qualification.disqualification": [field.leads["captured"]],
        "desk_work.hand_on_page": [field.leads["captured"]],
        "desk_work.manager_page": [field.leads["captured"]],
        "inquiry_routes.route": [field.inquiry_route],
        "confirming.page": [field.leads["waiting"]],
        "nurture.page": [field.leads["captured"]],
        "nurture.mail": [field.nurture_mail],
        "wording.kind": [{"slug": "lead_offered"}, {"slug": "nurture"}],
        "wording.version": [{"slug": "lead_offered", "number": 1}],
        "nurture_leaving.ask": [field.leave_mark],
        "customer_page.page": field.customer_pages,
        "duplicates.of_lead": [field.leads["captured"]],
        "duplicates.merge_page": [
            {"lead_id": field.leads["captured"], "other_id": field.leads["long"]}
        ],
        "live.asked_again": [field.leads["waiting"]],
        "partners.partner": [field.firm],
        "expectations.of_partner": [field.firm],
        "partners.edit_partner": [field.firm],
        "groups.group": [field.group],
        "reasons.why": [field.leads["warm"]],
        "reasons.why_us": [field.leads["warm"]],
        "knowledge.page": [field.leads["warm"]],
        "partner_contacts.page": [field.firm],
        "working_hours.of_firm": [field.firm],
        "suspensions.page": [field.firm],
        "pauses.page": [field.pickups["owed"]],
        "assistance.help_page": [field.pickups["waiting"]],
        "assistance.pricing_page": [field.pickups["waiting"]],
        "assistance.one": field.requests,
        "labels.page": [field.leads["waiting"]],
        "lead_actions.page": [
            {"lead_id": field.leads[lead], "key": key}
            for lead, key in (
                *(("waiting", "win"), ("waiting", "lose"), ("waiting", "cancel")),
                *(("ready", "begin"), ("ready", "delete")),
            )
        ],
        "notes.new_note": [field.leads["waiting"]],
        "notes.note": [field.note],
        "activities.new_activity": [field.leads["waiting"]],
        "activities.activity": field.activities,
        "lead_figures.figures_page": [field.leads["waiting"]],
        "lead_figures.products_page": [field.leads["waiting"]],
        "archive.put_in_page": [field.leads["lost"]],
        "lead_dates.dates_page": [field.leads["waiting"]],
        "partner_activities.new_activity": [field.firm],
        "partner_activities.activity": [field.visit],
        "activities.new_attachment": [field.leads["waiting"]],
        "partner_activities.new_attachment": [field.firm],
        "customer_activities.new_attachment": [field.customer],
        "partner_activities.new_note": [field.firm],
        "customer_activities.new_note": [field.customer],
        "partner_activities.note": [field.partner_note],
        "customer_activities.note": [field.customer_note],
        "leaving.leaving_page": [field.people["rep"].id, field.people["qualifier"].id],
        "leaving.leads_page": [field.people["rep"].id],
        "leaving.move_page": [field.people["rep"].id, field.people["free_rep"].id],
        "firms.firm": [field.firm, field.people["admin"].organisation_id],
        "firms.closing": [field.firm],
        "units.new": [field.firm],
        "units.unit": [field.unit],
        "units.closing": [field.unit],
        "campaigns.page": [field.web_forms["campaign"]],
        "web_forms.edit": field.web_forms["ids"],
        "form.page": field.web_forms["keys"],
        "form.thanks": field.web_forms["keys"],
        "form.confirmation": [field.web_forms["token"], "0" * 64],
        "sign_up.confirmation": [field.sign_up["token"], "0" * 64],
        "sign_up.request_page": [field.sign_up["id"]],
        "people.person": [field.people["rep"].id, field.people["admin"].id],
        "matching.rule": [field.rule],
        "matching.deletion": [field.rule],
        "replays.page": [field.rule],
        "doctor.relaxing_page": [field.rule],
        "rule_versions.activation": [field.rule],
        "rule_versions.history": [field.rule],
        "catalog.entries": field.kinds,
        "catalog.new_entry": field.kinds,
        "catalog.entry": field.entries,
        "fields.new_field": ["lead", "partner"],
        "fields.field": [field.own_fields["lead one"], field.own_fields["partner web"]],
        "deadlines.policy": ["standard"],
        "policy_uses.use": [field.policy_use],
        "programme.goal": [field.goal],
        "programme.terms": ["programme", "referral"],
        "programme.version": [{"key": "programme", "number": 1}],
        "programme.new_terms": ["programme"],
        "scoring.rule": ["need", "signal_visit", "silence", "source_met", "time_frame"],
        "definition.version": [field.draft],
        "definition.activating": [field.draft],
        "definition.comparison": [field.draft],
        "definition.discarding": [field.draft],
        "definition.new_part": [{"definition_id": field.draft, "slug": "types"}],
        "definition.part_page": [
            {"definition_id": field.draft, "slug": "statuses", "key": "proposal"},
            {"definition_id": field.draft, "slug": "questions", "key": "need"},
        ],
        "definition.levels_page": [{"definition_id": field.draft, "slug": "priorities"}],
        "definition.numbering_page": [field.draft],
        "definition.way_page": [
            {"definition_id": field.draft, "key": "proposal", "slug": "won"},
        ],
        "customer.page": [field.customer],
        "customer_activities.new_activity": [field.customer],
        "customer_activities.activity": [field.customer_call],
        "customers.edit": [field.customer],
        "customers.addresses": [field.customer],
        "customers.new_lead": [field.customer],
        "customers.merge_page": [field.customer],
        "lead_customer.page": [field.leads["captured"], field.leads["won"]],
        "hand_overs.ask": [field.leads["done_by_bob"]],
        "hand_overs.hand_over": field.hand_overs.values(),
        "imports.import": field.imports.values(),
        "imports.mapping_page": [field.imports["uploaded"]],
        "imports.sheet_page": [field.imports["uploaded"]],
        "imports.undo_page": [field.imports["done"]],
        "sheets.report": [field.sheet],
        "accounts.invitation": [field.invitation],
        "accounts.reset": ["no-such-token"],
        "address_check.page": ["no-such-token"],
        "accounts.open_sign_in_link": [field.sign_in_link],
        "notifications.mail_page": [field.mail],
        "incoming.page": [field.mail_in],
        "incoming_answers.page": [field.answer_in],
        "incoming_of_leads.page": [field.mail_of_lead],
        "letters.page": [field.leads["waiting"]],
        "inbound.open_link": field.links.values(),
        "inbound.open_stop": [field.links["stop"]],
    }
    with live.app.test_request_context():
        for rule in live.app.url_map.iter_rules():
            if rule.endpoint in NO_PAGES or "GET" not in rule.methods:
                continue
            if not rule.arguments:
                yield rule.endpoint, rule.build({})[1]
                continue
            assert rule.endpoint in examples, f"name something to open at {rule.endpoint}"
            for one in examples[rule.endpoint]:
                values = one if isinstance(one, dict) else {next(iter(rule.arguments)): one}
                yield rule.endpoint, rule.build(values)[1]


def may_enter(live, user, endpoint):
    """Say whether the role may come in; that the house says the same, tests/house tries."""
    mark = access_of(live.app, endpoint)
    if mark == PUBLIC or user is None:
        return mark == PUBLIC
    return mark == SIGNED_IN or not of_roles(user.roles).isdisjoint(mark)


# what is another in every session
OF_A_SESSION = re.compile(r'(?<=name="csrf_token" value=")[^"]*|nonce="[^"]*"|[?&]t=[^"&]*')


def main_of(page, path):
    """Return what a page says to somebody, without what surrounds it everywhere."""
    body = page.request.get(path).text()
    found = re.search(r"<main.*</main>", body, re.DOTALL)
    return OF_A_SESSION.sub("", found[0]) if found else body


def visit(page, live, field, user, known=frozenset(), told=None):
    """Open every page in turn and yield its names; those whose path is `known` are left out.

    Of those that are not this person's only the first; those for everybody as a stranger only.
    What was `told` to somebody else in the same words is not opened again, but for a first page.
    """
    seen, refused = set(), False
    for endpoint, path in paths_of(live, field):
        if path in known:
            continue
        if user and endpoint.startswith(FOR_ALL) and endpoint not in OF_EACH:
            continue
        if refused and not may_enter(live, user, endpoint):
            continue
        if told is not None and endpoint not in OF_EACH_ROLE:
            main = main_of(page, path)
            if main in told:
                continue
            told.add(main)
        status = page.goto(path).status
        if not may_enter(live, user, endpoint) or status in (403, 404):
            if refused:
                continue
            refused = True
        else:
            assert status == 200 or endpoint in MAY_REFUSE, f"{path}: {status}"
        here = page.url.partition("?")[0]
        if here not in seen:
            seen.add(here)
            yield endpoint, path


def faults_of(page, endpoint, examined):
    """Return what is wrong with the open page on a phone, in the dark and, for some, on a desk."""
    if not page.evaluate(SETTLED):
        page.wait_for_function(SETTLED)
    page.evaluate(STAND_STILL)
    wrong = page.evaluate(LOOK, True)
    new = [build for build in page.evaluate(BUILDS) if build not in examined]
    if not new:
        return wrong
    examined.update(new)
    page.evaluate(AXE.read_text())
    wrong += page.evaluate(RUN_AXE, {"builds": new})
    page.emulate_media(color_scheme="dark")
    wrong += [f"dark {one}" for one in page.evaluate(RUN_AXE, {"builds": new, "rules": CONTRAST})]
    page.emulate_media(color_scheme="light")
    if endpoint in WIDE_TOO:
        page.set_viewport_size({"width": DESK, "height": 900})
        wrong += [f"wide {one}" for one in page.evaluate(RUN_AXE)]
        wrong += [f"wide {one}" for one in page.evaluate(LOOK, False)]
        page.set_viewport_size({"width": PHONE, "height": 760})
    return wrong


@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_accessible_and_at_home_on_a_phone(
    live, tilled, windows, examined, told, role
):
    windows.forgiven.append(NOT_THEIRS)
    page = windows.open(live, tilled.people[role], reduced_motion="reduce")
    wrong = [
        f"{path}: {fault}"
        for endpoint, path in visit(page, live, tilled, tilled.people[role], told=told)
        for fault in faults_of(page, endpoint, examined)
    ]
    assert not wrong, "\n".join(wrong)


# everybody has a first page and a look of his own at a lead; all others are as wide for anybody
OF_EACH_ROLE = {"desk.home", "desk.lead"}


@pytest.mark.parametrize("role", ROLES)
def test_no_page_is_too_wide_in_german(live, tilled, windows, role, read_in_german):
    windows.forgiven.append(NOT_THEIRS)
    user = tilled.people[role]
    if user:
        live.do(speak, user.id, "de")
    page = windows.open(live, user, locale="de-DE")
    wrong = [
        f"{path}: {fault}"
        for endpoint, path in visit(page, live, tilled, user, read_in_german)
        for fault in (*page.evaluate(LOOK, True), *note(read_in_german, endpoint, path, page))
    ]
    if user:
        live.do(speak, user.id, "en")
    assert not wrong, "\n".join(wrong)


def note(read, endpoint, path, page):
    """Note that a page was read, where it was the page and not a refusal; yields no fault."""
    if endpoint not in OF_EACH_ROLE and not page.locator("[data-refusal]").count():
        read.add(path)
    return ()


def speak(user_id, locale):
    session().get_one(User, user_id).locale = locale
