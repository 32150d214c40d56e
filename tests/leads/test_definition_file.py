"""The lead definition as a file: the round trip is identical, and what is odd is refused whole."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Step
from hypothesis import strategies as st

from portal.core.db import session
from portal.core.errors import Invalid
from portal.leads import versions
from portal.leads.commands import definition
from portal.leads.contest import Contest, Mode, tidy
from portal.leads.definition import (
    ANSWERS,
    AREAS,
    SCALES,
    STEP_FIELDS,
    TEASER_FIELDS,
    Content,
    Level,
    Moment,
    Numbering,
    Outcome,
    Plan,
    Question,
    Status,
    Type,
    Way,
    all_levels,
    in_order,
    to_data,
)
from portal.leads.definition_file import MOST_BYTES, read, write
from portal.leads.models import LeadKind, LifeState
from portal.timeline.rules import Kind
from tests.factories import csrf_of, factory, make_lead, make_manager, make_programme, sign_in

SIGNS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
NAMES = st.fixed_dictionaries(
    {"en": st.text(SIGNS, min_size=1, max_size=20)},
    optional={"de": st.sampled_from(["Ja", "null", "1.0", "2026-01-01", "- x", "&a *a", "ß: „x“"])},
).filter(lambda names: bool(names["en"].strip()))
TIDY = NAMES.map(lambda names: {language: name.strip() for language, name in names.items()})
KEYS = ("a", "no", "y")


def some(known: Any) -> Any:
    return st.lists(st.sampled_from(known), unique=True).map(tuple)


def in_place(known: tuple[str, ...]) -> Any:
    return st.sets(st.sampled_from(known)).map(lambda found: tuple(o for o in known if o in found))


STATUS = st.sampled_from(list(LifeState)).flatmap(
    lambda state: st.builds(
        Status,
        key=st.just(""),
        names=TIDY,
        state=st.just(str(state)),
        answer=st.sampled_from(ANSWERS.get(state, (None,))),
        usual=st.booleans(),
        initial=st.booleans(),
    )
)
TYPE = st.builds(
    Type,
    key=st.just(""),
    names=TIDY,
    kind=st.sampled_from([str(kind) for kind in LeadKind]),
    teaser=in_place(TEASER_FIELDS),
    required=st.fixed_dictionaries({"offer": in_place(STEP_FIELDS["offer"])}),
    statuses=st.none() | some(KEYS),
    priority=st.integers(1, 10),
    importance=st.integers(1, 8),
    categories=st.none() | some(("business", "person")),
    products=st.none() | some(("switches", "routers")),
    activities=st.none() | some(tuple(str(kind) for kind in Kind)),
    days=st.none() | st.integers(1, 3650),
    direct=st.booleans(),
    outcome=st.sampled_from([str(outcome) for outcome in Outcome]),
    least=st.none() | st.integers(1, 10**12),
    cadence=st.lists(
        st.builds(
            Plan,
            when=st.sampled_from([str(moment) for moment in Moment]),
            days=st.integers(0, 365),
            kind=st.sampled_from([str(kind) for kind in Kind]),
            names=TIDY,
        ),
        max_size=2,
    ).map(tuple),
    contest=st.builds(
        Contest,
        mode=st.sampled_from([str(mode) for mode in Mode]),
        size=st.integers(1, 100),
        minutes=st.integers(5, 10080),
        seconds=st.integers(5, 900),
    ).map(tidy),
)


def levels(scale: str) -> Any:
    numbers = list(SCALES[scale])
    some_of = st.lists(
        st.builds(
            Level,
            level=st.sampled_from(numbers),
            names=st.just({}) | TIDY,
            supported=st.booleans(),
        ),
        max_size=3,
    )
    return some_of.map(lambda found: all_levels(scale, found))


NUMBERING = st.builds(
    Numbering, prefix=st.sampled_from(["L-", "A", "NO-2-"]), digits=st.integers(0, 12)
)
QUESTION = st.builds(
    Question,
    key=st.just(""),
    names=TIDY,
    area=st.sampled_from(AREAS),
    required=st.booleans(),
    types=st.none() | some(KEYS),
    step=st.sampled_from([None, "profiling", "bant", "recruit"]),
)


def keyed(parts: Any) -> Any:
    """Give as many parts the keys, so that whatever is named exists."""
    return st.tuples(*(parts.map(lambda p, k=key: _with_key(p, k)) for key in KEYS))


def _with_key(part: Any, key: str) -> Any:
    values = {name: getattr(part, name) for name in type(part).__dataclass_fields__}
    return type(part)(**{**values, "key": key})


WAYS = st.lists(
    st.builds(
        Way,
        before=st.sampled_from(KEYS),
        after=st.sampled_from(KEYS),
        types=st.none() | some(KEYS),
        roles=st.none() | some(("partner_rep", "channel_manager", "admin")),
        units=st.none() | some(("Tele-sales", "Brand team: west", "null")),
    ).filter(lambda way: way.before != way.after),
    unique_by=lambda way: (way.before, way.after),
    max_size=8,
).map(tuple)
CONTENT = st.builds(
    Content,
    types=keyed(TYPE),
    statuses=keyed(STATUS),
    ways=WAYS,
    questions=keyed(QUESTION),
    priorities=levels("priorities"),
    importances=levels("importances"),
    numbering=NUMBERING,
).map(in_order)


@settings(
    max_examples=20,
    phases=(Step.generate,),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(content=CONTENT)
def test_whatever_a_version_says_comes_back_the_same(content: Content) -> None:
    file = write("Spring: a trial", content)
    assert read(file.encode()) == ("Spring: a trial", content)
    assert write(*read(file.encode())) == file


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "format"),
        (b"\xff\xfe", "UTF-8"),
        (b"format: [", "Line 1"),
        (b"format: firstcome lead definition 1\nname: a\nname: b\n", "Line 3"),
        (b"!!python/object/apply:os.system ['true']", "Line 1"),
        (b"[" * 3000, "YAML"),
        (b"a: &a [1]\nb: *a\n", "Line 2"),
        (b'format: "\\ud800"', "YAML"),
        (b"a" * (MOST_BYTES + 1), "too large"),
        (b"format: firstcome lead definition 1\ntypes: []\n", "missing"),
    ],
)
def test_a_file_that_is_no_lead_definition_is_refused_with_the_reason(
    file: bytes, said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read(file)
    assert any(said in one for one in refused.value.errors.values()), refused.value.errors


@factory
def active_file() -> str:
    active = versions.find_active()
    assert active is not None
    return write(active.name, versions.content_of(active))


def changed(file: str, **over: Any) -> str:
    return str(yaml.safe_dump({**yaml.safe_load(file), **over}))


def test_what_a_file_says_of_types_levels_and_numbers_is_checked_place_by_place(ctx: Flask) -> None:
    make_programme()
    data: dict[str, Any] = yaml.safe_load(active_file())
    data["types"][0] |= {
        "days": 0,
        "direct": "perhaps",
        "activities": ["dance"],
        "outcome": "glory",
        "least": 0,
    }
    data["types"][0]["contest"] = {"mode": "staggered", "size": 0}
    data["types"][1]["contest"] = {"mode": "lottery"}
    data["types"][1]["cadence"] = [{"when": "never", "days": -1, "kind": "call", "names": {}}]
    data["priorities"] = [{"level": 11}, {"level": 2, "names": {"de": "Eilig"}}, {"level": 2}]
    data["numbering"] = {"prefix": "lead 7", "digits": 99}
    with pytest.raises(Invalid) as refused:
        read(yaml.safe_dump(data).encode())
    assert set(refused.value.errors) == {
        *("types[1].days", "types[1].direct", "types[1].activities"),
        *("types[1].outcome", "types[1].least"),
        *("types[1].contest.size", "types[1].contest.minutes", "types[2].contest.mode"),
        *("types[2].cadence[1].when", "types[2].cadence[1].days"),
        *("types[2].cadence[1].names.en", "priorities[1].level", "priorities[2].names.en"),
        *("priorities[3].level", "numbering.prefix", "numbering.digits"),
    }


def test_a_manager_takes_a_version_out_and_brings_it_in_again(client: FlaskClient) -> None:
    manager = sign_in(client, make_manager())
    active = versions_now()[0]
    given = manager.get(f"/definition/{active}/file")
    assert given.mimetype == "application/yaml"
    assert given.text == active_file()

    def send(file: str, **more: str) -> Any:
        data = {
            "csrf_token": csrf_of(manager.get("/definition/file").text),
            "file": (io.BytesIO(file.encode()), "spring.yaml"),
            **more,
        }
        return manager.post("/definition/file", data=data)

    refused = send(given.text.replace("kind: end_customer", "kind: alien"))
    assert refused.status_code == 422
    assert "types[1].kind" in refused.text
    assert len(versions_now()) == 1
    assert send(changed(given.text, name="Spring")).status_code == 303
    again = send(changed(given.text, name="Summer"))
    assert again.status_code == 409
    assert "There is a draft already: “Spring”" in again.text.replace("&#8220;", "“")
    assert send(changed(given.text, name="Summer"), replace="y").status_code == 303
    assert "Summer" in manager.get("/definition").text
    assert "Both say the same" in manager.get(f"/definition/{versions_now()[0]}/comparison").text


@factory
def versions_now() -> list[int]:
    return [one.id for one in versions.list_versions()]


def run(app: Flask, *words: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(definition, words)
    return result.exit_code, result.output


def test_the_command_takes_out_compares_refuses_and_activates(app: Flask, tmp_path: Path) -> None:
    make_programme()
    make_lead(type="person")
    code, file = run(app, "export")
    assert (code, file) == (0, active_file())
    path = tmp_path / "definition.yaml"
    data = yaml.safe_load(file)
    data["types"] = [one for one in data["types"] if one["key"] != "person"]
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    code, said = run(app, "import", str(path), "--dry-run")
    assert code == 0
    assert "- types Person" in said
    assert "1 leads without a place: --to person/new=organisation/new" in said
    assert len(versions_now()) == 1
    code, said = run(app, "import", str(path), "--activate")
    assert code == 1
    assert "person/new" in said
    assert len(versions_now()) == 1
    code, said = run(app, "import", str(path), "--activate", "--to", "person/new=organisation/new")
    assert code == 0, said
    assert "is active now" in said
    with app.app_context():
        active = versions.find_active()
        assert active is not None
        assert [one["key"] for one in to_data(versions.content_of(active))["types"]] == [
            "organisation",
            "business_partner",
        ]
        session().rollback()
    path.write_text("format: nothing", encoding="utf-8")
    code, said = run(app, "import", str(path))
    assert code == 1
    assert "Nothing was changed" in said
