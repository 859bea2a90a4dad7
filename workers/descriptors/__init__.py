"""Numbers that say how pictures look, for comparing their style."""
