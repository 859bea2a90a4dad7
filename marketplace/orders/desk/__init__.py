"""The orders desk: where the owner and the moderators look after money that has moved."""
