"""The picture that stands beside a shared link.

`presenters.py` takes what it says from the page's own view, `drawing.py` draws it, `views.py`
answers. The font is static/fonts' own, in the form that Pillow reads.
"""
