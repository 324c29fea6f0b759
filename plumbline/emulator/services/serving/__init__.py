"""Online, batch and serverless endpoints as resources: what they are made of. None of them scores: that answers 501."""
