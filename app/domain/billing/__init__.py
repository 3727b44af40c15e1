"""What Medicare pays for, as pure rules."""
