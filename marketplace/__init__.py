"""Bracket's web application, one folder per feature.

Layers, left never imports right:
core < prompts, images, gateways < accounts < listings < orders < payouts < moderation <
verification < stripe_events, discovery, library < factory, wiring, cli.
Upward calls go by task name only (see task_names.py).
"""
