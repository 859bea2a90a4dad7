"""The small text-to-image model that ships with Bracket: its world, its training, its weights.

`grammar` (the words it knows) is pure Python; everything else may import numpy or torch.
"""
