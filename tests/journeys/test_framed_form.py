"""A form in a frame of somebody else's page: made at a desk, filled in on a phone, confirmed."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import expect

from tests.browser.windows import DESK, PHONE
from tests.factories import make_manager
from tests.journeys.test_sign_up import link_of


@contextmanager
def foreign_site():
    """Serve a page of somebody else on a port of its own; yields its origin and what it shows."""
    shown = {"html": ""}

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            body = shown["html"].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", shown
    finally:
        server.shutdown()
        server.server_close()


def test_an_inquiry_comes_in_from_a_frame_of_a_foreign_page(fresh, windows):
    with foreign_site() as (site, shown):
        manager = windows.open(fresh, make_manager(), width=DESK)
        manager.goto("/consent-texts")
        manager.get_by_label("Key").fill("contact")
        manager.get_by_label("Words in English").fill("You and your partners may call me.")
        manager.get_by_role("button", name="Keep as a new version").click()
        expect(manager.get_by_role("heading", name="contact/1")).to_be_visible()
        manager.goto("/web-forms/new")
        manager.get_by_text("Contact me", exact=True).click()
        manager.get_by_label("Name").fill("Server rooms")
        manager.get_by_role("button", name="Make the form").click()
        manager.get_by_label("In use", exact=True).check()
        manager.get_by_label("What people agree to").select_option("contact")
        manager.get_by_label("The address is confirmed first").check()
        manager.get_by_label("Sites that may show it").fill(site)
        manager.get_by_role("button", name="Save").click()
        expect(manager.get_by_text("Saved.")).to_be_visible()

        address = f"{fresh.url}/f/server-rooms?utm_source=partner-site&utm_term=racks"
        shown["html"] = (
            f"<!doctype html><title>Elsewhere</title><h1>Elsewhere</h1>"
            f'<iframe src="{address}" title="Server rooms" width="340" height="1200"></iframe>'
        )
        phone = windows.open(fresh, None, width=PHONE, script=False)
        phone.goto(site)
        form = phone.frame_locator("iframe")
        form.get_by_label("Company").fill("Weserkontor GmbH")
        form.get_by_label("Last name").fill("Lühmann")
        form.get_by_label("E-mail").fill("nina@newcomers.example")
        form.get_by_label("Your message").fill("Two racks, before March.")
        form.get_by_role("button", name="Please call me").click()
        expect(form.get_by_role("alert")).to_contain_text("Please tick this box")
        form.get_by_label("You and your partners may call me.").check()
        form.get_by_role("button", name="Please call me").click()
        # nobody fills it in so fast: one question, and what was typed is still there
        expect(form.get_by_label("Company")).to_have_value("Weserkontor GmbH")
        sum_of = form.get_by_label("How much is")
        first, second = map(int, re.findall(r"\d+", form.get_by_text("How much is").inner_text()))
        sum_of.fill(str(first + second))
        form.get_by_role("button", name="Please call me").first.click()
        expect(form.get_by_text("Please look into your mailbox")).to_be_visible()
        assert phone.url.startswith(site)
        assert fresh.value("SELECT count(*) FROM leads") == 0

    phone.goto(fresh.url + link_of(fresh, "form_confirm"))
    phone.get_by_role("button", name="Yes, that was me").click()
    expect(phone.get_by_text("Thank you, that is settled")).to_be_visible()
    (lead,) = fresh.rows("SELECT id, basis, basis_words, origin, search_term FROM leads")
    assert (lead.basis, lead.basis_words, lead.search_term) == ("consent", "contact/1", "racks")
    assert lead.origin["utm_source"] == "partner-site"
    manager.goto(f"/qualify/{lead.id}")
    expect(manager.get_by_label("Company")).to_have_value("Weserkontor GmbH")
    expect(manager.get_by_label("Legal basis")).to_have_value("consent")
