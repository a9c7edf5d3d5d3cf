"""`python -m dllab` is `dllab`: where both begin."""


def main() -> None:
    """Run the command line. Ctrl-C while its first modules are read ends it without a traceback, as later on."""
    try:
        from dllab.cli.main import main as command_line
    except KeyboardInterrupt:
        import sys

        sys.stderr.write("dllab: interrupted\n")
        raise SystemExit(130) from None
    command_line()


if __name__ == "__main__":
    main()
