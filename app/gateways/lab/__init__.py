"""The conformance lab: simulated vendors with seedable faults. Pure; `flask gateways lab` sends what it plans."""
