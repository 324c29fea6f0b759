"""`make verify-azure`: every behaviour of Azure that this project relies on, asked of a real subscription."""
