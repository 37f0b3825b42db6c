using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Server;

namespace Interlock.Http.Mcp;

/// <summary>Makes the server of one request from its authenticated caller and the strictly read message.</summary>
public delegate McpServerOptions McpServerFactory(HttpContext context, McpMessage message);
