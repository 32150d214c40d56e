"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PORTAL = ROOT / "portal"
SOURCES = sorted(path for path in PORTAL.rglob("*.py") if "versions" not in path.parts)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ALL_TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.*") if path.suffix != ".css")

MAY_COMMIT = {"core/db.py", "web/boundary.py", "migrations/env.py"}
OPEN_UNITS = re.compile(
    r"(^|/)((?:[a-z]+_)?jobs|commands?|cli|up|doctor|founding|catcher|mail_in|imap_in)\.py$|^demo/|^core/"
)
MAY_READ_ENVIRONMENT = {"core/config.py", "cli.py", "up.py"}
MAY_ASK_THE_TIME = {"core/clock.py"}
# a command imports what it needs, so that `portal up` is there at once; the reporter of errors
# looks at gevent, which no worker may have loaded unless it reports
MAY_IMPORT_LATE = {"cli.py", "core/alarms.py"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "service", "services", "misc"}


def name_of(path):
    return path.relative_to(PORTAL).as_posix()


def dotted(node):
    """Return `a.b.c` for a chain of attributes, else an empty text."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
        return ".".join(reversed(parts))
    return ".".join(["", *reversed(parts)])


def calls_in(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node.lineno


def places(test, allowed=()):
    """Return where a call is made that `test` finds, outside of the files that may."""
    return [
        f"{name_of(path)}:{line} {called}"
        for path in SOURCES
        if name_of(path) not in allowed
        for called, line in calls_in(path)
        if test(called)
    ]


def test_only_the_boundaries_commit():
    assert not places(lambda called: called.rpartition(".")[2] == "commit", MAY_COMMIT)


def test_units_of_work_are_opened_by_jobs_and_commands_only():
    found = places(lambda called: called.rpartition(".")[2] == "unit_of_work")
    assert not [place for place in found if not OPEN_UNITS.search(place.partition(":")[0])]


def test_only_the_settings_and_the_start_read_the_environment():
    found = [
        name_of(path)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Name)
        and dotted(node) in {"os.environ", "os.getenv", "environ", "getenv"}
    ]
    assert set(found) <= MAY_READ_ENVIRONMENT


def test_only_the_clock_asks_what_time_it_is():
    moments = {"now", "utcnow", "today"}
    found = places(
        lambda called: (
            re.search(r"(^|\.)(datetime|date)\.", called) is not None
            and called.rpartition(".")[2] in moments
        ),
        MAY_ASK_THE_TIME,
    )
    assert not found


def test_nothing_is_imported_inside_a_function():
    found = []
    for path in SOURCES:
        if name_of(path) in MAY_IMPORT_LATE:
            continue
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found += [
                    f"{name_of(path)}:{node.lineno}"
                    for node in ast.walk(function)
                    if isinstance(node, ast.Import | ast.ImportFrom)
                ]
    assert not found


def test_no_module_has_a_name_that_says_nothing():
    assert not [name_of(p) for p in SOURCES if p.stem in FORBIDDEN_NAMES]
    assert not [p for p in PORTAL.rglob("*") if p.is_dir() and p.name in FORBIDDEN_NAMES]


def rooms():
    return sorted(p.parent for p in PORTAL.glob("*/__init__.py") if p.parent.name != "migrations")


@pytest.mark.parametrize("room", rooms(), ids=lambda room: room.name)
def test_every_room_has_a_card_and_no_code_at_its_door(room):
    tree = ast.parse((room / "__init__.py").read_text())
    card = ast.get_docstring(tree)
    assert card, f"portal/{room.name}/__init__.py says nothing of what lives there"
    assert len(tree.body) == 1, f"portal/{room.name}/__init__.py holds code"


def test_every_module_says_what_belongs_in_it():
    silent = [name_of(p) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text()))]
    assert not silent


def test_rules_are_pure():
    """They take the moment as `at`, and know neither session, clock nor request."""
    for path in SOURCES:
        if path.name != "rules.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                names = {alias.name for alias in node.names}
                assert node.module != "flask", name_of(path)
                assert not (node.module == "portal.core" and "clock" in names), name_of(path)
                assert not (node.module == "portal.core.db" and "session" in names), name_of(path)


def test_operations_know_nothing_of_the_web():
    for path in SOURCES:
        if path.name != "operations.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                assert module != "flask", name_of(path)
                assert not f"{module}.".startswith(("portal.web.", "smtplib.")), name_of(path)
                names = {alias.name for alias in node.names}
                assert not (module == "portal.core" and "clock" in names), name_of(path)


@pytest.mark.parametrize("path", ALL_TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_template_trusts_text(path):
    text = path.read_text()
    assert not re.search(r"\|\s*safe\b", text)
    assert "autoescape false" not in text


@pytest.mark.parametrize(
    "path",
    [p for p in TEMPLATES if "emails" not in p.parts],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_no_template_holds_script_style_or_handlers(path):
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
    # what is an attribute stands in a tag
    tags = re.findall(r"<[a-zA-Z][^<]*?>", text, flags=re.S)
    for tag in tags:
        assert not re.search(r"\sstyle\s*=", tag), tag
        assert not re.search(r"\son[a-z]+\s*=", tag), tag
        assert not re.search(r"\shx-on[:a-z-]*\s*=", tag), tag
        assert "javascript:" not in tag, tag
        if tag.startswith("<script"):
            assert " src=" in tag, tag
        assert not tag.startswith("<style"), tag


def test_every_template_compiles(app):
    for path in ALL_TEMPLATES:
        app.jinja_env.get_template(path.relative_to(ROOT / "templates").as_posix())


def included(found):
    return (ROOT / "templates" / found[1]).read_text()


FOR_EVERYBODY = {"templates/web_forms/confirm.html", "templates/web_forms/page.html"}


def test_every_form_that_changes_something_carries_its_token():
    for path in TEMPLATES:
        text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
        text = re.sub(r'\{% include "([\w/]+\.html)" %\}', included, text)
        for form in re.findall(r"<form\b.*?</form>", text, flags=re.S):
            if re.search(r"method=[\"']?post", form[: form.find(">") + 1], flags=re.I):
                # behind links of mails the token and the page's sign stand in for the cookie's
                signed = "csrf" in form or "hidden_tag()" in form or "signs(token, " in form
                # who fills in a public form has no cookie that others could use
                signed = signed or path.relative_to(ROOT).as_posix() in FOR_EVERYBODY
                assert signed, f"{path.relative_to(ROOT)}: {form[:120]}"
