"""What can be billed."""
