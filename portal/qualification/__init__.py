"""Qualification: the queue of inquiries, and the page on which one is made ready or put aside.

What becomes of a lead is decided in `leads.operations`. Enters customers, leads and below.
"""
