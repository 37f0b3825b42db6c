// An agent built with the published @a2a-js/sdk, which calls back with the published MCP client. PORT says where it listens, A2A which version it shows (1.0 or 0.3),
// MODE what its card says: "stream", "push" or nothing. GET /seen tells what happened to it.
const express = require('express');
const { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } = require('@a2a-js/sdk/server');
const { agentCardHandler, jsonRpcHandler, UserBuilder } = require('@a2a-js/sdk/server/express');
const { Role, TaskState } = require('@a2a-js/sdk');
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');

const { PORT, A2A = '1.0', MODE = '' } = process.env;
const address = `http://127.0.0.1:${PORT}/a2a`;
const seen = [];
const waiting = new Map();

const card = {
  name: 'helper', description: 'Does what it is told.', version: '1.0.0', provider: undefined,
  supportedInterfaces: [{ url: address, protocolBinding: 'JSONRPC', protocolVersion: A2A, tenant: '' }],
  capabilities: { streaming: MODE.includes('stream'), pushNotifications: MODE.includes('push'), extensions: [] },
  securitySchemes: {}, securityRequirements: [], defaultInputModes: ['application/json'], defaultOutputModes: ['application/json'],
  skills: [{ id: 'help', name: 'help', description: 'Helps.', tags: [], examples: [], inputModes: [], outputModes: [], securityRequirements: [] }], signatures: [],
};

const part = (value) => ({ content: { $case: 'data', value }, metadata: undefined, filename: '', mediaType: 'application/json' });

async function call(access, name, args) {
  const client = new Client({ name: 'helper', version: '1.0.0' });
  const requestInit = { headers: { Authorization: `Bearer ${access.token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(access.url), { requestInit }));
  try {
    const { tools } = await client.listTools();
    return { tools: tools.map((tool) => tool.name), result: await client.callTool({ name, arguments: args }) };
  } finally {
    await client.close();
  }
}

class Helper {
  async execute(context, bus) {
    const { taskId, contextId, userMessage } = context;
    const wanted = userMessage.parts[0].content.value;
    const access = userMessage.metadata?.['interlock/mcp'];
    const told = (state, metadata) => bus.publish(AgentEvent.statusUpdate({ taskId, contextId, metadata, status: { state, timestamp: new Date().toISOString(), message: undefined } }));
    const give = (value, append = false) => bus.publish(AgentEvent.artifactUpdate({
      taskId, contextId, append, lastChunk: false, metadata: undefined,
      artifact: { artifactId: 'out', name: 'out', description: '', parts: [part(value)], metadata: undefined, extensions: [] } }));
    seen.push({ event: 'message', wanted, token: access?.token, expiresAt: access?.expiresAt, task: userMessage.taskId });
    const before = context.task?.history?.[0]?.parts?.[0]?.content?.value;
    bus.publish(AgentEvent.task({
      id: taskId, contextId, status: { state: TaskState.TASK_STATE_WORKING, message: undefined, timestamp: undefined },
      artifacts: context.task?.artifacts ?? [], history: context.task?.history ?? [userMessage], metadata: undefined }));
    const { tool, args, wait } = before ?? wanted;
    if (wait) {
      await new Promise((resolve) => waiting.set(taskId, resolve));
      told(TaskState.TASK_STATE_CANCELED);
      bus.finished();
      return;
    }
    if (wanted.decision && wanted.decision !== 'approved') {
      give({ decision: wanted.decision });
    } else if (tool) {
      const { tools, result } = await call(access, tool, args);
      const handle = result._meta?.['interlock/resume'];
      if (handle) {
        seen.push({ event: 'paused', handle });
        told(TaskState.TASK_STATE_INPUT_REQUIRED, { 'interlock/resume': handle });
        bus.finished();
        return;
      }
      give({ tools, result: result.structuredContent ?? result.content, isError: result.isError === true });
    } else {
      give({ did: wanted });
    }
    told(TaskState.TASK_STATE_COMPLETED);
    bus.finished();
  }

  async cancelTask(taskId) {
    seen.push({ event: 'cancel' });
    waiting.get(taskId)?.();
  }
}

const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), new Helper());
const legacyCompat = { enabled: A2A === '0.3' };
const app = express();
app.get('/seen', (_, response) => response.json(seen));
app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: requestHandler }));
app.use('/a2a', jsonRpcHandler({ requestHandler, userBuilder: UserBuilder.noAuthentication, legacyCompat }));
app.listen(Number(PORT), '127.0.0.1');
