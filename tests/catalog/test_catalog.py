"""The catalogue as a channel manager edits it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.catalog.models import KINDS, Reason, SizeBand
from portal.catalog.operations import add_entry, make_key, save_entry
from portal.catalog.queries import book
from portal.core.errors import Invalid
from tests.factories import AT, csrf_of, factory, make_manager, make_programme, sign_in


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"names": {"en": name}, "position": None, "active": True, **more}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Trade fair & congress", "trade_fair_congress"),
        ("Öffentliche Hand", "offentliche_hand"),
        ("日本", "entry"),
    ],
)
def test_a_key_is_made_from_the_name(name: str, key: str) -> None:
    assert make_key(name) == key


def test_a_new_entry_is_known_at_once_and_stands_at_the_end(ctx: Flask) -> None:
    make_programme()
    assert book().active("industry")
    entry = add_entry("industry", named("Space travel", synonyms=["Rockets"]))
    assert book().active("industry")[-1].id == entry.id
    assert book().id_of("industry", "space_travel") == entry.id


def test_a_key_stays_when_the_name_changes_and_no_two_share_one(ctx: Flask) -> None:
    make_programme()
    first = add_entry("specialisation", named("Cold chains"))
    save_entry(first.id, "specialisation", named("Cool logistics"), AT)
    second = add_entry("specialisation", named("Cold chains"))
    assert (first.key, second.key) == ("cold_chains", "cold_chains_2")
    with pytest.raises(Invalid) as refused:
        add_entry("specialisation", named("cold CHAINS"))
    assert list(refused.value.errors) == ["name_en"]


@pytest.mark.parametrize(
    ("low", "high", "field"),
    [
        (None, Decimal(10), "low"),
        (Decimal(-1), Decimal(10), "low"),
        (Decimal(10), Decimal(10), "high"),
        (Decimal(0), None, "low"),
        (Decimal(1), Decimal(2), "low"),
    ],
)
def test_bands_do_not_overlap(
    ctx: Flask, low: Decimal | None, high: Decimal | None, field: str
) -> None:
    make_programme()
    with pytest.raises(Invalid) as refused:
        add_entry("size_band", named("Odd", low=low, high=high))
    assert list(refused.value.errors) == [field]


def test_a_band_may_keep_its_own_range_and_one_out_of_use_takes_no_room(ctx: Flask) -> None:
    make_programme()
    band = book().active("size_band")[0]
    assert isinstance(band, SizeBand)
    values = named("Tiny", low=band.low, high=band.high)
    save_entry(band.id, "size_band", values, AT)
    save_entry(band.id, "size_band", {**values, "active": False}, AT)
    add_entry("size_band", named("Small", low=band.low, high=band.high))


def test_a_reason_keeps_its_purpose_in_its_key(ctx: Flask) -> None:
    make_programme()
    entry = add_entry("reason", named("On holiday", purpose="decline", blame="none"))
    assert isinstance(entry, Reason)
    assert entry.key == "decline.on_holiday"
    save_entry(entry.id, "reason", named("On leave", blame="partner"), AT)
    assert (entry.purpose, entry.blame) == ("decline", "partner")
    with pytest.raises(Invalid) as refused:
        add_entry("reason", named("Whatever", purpose="fun", blame="you"))
    assert set(refused.value.errors) == {"purpose", "blame"}


def test_two_levels_never_share_a_rank(ctx: Flask) -> None:
    make_programme()
    with pytest.raises(Invalid) as refused:
        add_entry("partner_level", named("Diamond", rank=5))
    assert list(refused.value.errors) == ["rank"]
    assert add_entry("partner_level", named("Diamond", rank=6)).key == "diamond"


@factory
def entries_of(kind: str) -> list[tuple[int, str]]:
    return [(entry.id, entry.label("en")) for entry in book().by_kind[kind]]


@pytest.fixture
def manager(client: FlaskClient) -> FlaskClient:
    signed_in: FlaskClient = sign_in(client, make_manager())
    return signed_in


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_its_pages(manager: FlaskClient, kind: str) -> None:
    slug = kind.replace("_", "-")
    entry_id, name = entries_of(kind)[0]
    assert manager.get(f"/catalog/{slug}/new").status_code == 200
    listed = manager.get(f"/catalog/{slug}")
    shown = manager.get(f"/catalog/{slug}/{entry_id}")
    assert listed.status_code == shown.status_code == 200
    assert name.split(" ", maxsplit=1)[0] in shown.text
    other = "brand" if kind != "brand" else "product"
    assert manager.get(f"/catalog/{other}/{entry_id}").status_code == 404


def test_an_entry_is_added_changed_and_taken_out_of_use(manager: FlaskClient) -> None:
    token = {"csrf_token": csrf_of(manager.get("/catalog").text)}
    made = manager.post(
        "/catalog/source/new",
        data={**token, "name_en": "Webinar replay", "name_de": "Webinar", "active": "y"}
        | {"synonyms": "Replay\n\nReplay\nOn demand", "expectation_en": "Has seen it all."},
    )
    assert (made.status_code, made.location) == (303, "/catalog/source")
    entry_id = next(i for i, name in entries_of("source") if name == "Webinar replay")
    page = manager.get(f"/catalog/source/{entry_id}").text
    assert "Replay\nOn demand" in page
    saved = manager.post(f"/catalog/source/{entry_id}", data={**token, "name_en": "Replays"})
    assert saved.status_code == 303
    assert "Replays" in manager.get("/catalog/source").text


def test_products_and_services_stand_apart(manager: FlaskClient) -> None:
    token = {"csrf_token": csrf_of(manager.get("/catalog").text)}
    form = {**token, "name_en": "Cable laying", "brand_id": "", "active": "y"}
    assert manager.post("/catalog/product/new", data={**form, "service": "y"}).status_code == 303
    everything = manager.get("/catalog/product").text
    services = manager.get("/catalog/product?sort=services").text
    products = manager.get("/catalog/product?sort=products").text
    assert "Cable laying" in everything
    assert "Cable laying" in services
    assert "Cable laying" not in products
    assert "Network switches" in products
    assert "Network switches" not in services
    entry_id = next(i for i, name in entries_of("product") if name == "Cable laying")
    saved = manager.post(f"/catalog/product/{entry_id}", data=form)
    assert saved.status_code == 303
    assert "Cable laying" in manager.get("/catalog/product?sort=products").text


def test_what_was_typed_stays_when_something_is_wrong(manager: FlaskClient) -> None:
    token = {"csrf_token": csrf_of(manager.get("/catalog").text)}
    answer = manager.post(
        "/catalog/value-band/new",
        data={**token, "name_en": "Kept as typed", "low": "lots", "active": "y"},
    )
    assert answer.status_code == 422
    assert "Please give a number." in answer.text
    assert "Kept as typed" in answer.text
    assert 'value="lots"' in answer.text
    tiny = {**token, "name_en": "Tiny", "low": "1e-20000", "active": "y"}
    assert manager.post("/catalog/size-band/new", data=tiny).status_code == 422


@pytest.mark.parametrize("path", ["/catalog/nothing", "/catalog/size_band", "/catalog/brand/1e9"])
def test_what_is_not_there_is_not_found(manager: FlaskClient, path: str) -> None:
    assert manager.get(path).status_code == 404
