// The same tool over standard input and output, without any SDK.
import readline from 'node:readline';

const tools = [{
  name: 'echo', description: 'Gives the text back.',
  inputSchema: { type: 'object', required: ['text'], additionalProperties: false, properties: { text: { type: 'string', maxLength: 1000000 } } },
}];

const methods = {
  initialize: (params) => ({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'echo', version: '1.0.0' } }),
  ping: () => ({}),
  'tools/list': () => ({ tools }),
  'tools/call': (params) => ({ content: [{ type: 'text', text: params.arguments.text }] }),
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.id === undefined) return;
  const method = methods[message.method];
  const answer = method ? { result: method(message.params) } : { error: { code: -32601, message: 'There is no such method.' } };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer }) + '\n');
});
