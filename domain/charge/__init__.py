"""What billing charges for one price component of one installed product, and the invoices that came of it."""
