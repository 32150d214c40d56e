"""Organisations and units (a tree), people, sessions, sign-in, roles and permissions.

Offers: `current_actor()`, `Permission`, `queries.*`, `operations.sign_in` …; enters web and core.
"""
