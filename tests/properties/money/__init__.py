"""Random trading whose money is proved cent by cent after every event.

clock     one time for the marketplace, its database and the bank
chaos     where a process may die, or another may come between
broker    messages that are late, doubled or lost; what each means
town      the marketplace, the bank in this process, and the people of both
acts, acts_*   what can happen, with how often
bank      the bank's own movements, and who should have booked each
audit     the rules after every event
at_rest   the rules once every message has arrived
whole     everything from the beginning, in one go
run       a sequence of events from a seed; a violation says how to see it again
shrink    the shortest sequence that still fails
"""
