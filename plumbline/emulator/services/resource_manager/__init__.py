"""Azure Resource Manager: subscriptions, groups, resources by a table of types, access, activity log."""
