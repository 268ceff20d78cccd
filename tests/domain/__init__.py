"""The pure core, proved against its specification."""
