"""Measurements with public tools: one module each, on servers and databases of their own.

`python -m bench` runs all of them, `python -m bench NAME` one. The load is made by wrk.
"""
