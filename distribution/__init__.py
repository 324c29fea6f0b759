"""How Plumbline reaches people who have no checkout: the template of a platform, and archives of the plugin."""
