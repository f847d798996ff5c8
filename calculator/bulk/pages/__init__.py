"""The admin's pages of imports and exports, and of price feeds."""
