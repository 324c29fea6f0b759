"""One module a kind of resource, and what they share."""
