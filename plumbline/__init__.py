"""Plumbline: infrastructure as code for Azure Machine Learning, in Pulumi Python.

Importing this package imports nothing else, so that the engine set-up runs before any dependency is installed.
"""

__version__ = "0.1.0"
