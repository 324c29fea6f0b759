"""Jobs: submit, read, list, cancel; the ARM side of what the executor runs."""
