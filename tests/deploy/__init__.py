"""Tests of running Vantrexia on one machine."""
