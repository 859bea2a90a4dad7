"""What sellers see of their money and do about it: account, balance, statements, payouts."""
