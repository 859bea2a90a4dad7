"""Demo content: what a newcomer finds after `make up`, made through the real pipeline.

`content/` is what the demo's people write; the modules here do with it what those people would.
"""
