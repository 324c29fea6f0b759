"""What the product costs, as ratios of two measurements made in turn on one machine."""
