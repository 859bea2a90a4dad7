"""How well search finds: judged queries over a catalogue written to be judged by."""
