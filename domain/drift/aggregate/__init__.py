"""Space `aggregate`: what the events of one aggregate show by themselves (R236, R246, R414)."""
