"""Contracts for others, made from the catalogue: AsyncAPI, data contracts, ACLs, pages, lineage names, examples.

Everything here is a pure function from the catalogue, the committed schemas and the committed examples to documents;
nothing is listed by hand. `export.documents` puts the whole together.
"""
