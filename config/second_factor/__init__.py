"""The second factor of the admin: a code of an authenticator app, or a backup code."""
