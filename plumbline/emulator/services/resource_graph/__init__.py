"""Azure Resource Graph, of which only its tables of changes are modelled."""
