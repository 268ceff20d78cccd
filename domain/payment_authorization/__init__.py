"""The PaymentAuthorization aggregate: money granted for an order, or not (owner: payments)."""
