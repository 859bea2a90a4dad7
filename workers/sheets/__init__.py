"""One consistency report from claim to summary: its pictures, what they show, the end."""
