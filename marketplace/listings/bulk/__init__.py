"""Many listings at once: a table and an archive of pictures, taken in by a worker row by row."""
