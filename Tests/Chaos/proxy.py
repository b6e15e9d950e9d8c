"""A proxy of TCP connections that can refuse, cut, hold up and lose what passes it."""

import asyncio
import re
import threading

# The login that a request to an authorization server is about.
ABOUT = re.compile(rb"^(?:GET|POST) \S*?/([0-9a-f]{32})[/ ?]", re.M)


class Proxies:
    """Every proxy of a run, in one thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        # Where a connection goes on to, the port from which, and the proxy that it came through.
        self.sources = {}

    def make(self, name, target):
        """`target` gives the port, or the path of a Unix socket, to go on to."""
        return Proxy(self, name, target)

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class Proxy:
    def __init__(self, proxies, name, target):
        self.proxies, self.name, self.target = proxies, name, target
        self.links, self.held = set(), set()
        self.losing = None  # Answers that contain this are lost, with their connections.
        self.lost = 0
        self.port, self.server = 0, None
        self.passing = asyncio.Event()
        self.proxies.run(self._listen())
        self.heal()

    def refuse(self):
        """New connections are refused, those that are open are cut."""
        self.proxies.run(self._refuse())

    def cut(self):
        """Connections that are open are cut now."""
        self.proxies.run(self._cut())

    def lose(self, answers):
        """Requests arrive, answers with these bytes in them do not."""
        self.losing = answers

    def stall(self):
        """Nothing passes, and nothing is closed."""
        self.proxies.run(self._stall())

    def heal(self, drop=False):
        """Everything passes again, also what was held up, unless it is to be dropped."""
        self.losing = None
        self.proxies.run(self._heal(drop))

    async def _listen(self):
        # The same port again: whoever calls knows no other.
        self.server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, reuse_address=True)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _refuse(self):
        if self.server:
            self.server.close()
            self.server = None
        await self._cut()

    async def _cut(self):
        for writer in list(self.links):
            writer.transport.abort()

    async def _stall(self):
        self.passing.clear()

    async def _heal(self, drop):
        if drop:
            await self._cut()
        self.held.clear()
        self.passing.set()
        if not self.server:
            await self._listen()

    async def _serve(self, reader, writer):
        target = self.target()
        try:
            await self.passing.wait()
            if isinstance(target, int):
                back, on = await asyncio.open_connection("127.0.0.1", target)
                source = on.get_extra_info("sockname")[1]
                self.proxies.sources[target, source] = self
            else:
                back, on = await asyncio.open_unix_connection(target)
        except OSError:
            writer.transport.abort()
            return
        self.links |= {writer, on}
        try:
            ways = [asyncio.ensure_future(self._pass(reader, on, True)),
                    asyncio.ensure_future(self._pass(back, writer, False))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self.links -= {writer, on}
            for end in (writer, on):
                end.close()

    async def _pass(self, reader, writer, is_request):
        try:
            while data := await reader.read(1 << 16):
                if not self.passing.is_set():
                    if is_request and (about := ABOUT.search(data)):
                        self.held.add(about[1].decode())
                    await self.passing.wait()
                if not is_request and self.losing is not None and self.losing in data:
                    self.lost += 1
                    writer.transport.abort()
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            writer.transport.abort()

