"""Public answers, kept as the bytes that go out.

`middleware.py` is the way through; `addresses.py` says which requests ask the same thing,
`answers.py` what is kept of an answer, `store.py` how much and for how long, `shared.py` what
instances have in common.
"""
