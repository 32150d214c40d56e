"""The same contact again: the one way an inquiry comes in, who might be the same, and merging.

Offers `entrance.take_in`, which every way of capture calls. Enters customers, leads, timeline,
accounts, web and core.
"""
