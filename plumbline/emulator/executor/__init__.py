"""Runs submitted jobs as real processes: environments, steps, the graph that orders them."""
