"""The second step of a sign-in, as a person meets it: on a phone, by keyboard, without a script."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import expect

from portal.core import clock
from tests.browser.test_pages import AXE, faults_of
from tests.factories import PASSWORD, make_partner, make_person

CODE = re.compile(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}")


def give_password(page, user):
    page.goto("/login")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_it_is_set_up_used_and_survives_a_lost_phone(live, windows, script):
    user = make_person(make_partner(), name="Alice Ahrens")
    page = windows.open(live, script=script, reduced_motion="reduce")
    if script:
        page.add_init_script(path=AXE)

    def looks_right():
        if script:
            assert not faults_of(page, "own.second_step_page", set())

    give_password(page, user)
    page.goto("/settings/sign-in")
    page.get_by_role("link", name="Set up the second step").click()
    looks_right()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_alt_text("The picture for your app")).to_be_visible()
    looks_right()
    uri = page.get_by_role("link", name="Open the app here").get_attribute("href")
    phone = pyotp.parse_uri(uri)
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Switch the second step on").click()
    expect(page.get_by_text("This code is not the one").last).to_be_visible()
    looks_right()
    page.get_by_label("Code").fill(phone.at(clock.now()))
    page.get_by_role("button", name="Switch the second step on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    looks_right()
    codes = CODE.findall(page.inner_text("main"))
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("link", name="Change the second step")).to_be_visible()

    other = windows.open(live, script=script, reduced_motion="reduce")
    if script:
        other.add_init_script(path=AXE)
    give_password(other, user)
    expect(other.get_by_role("heading", name="Second step")).to_be_visible()
    if script:
        assert not faults_of(other, "accounts.code", set())
        assert other.evaluate("document.activeElement.name") == "code"
    other.get_by_label("Code").fill(codes[0].upper())
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", name="Second step")).not_to_be_visible()
    other.goto("/settings/second-step")
    expect(other.get_by_text("You have 9 recovery codes left.")).to_be_visible()
    if script:
        assert not faults_of(other, "own.second_step_page", set())
    other.get_by_label("Your password").fill(PASSWORD)
    other.get_by_label("Code").fill(codes[1])
    other.get_by_role("button", name="Switch the second step off").click()
    expect(other.get_by_text("Your password alone lets you in again.")).to_be_visible()
