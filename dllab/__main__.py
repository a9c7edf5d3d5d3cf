"""`python -m dllab` is `dllab`."""

from dllab.cli.main import main

main()
