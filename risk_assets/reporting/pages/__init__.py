"""The sections of the report, each a function from results to flowables; they load reportlab when imported."""
