"""Run history: status, children, logs and outputs of runs, as azure-ai-ml reads them."""
