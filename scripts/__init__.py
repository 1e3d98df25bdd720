"""What the Makefile calls: small programs that set up, translate and check."""
