"""How often the machine's advice is what a careful moderator decides, on cases written by hand."""
