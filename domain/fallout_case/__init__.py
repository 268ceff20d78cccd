"""The FalloutCase aggregate: why delivery left its path, who mends it, and how it ended (owner: OMS)."""
