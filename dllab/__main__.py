"""`python -m dllab` is `dllab`."""

try:
    from dllab.cli.main import main
except KeyboardInterrupt:  # pressed while the first modules are read
    import sys

    sys.stderr.write("dllab: interrupted\n")
    raise SystemExit(130) from None

main()
