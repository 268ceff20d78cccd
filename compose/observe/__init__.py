"""What operators see of workers: health and metrics over HTTP, and the view from outside."""
