"""Whole ways through the house, in a real browser on real processes."""
