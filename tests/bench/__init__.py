"""How fast the site is beside a bare Django view: `make bench`, never part of `make test`.

`servers.py` starts both the same way, `load.py` asks them, `__main__.py` compares and prints.
"""
