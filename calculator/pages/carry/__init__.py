"""Taking an answer along: configurations, figures as text, badges; and bringing one in."""
