"""What the evidence page would fetch and run, were it opened."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """Collects tags and everything that would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "srcset", "data", "action", "xlink:href"} or (
                name == "href" and not str(value).startswith("#")
            ):
                self.fetched.append(f"{tag} {name}={value}")
            assert not name.startswith("on"), f"{tag} {name}"
