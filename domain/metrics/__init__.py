"""Business metrics as data: what each says, of which facts, and from when on somebody should look (R335-R391)."""
