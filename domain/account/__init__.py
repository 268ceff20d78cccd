"""The Account aggregate: who buys, where, and whether the account is regulated (owner: CRM)."""
