"""The German catalogue: complete, true to its placeholders, and written as German is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
TRANSLATIONS = ROOT / "portal" / "translations"
PO = TRANSLATIONS / "de" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\((\w+)\)([sd])")


def read(path):
    with path.open("rb") as file:
        return read_po(file, locale="de")


def key(message):
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def entries(catalog: Catalog):
    return [message for message in catalog if message.id]


def forms(text):
    return tuple(text) if isinstance(text, tuple | list) else (text,)


@pytest.fixture(scope="module")
def german():
    return read(PO)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    """Return what `make translations` collects from the source as it is now."""
    template = tmp_path_factory.mktemp("texts") / "messages.pot"
    words = ["extract", "-F", "portal/translations/babel.cfg", "-k", "_l", "--add-location=file"]
    subprocess.run(
        [
            *(sys.executable, "-m", "babel.messages.frontend", "-q"),
            *(*words, "-o", str(template), "portal", "templates"),
        ],
        cwd=ROOT,
        check=True,
        timeout=300,
    )
    return read(template)


def test_every_text_of_the_source_stands_in_the_german_catalogue(german, wanted):
    known = {key(message) for message in entries(german)}
    lacking = sorted(key(message) for message in entries(wanted) if key(message) not in known)
    assert not lacking, f"run `make translations` and translate: {lacking}"


def test_the_german_catalogue_holds_nothing_that_is_no_longer_said(german, wanted):
    said = {key(message) for message in entries(wanted)}
    left = sorted(key(message) for message in entries(german) if key(message) not in said)
    assert not left, f"run `make translations`: {left}"
    assert not german.obsolete


def test_every_text_has_its_german(german):
    empty = [key(one) for one in entries(german) if not all(forms(one.string))]
    assert not empty
    assert not [key(message) for message in german if message.fuzzy]


def test_texts_inside_other_texts_are_collected_too(wanted):
    """The collector misses a call within the arguments of another one in Python."""
    known = {key(message) for message in entries(wanted)}
    missed = []
    for path in sorted((ROOT / "portal").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"_", "_l", "gettext", "ngettext"}
                and not (isinstance(node.args[0], ast.Constant) and node.args[0].value in known)
            ):
                missed.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not missed


def test_placeholders_are_the_same_in_both_languages(german):
    wrong = []
    for message in entries(german):
        english, translated = forms(message.id), forms(message.string)
        if len(english) != len(translated):
            wrong.append(key(message))
        for source, text in zip(english, translated, strict=False):
            same = set(PLACEHOLDER.findall(source)) == set(PLACEHOLDER.findall(text))
            if not same or "%" in PLACEHOLDER.sub("", text):
                wrong.append(key(message))
    assert not wrong


def test_texts_begin_and_end_as_the_english_ones_do(german):
    def edges(text):
        return (
            text[: len(text) - len(text.lstrip())],
            text[len(text.rstrip()) :],
            text.rstrip()[-1] if text.rstrip()[-1] in ".?!:…," else "",
        )

    wrong = [
        (source, text)
        for message in entries(german)
        for source, text in zip(forms(message.id), forms(message.string), strict=True)
        if edges(source) != edges(text) and not text.endswith(("Std.", "Min.", "T."))
    ]
    assert not wrong


def test_german_quotes_are_german(german):
    wrong = []
    for message in entries(german):
        for text in forms(message.string):
            marks = "".join(mark for mark in text if mark in "„“”‚‘'\"»«")
            if marks.replace("„“", "").replace("‚‘", ""):
                wrong.append(text)
    assert not wrong


def test_nobody_is_addressed_with_du(german):
    familiar = re.compile(r"\b(du|dir|dich|dein\w*|ihr euch|euch|euer|eure\w*)\b", re.IGNORECASE)
    texts = [text for message in entries(german) for text in forms(message.string)]
    assert not [text for text in texts if familiar.search(text)]


@pytest.mark.parametrize(
    "word", ["Gate", "Ungültig", "Fehlgeschlagen", "Fehler", "Shark", "Inhaber", "Benutzer"]
)
def test_german_keeps_to_the_words_of_the_trade(german, word):
    texts = [text for message in entries(german) for text in forms(message.string)]
    assert not [text for text in texts if re.search(rf"\b{word}", text, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("english", "word"),
    [
        ("Pick up", "Übernehmen"),
        ("Not for me", "Nichts für mich"),
        ("Available", "Verfügbar"),
        ("Mine", "Meine"),
        ("Give back", "Zurückgeben"),
        ("Hot", "Heiß"),
        ("Warm", "Warm"),
        ("Cold", "Kalt"),
    ],
)
def test_the_words_of_the_partners_pages_are_settled(german, english, word):
    assert german[english].string == word


def test_the_catalogue_names_no_place_of_the_machine_that_made_it(german):
    text = PO.read_text()
    assert str(ROOT) not in text
    assert "EMAIL@ADDRESS" not in text
    assert not re.search(r"^#: (/|\.\.)|^#: .*:\d", text, re.MULTILINE)


def test_the_compiled_catalogue_is_the_one_that_was_written(german):
    compiled = PO.with_suffix(".mo")
    advice = "messages.mo is missing or older than messages.po: run `make translations`"
    assert compiled.exists(), advice
    with compiled.open("rb") as file:
        found = read_mo(file)
    have = {key(message): forms(message.string) for message in entries(found)}
    same = have == {key(message): forms(message.string) for message in entries(german)}
    assert same, advice
