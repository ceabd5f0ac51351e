"""How far scores agree with people's: small functions, each checked against another library or by hand.

agreement.py: of one score with another. calibration.py: of a distribution. pairs.py: of an order of two clips with a
preference. bootstrap.py: how sure any of them is, over prompts.
"""
from vs2.metrics.agreement import METRICS, agreement, quadratic_kappa, share, table

__all__ = ["METRICS", "agreement", "quadratic_kappa", "share", "table"]
