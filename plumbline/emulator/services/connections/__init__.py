"""Connections of a workspace to other services: their credentials are kept and only shown to who asks for secrets."""
