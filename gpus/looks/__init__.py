"""How often each GPU's page is looked at: a number a month, and nothing about who looks."""
