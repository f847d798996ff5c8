"""Where editors keep prices: the form, the list, and what is to be checked next."""
