"""How well the copy search finds edited copies, and that it accuses nobody else."""
