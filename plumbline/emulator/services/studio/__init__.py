"""A read-only page per job: what services.Studio points at."""
