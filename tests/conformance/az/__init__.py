"""The Azure CLI against the emulator: commands as data, in commands.yaml."""
