"""The control plane of Azure Machine Learning: workspaces, computes, datastores, versioned assets, schedules."""
