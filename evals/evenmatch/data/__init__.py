"""What is compared: cards, samples, protocols and drawn masks."""
