"""What each audience gets of what is known, one module for each."""
