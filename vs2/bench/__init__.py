"""How well a judge agrees with known scores: the metrics, and the suites that they are measured on."""
