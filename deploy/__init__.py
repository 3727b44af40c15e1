"""Running Vantrexia on one machine: the embedded database and the supervisor behind `make run`."""
