"""Method presets and sizes: the rule of thumb's rows, and the figures that follow from them."""
