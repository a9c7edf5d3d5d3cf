"""`python -m dllab` is `dllab`."""

try:
    from dllab.cli.main import main
except KeyboardInterrupt:  # pressed while the first modules are read
    raise SystemExit(130) from None

main()
