"""The OpenAPI 3.1 document of the API, as data. What it says is what `capture.rows` reads."""

from __future__ import annotations

from typing import Any

from portal.accounts.api_tokens import Scope
from portal.capture.rows import CONTACT, LONGEST_ID
from portal.leads.basis import CHOICES, ORIGIN
from portal.leads.models import LeadKind, SignalKind, Temperature

MOST = 1000
"""So many inquiries or signals come at once."""

Schema = dict[str, Any]


def text(about: str, **more: Any) -> Schema:
    """Return the schema of a text."""
    return {"type": "string", "description": about, **more}


def ref(kind: str, name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def of_texts(about: str) -> Schema:
    """Return the schema of an object of texts."""
    return {"type": "object", "description": about, "additionalProperties": {"type": "string"}}


LEAD: Schema = {
    "type": "object",
    "description": "An inquiry. It names the company, the person, or how to reach them. Fields "
    "that are not listed here are kept as lines of the note.",
    "properties": {
        "external_id": text(
            "Its number in your system. The same number makes nothing twice.", maxLength=LONGEST_ID
        ),
        "title": text("What it is about. Partners read it: no names.", maxLength=160),
        "source": text("Where it comes from: key or name of a source of the catalogue."),
        "kind": text("End customer or a new partner.", enum=[str(one) for one in LeadKind]),
        "type": text("Key of a type of the lead definition."),
        "company": text("Company.", maxLength=200),
        "contact": ref("schemas", "Contact"),
        "country": text("ISO code or name, as DE or Germany."),
        "subdivision": text("State or region, code or name."),
        "city": text("City.", maxLength=100),
        "time_zone": text("Zone, as Europe/Berlin."),
        "language": text("Language of the contact, as de."),
        "brand": text("Key or name of a brand."),
        "products": {
            "type": "array",
            "description": "Products of interest: keys or names, or with what was asked of each.",
            "items": {
                "oneOf": [
                    {"type": "string"},
                    {
                        "type": "object",
                        "properties": {
                            "key": text("Key or name of a product."),
                            "note": text("What was asked of it.", maxLength=2000),
                        },
                        "required": ["key"],
                    },
                ]
            },
        },
        "industry": text("Industry, in words or as a key."),
        "employees": {
            "type": "integer",
            "minimum": 1,
            "description": "How many people work there.",
        },
        "amount": {"type": "number", "minimum": 0, "description": "What it may be worth."},
        "time_frame": text("When they want it.", maxLength=120),
        "temperature": text("How near to buying.", enum=[str(one) for one in Temperature]),
        "expectation": text("What they expect of whoever calls.", maxLength=300),
        "partner_text": text("Text for partners: no names.", maxLength=4000),
        "campaign": text("Key of a campaign."),
        "search_term": text("What they searched for."),
        "origin": of_texts("On which way they came: " + ", ".join(ORIGIN)),
        "basis": {
            "type": "object",
            "description": "Why the contact may be approached.",
            "properties": {
                "kind": text("Legal basis.", enum=[str(one) for one in CHOICES]),
                "words": text("Which words they agreed to."),
                "at": text("When.", format="date-time"),
            },
            "required": ["kind"],
        },
        "answers": of_texts("Answers of the qualification, by the key of the question."),
        "custom": of_texts("The programme's own fields, by their keys."),
        "captured_at": text("When they asked; without, now.", format="date-time"),
    },
}
CONTACT_WORDS = {
    "first_name": "First name.",
    "last_name": "Last name.",
    "role": "What they do there.",
    "phone": "Phone, best with +49 before it.",
    "email": "E-mail.",
    "domain": "Web site.",
    "street": "Street and number.",
    "postcode": "Postcode.",
    "note": "Anything else that is known; the holder reads it.",
}
assert set(CONTACT_WORDS) == CONTACT

RESULT: Schema = {
    "type": "object",
    "properties": {
        "index": {"type": "integer", "description": "Place in the list that was sent, from 0."},
        "status": text("What became of it.", enum=["created", "unchanged", "refused"]),
        "id": {"type": ["integer", "null"], "description": "The lead's id."},
        "number": text("The lead's number, as people call it."),
        "errors": of_texts("Why it was refused, by field."),
    },
    "required": ["index", "status", "id"],
}
SIGNAL: Schema = {
    "type": "object",
    "properties": {
        "kind": text("What the customer did.", enum=[str(one) for one in SignalKind]),
        "at": text("When; without, now.", format="date-time"),
        "weight": {
            "type": "integer",
            "minimum": 1,
            "maximum": 1000,
            "description": "In per cent of a usual one.",
        },
    },
    "required": ["kind"],
}
PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457, with a stable word as `code`.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "errors": of_texts("What is wrong, by field."),
    },
    "required": ["title", "status", "code"],
}
REFUSALS = {
    "400": "What was sent is no JSON, or the idempotency key can't be kept.",
    "401": "No token, or one that opens nothing any more.",
    "403": "The token lacks the scope.",
    "413": "More than 8 MB.",
    "422": "No list, too many at once, or an idempotency key that came before with something else.",
}


