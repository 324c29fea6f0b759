"""The stand-in for azure-native's plugin: carries `pulumi_azure_native` resources to an emulated ARM.

The real plugin is what talks to Azure. This one is installed into an emulated stack's own PULUMI_HOME and
refuses every endpoint that is not a Plumbline emulator on loopback. It imports nothing else of Plumbline.
"""
