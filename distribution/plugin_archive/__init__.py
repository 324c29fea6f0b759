"""Archives of the provider plugin, one a system, for programs in languages other than Python."""
