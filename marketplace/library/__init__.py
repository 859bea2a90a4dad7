"""What a buyer owns: the prompt itself, ready to be filled in and copied."""
