"""Pulumi ComponentResources of an Azure ML platform, one Azure noun a file."""
