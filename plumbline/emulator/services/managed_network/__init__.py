"""A workspace's managed network: its outbound rules, and its provisioning."""
