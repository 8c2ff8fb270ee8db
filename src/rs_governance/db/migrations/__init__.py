"""Steps from each version of the schema to the next.

After a change of the models, `python -m rs_governance.db.migrations "what changed"` writes the next step from the difference
between the steps so far and the models; look it over, and set `rs_governance.db.store.SCHEMA` to its number.
"""
