"""The client of AWS, which is installed for who follows Amazon Connect alone.

Who it is, it finds as all tools of AWS do: variables, a profile, the role of the machine.
"""

from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any, Final

from streams.sources.source import SourceError

CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 30
"""Longer than the queue lets anybody wait for a message."""

TRIES: Final = 2
"""Of one request; who asks tries again anyway."""


class Aws:
    """The services of AWS in a region."""

    def __init__(self, region: str, endpoint_url: str | None) -> None:
        """At another address where one is given.

        Raises `SourceError` when the client is not installed.
        """
        try:
            # one for all clients: it keeps the descriptions of services, which take half a second to read
            self._session = import_module("aiobotocore.session").get_session()
            self._config = import_module("aiobotocore.config")
            errors = import_module("botocore.exceptions")
            below = import_module("aiohttp")  # what it speaks HTTP with; a body that breaks off it passes on as it is
        except ImportError:
            raise SourceError(
                'following Amazon Connect needs the extra "connect", which is not installed: install it with '
                "pip install 'wachtmonitor[connect]', or pip install aiobotocore beside it"
            ) from None
        self.raised: tuple[type[Exception], ...] = (
            errors.BotoCoreError,
            errors.ClientError,
            below.ClientError,
            OSError,
            TimeoutError,
        )
        """What may go wrong and be tried again."""
        self._region = region
        self._endpoint_url = endpoint_url

    def client(self, service: str) -> AbstractAsyncContextManager[Any]:
        """One of its services, open while the block lasts."""
        config = self._config.AioConfig(
            connect_timeout=CONNECT_SECONDS, read_timeout=ANSWER_SECONDS, retries={"total_max_attempts": TRIES}
        )
        made: AbstractAsyncContextManager[Any] = self._session.create_client(
            service, region_name=self._region, endpoint_url=self._endpoint_url, config=config
        )
        return made


def why(error: Exception) -> str:
    """What went wrong, for people: of what AWS answers the code alone, since its text names users."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        return f"AWS answers {answer.get('Error', {}).get('Code', 'with an error')}"
    return str(error) or repr(error)
