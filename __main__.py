"""The program: read a stack's settings and definitions, declare what it serves, export what people look for."""

import pulumi

from stacks.platform import Platform
from stacks.releases import load_releases
from stacks.settings import RegistrySettings, load_settings
from stacks.shared import Shared

stack, cloud, settings = load_settings()
served: Platform | Shared
if isinstance(settings, RegistrySettings):
    served = Shared(stack, cloud, settings)
else:
    served = Platform(stack, cloud, settings, load_releases(stack, cloud, settings))
for name, value in served.outputs.items():
    pulumi.export(name, value)
