"""A synchronous credential in azure-core's asynchronous form."""

from __future__ import annotations

import asyncio
from typing import Any, Self


class CredentialInThread:
    """Asks the synchronous credential in a thread; azure-core keeps the tokens until they run out."""

    def __init__(self, credential: Any) -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token for the scopes. Raises: what the credential raises."""
        return await asyncio.to_thread(self._credential.get_token, *scopes, **options)

    async def close(self) -> None:
        """Nothing to close; azure-core asks for it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.close()
