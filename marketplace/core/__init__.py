"""What every feature stands on; knows nothing of prompts, listings or money flows."""
