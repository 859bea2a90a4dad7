"""What people report about listings on sale; moderators answer it in a case."""
