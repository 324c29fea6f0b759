"""One package per Azure service: each has `routes.py` with ROUTES, listed in app.py."""
