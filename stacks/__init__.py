"""What a stack is: its settings, its platform, and the pipelines that it carries."""
