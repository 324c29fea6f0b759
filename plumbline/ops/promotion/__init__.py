"""The way of a release from one stack to the next: what is verified, what is published, what the lock says."""
