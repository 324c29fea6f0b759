"""Azure Machine Learning registries: the ARM resource, discovery, and assets shared between workspaces."""
