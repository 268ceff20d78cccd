"""The published contract: schemas, the codec for them, the registry client, lint and the compatibility gate."""
