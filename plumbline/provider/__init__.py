"""The resource provider plugin: registers ML assets and schedules in Azure ML, and tells the truth about drift."""
