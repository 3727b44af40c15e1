"""Devices at patients' homes: what kinds there are, where each stands, who held it when."""
