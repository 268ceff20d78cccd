"""Space `product`: an installed product with the items that act on it, its service and its charges."""
