"""Space `order`: an order with its plan, its results, its money, and what rests on its items."""
