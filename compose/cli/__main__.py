"""`python -m compose.cli` is `ordertruth`."""

from compose.cli import main

if __name__ == "__main__":
    main()
