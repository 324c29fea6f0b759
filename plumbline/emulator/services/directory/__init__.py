"""The directory: the part of Microsoft Graph that tells who people and applications are."""
