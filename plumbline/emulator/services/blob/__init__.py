"""Blob storage: what azure-storage-blob and azure-ai-ml's storage code need of a storage account."""
