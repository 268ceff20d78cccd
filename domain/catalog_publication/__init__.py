"""The CatalogPublication aggregate: what may be sold from when on, and by which rules (owner: catalog)."""
