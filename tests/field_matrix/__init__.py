"""Kind x field: each field set once, found unchanged by a refresh, edited elsewhere, named, and put back."""
