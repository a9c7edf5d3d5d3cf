"""The command line: one file a command. Parse, call, show, exit code; no computing."""
