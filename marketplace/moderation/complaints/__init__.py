"""What people report about listings on sale, and the moderators' plain list of it."""
