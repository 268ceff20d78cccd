"""The ledger of what somebody must answer for: corrections, overrides, emergency access, policies, attempts."""
