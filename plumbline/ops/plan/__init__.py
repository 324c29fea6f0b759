"""Saved plans: what was reviewed is what is applied, or nothing is."""
