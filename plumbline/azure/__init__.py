"""What Azure Resource Manager answers, read once for the provider and the command line."""
