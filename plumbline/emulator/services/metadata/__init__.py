"""Cloud metadata and health: the routes that clients read before they have a token."""
