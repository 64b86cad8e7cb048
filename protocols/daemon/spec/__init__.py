"""What the YAML may say: one class for each mapping, which holds its keys, types, defaults and words.

The classes are the only description: the loader validates with them, the JSON Schema for editors and
the reference page come out of them.  A field's docstring is its description.
"""
