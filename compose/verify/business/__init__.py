"""Business metrics counted a second time, straight from the owners' events.

It shares nothing with the catalogue's measures, the facts of analytics and their queries, so that a mistake in one of
them shows as a difference: what each metric means is written down here once more, event by event.
"""
