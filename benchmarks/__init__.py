"""What performance claims are measured with. Ratios within one run; nothing here is a test."""
