"""What provider and CLI both know of Azure: how it is read, and whether what is live is what a definition says."""
