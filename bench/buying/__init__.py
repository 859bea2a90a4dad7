"""What the benches of buying share: a market of real processes, and people with browsers."""
