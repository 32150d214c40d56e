"""What the holder reports: the five answers, answer-and-pick in one transaction, won and lost.

And what the vendor does with a lead himself: begin, win, lose, cancel, delete. Offers
`operations.give`, `operations.take_back`, `operations.answer_and_claim`, `actions.finish`,
`actions.begin`, `actions.delete`; enters pickup and everything below.
"""
