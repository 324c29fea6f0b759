"""What a run must be before its model may be released: judged again, digested, approved by someone else."""