def listing(name: str, schema: str) -> Schema:
    """Return the schema of a body that holds a list."""
    items = {"type": "array", "minItems": 1, "maxItems": MOST, "items": ref("schemas", schema)}
    return {"type": "object", "properties": {name: items}, "required": [name]}


def json_of(schema: Schema) -> dict[str, Any]:
    """Return content that is JSON of this schema."""
    return {"application/json": {"schema": schema}}


def operation(name: str, summary: str, scope: str, body: Schema, **refused: str) -> dict[str, Any]:
    """Return the description of a POST."""
    answers = {
        "200": {
            "description": "A result for each.",
            "content": json_of(listing("results", "Result")),
        }
    }
    for status, words in {**REFUSALS, **{k.lstrip("_"): v for k, v in refused.items()}}.items():
        content = {"application/problem+json": {"schema": ref("schemas", "Problem")}}
        answers[status] = {"description": words, "content": content}
    return {
        "operationId": name,
        "summary": summary,
        "description": f"The token needs the scope {scope}.",
        "security": [{"token": []}],
        "parameters": [ref("parameters", "IdempotencyKey")],
        "requestBody": {"required": True, "content": json_of(body)},
        "responses": answers,
    }


def document(public_url: str, programme: str) -> dict[str, Any]:
    """Return the whole document."""
    signals = operation(
        "addSignals",
        "Tell what a customer did",
        Scope.SIGNALS_WRITE,
        {"oneOf": [ref("schemas", "Signal"), listing("signals", "Signal")]},
        _404="There is no such lead.",
    )
    lead_id = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    signals["parameters"].insert(0, lead_id)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{programme}: inquiries",
            "version": "1",
            "description": "Other systems bring inquiries in and tell what customers did.",
        },
        "servers": [{"url": public_url}],
        "paths": {
            "/api/v1/leads": {
                "post": operation(
                    "addLeads",
                    "Bring up to a thousand inquiries",
                    Scope.LEADS_WRITE,
                    listing("leads", "Lead"),
                )
            },
            "/api/v1/leads/{id}/signals": {"post": signals},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "parameters": {
                "IdempotencyKey": {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "description": "Up to 200 plain characters, kept for 30 days. The same key "
                    "gives the same answer and makes nothing twice: send again what had no answer.",
                    "schema": {"type": "string", "maxLength": 200},
                }
            },
            "schemas": {
                "Lead": LEAD,
                "Contact": {
                    "type": "object",
                    "properties": {name: text(said) for name, said in CONTACT_WORDS.items()},
                },
                "Result": RESULT,
                "Signal": SIGNAL,
                "Problem": PROBLEM,
            },
        },
    }
