"""Every public operation of azure-ai-ml's MLClient, called once with real arguments: the calls are in `table/`."""
