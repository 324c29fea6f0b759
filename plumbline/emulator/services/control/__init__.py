"""The tests' own endpoint: request log, delays, faults, noise, tokens. Product code never calls it."""
