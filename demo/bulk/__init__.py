"""A catalogue of any size, for measuring: made up word by word, loaded by whole statements."""
