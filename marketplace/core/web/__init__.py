"""What every page shares: the request's unit of work, guards, headers, errors, helpers."""
