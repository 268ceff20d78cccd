"""Alert rules and dashboards, made from the catalogue of metrics so that they cannot say something else than it."""
