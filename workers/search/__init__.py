"""Where a picture was seen before: an exact Hamming index, kept in step with PostgreSQL."""
