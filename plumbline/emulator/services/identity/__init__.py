"""Token endpoints: App Service managed identity and the OAuth 2.0 client-credentials flow."""
