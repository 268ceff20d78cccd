"""The query API as it runs: what it is given of the platform, and the server that carries it."""
