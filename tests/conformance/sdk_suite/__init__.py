"""azure-ai-ml's own end-to-end tests, unmodified, against an emulator of their own."""
