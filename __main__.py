"""The program: read a stack's settings and definitions, declare its platform, export what people look for."""

import pulumi

from stacks.platform import Platform
from stacks.releases import load_pipelines
from stacks.settings import load_settings

stack, cloud, settings = load_settings()
platform = Platform(stack, cloud, settings, load_pipelines(stack, settings))
for name, value in platform.outputs.items():
    pulumi.export(name, value)
