"""What users write: the kinds, their typed models, and the schemas made from them.

1. `kinds` is the table of kinds; it imports nothing, so this package does not import the models either.
2. `objects` reads any object of ours: `parse(raw)` answers a frozen model or `Malformed`.
3. `crd` makes CustomResourceDefinitions and schemas for editors; `generate` says which files they fill.
4. `quantity` and `duration` read Kubernetes' texts for amounts and times.
"""
