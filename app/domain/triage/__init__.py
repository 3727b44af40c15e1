"""Who needs help first: thresholds, alerts and the risk score."""
