"""Paths of Azure ML's data planes that nothing here models: they answer 501, not a blob's 401."""
