"""What the holder reports: the five answers, answer-and-pick in one transaction, won and lost.

Offers `operations.give`, `operations.take_back`, `operations.answer_and_claim`; enters
pickup and everything below.
"""
