"""What a run must be before its model may be released: judged anew, digested, approved by someone else."""
