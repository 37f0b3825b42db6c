// mcp-proxy as the library it is: one client to the upstream, a server for each session in front.
import { proxyServer, startHTTPServer } from 'mcp-proxy';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Server } from '@modelcontextprotocol/server';

const [port, upstream] = process.argv.slice(2);
const client = new Client({ name: 'mcp-proxy', version: '1.0.0' }, { capabilities: {} });
await client.connect(new StreamableHTTPClientTransport(new URL(upstream)));
const serverCapabilities = client.getServerCapabilities();

await startHTTPServer({
  createServer: async () => {
    const server = new Server(client.getServerVersion(), { capabilities: serverCapabilities });
    await proxyServer({ client, server, serverCapabilities });
    return server;
  },
  eventStore: false,
  host: '127.0.0.1',
  port: Number(port),
  sseEndpoint: null,
  streamEndpoint: '/mcp',
});
