"""Online, batch and serverless endpoints as resources: what they are made of. Batch endpoints run pipelines; nothing scores: that answers 501."""
