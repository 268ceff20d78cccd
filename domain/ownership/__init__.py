"""Who owns what: the matrix from which topics, access lists and documentation follow (R77, R330-R334, R490-R492)."""
