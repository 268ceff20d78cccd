"""What proves that a commitment was made as it is told: hashes and references, chained, only ever added to."""
