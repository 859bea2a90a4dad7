"""Policy checks of listings: what is checked when, and what was found, as rows."""
