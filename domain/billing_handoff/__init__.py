"""The BillingHandoff aggregate: what order management asked billing to do for one price component (owner: OMS)."""
