"""Requests made from official model classes, sent to every modelled route: no 500, no hang, no answer that nobody can read."""
