"""Shortens the server's definitions: without the name of the object and of its table."""


def index(definition: str, name: str, relation: str) -> str:
    """``UNIQUE (lower(email)) WHERE ...``; the access method where it is not btree."""
    if definition.startswith("("):  # of columns alone: the query has left out all of that
        return definition
    definition = definition.removeprefix("CREATE ")
    unique = "UNIQUE " if definition.startswith("UNIQUE ") else ""
    for word in unique, f"INDEX {name} ON ", "ONLY ", f"{relation} ", "USING btree ":
        definition = definition.removeprefix(word)
    return unique + definition


def trigger(definition: str, name: str, relation: str) -> str:
    """Of a trigger or a rule, without its name and its table."""
    for word in "CREATE ", "CONSTRAINT ", f"TRIGGER {name} ", f"RULE {name} AS\n    ":
        definition = definition.removeprefix(word)
    place = f" ON {relation} " if f" ON {relation} " in definition else f" TO {relation} "
    return definition.replace(place, " ", 1)
