"""Stream processing: the batch engine under Faust, and one small module for each application on it."""
