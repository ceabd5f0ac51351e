"""Best of N: clips made for one prompt, judged, the best one kept."""
