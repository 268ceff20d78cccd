"""The ProvisioningRequest aggregate: a technical change and what came of it (owner: provisioning)."""
