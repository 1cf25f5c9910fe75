"""Narrow structural schemas of other people's kinds: what the controller writes and the actors fill, with the list
types that decide about ownership. Built-in kinds keep fields that are not named here."""
