"""The template that `pulumi new` takes, made from this repository: its program, less what only this repository needs."""
