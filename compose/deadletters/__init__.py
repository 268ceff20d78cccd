"""Dead letters read, chosen and sent back to where they came from."""
