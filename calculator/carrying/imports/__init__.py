"""Training configurations as people have them → settings of ours, line by line.

Nothing of what is given is run: YAML is read by the safe loader, Python as a syntax tree.
"""
