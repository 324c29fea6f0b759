"""What recordings have in place of secrets; nothing here uses it."""

SANITIZED = "Sanitized"


class FakeTokenCredential:
    """Only tests that play a recording ask for one."""
