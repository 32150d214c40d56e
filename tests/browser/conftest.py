"""Windows for every test of this folder."""

from tests.browser.windows import chromium, windows

__all__ = ["chromium", "windows"]
