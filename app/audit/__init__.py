"""The audit trail's making: who is acting, what changed, what was read. Written in the same transaction as the data."""
