"""The FulfillmentPlan aggregate: the tasks that deliver an order, and how far each has come (owner: fulfillment)."""
