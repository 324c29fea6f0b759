"""MLflow's REST tracking over the emulator's runs: what a plain `mlflow` client speaks."""
