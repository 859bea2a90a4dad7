"""What a seller sees of their shop: figures, what needs attention, many listings at once."""
