using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Interlock.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Interlock.Http.Mcp;

/// <summary>
/// A stateless MCP server over streamable HTTP, of every revision up to 2026-07-28: one POST, one message, one server made for its
/// caller. Host and Origin are checked before anything is read (403); then method (405), Accept (406), content type (415) and size (413);
/// then the raw bytes must be strict I-JSON (rule <c>not-i-json</c>) and one JSON-RPC message (400).
/// </summary>
public sealed class McpEndpoint
{
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageType =
        (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    private readonly McpEndpointOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly TimeProvider _time;

    public McpEndpoint(McpEndpointOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        options.Validate();
        (_options, _loggers, _time) = (options, loggers, time);
    }

    /// <summary>Serves the tools of <paramref name="source"/>.</summary>
    public Task HandleAsync(HttpContext context, IMcpToolSource source) =>
        HandleAsync(context, (http, message) => McpToolServer.Options(http, message, source, _options));

    /// <summary>Serves whatever server the factory makes for this caller and message.</summary>
    public async Task HandleAsync(HttpContext context, McpServerFactory factory)
    {
        if (McpRequestRules.CheckHeaders(context, _options) is { } refused)
        {
            await refused.WriteAsync(context, null);
            return;
        }
        if (await McpRequestRules.ReadBodyAsync(context, _options.MaxBodyBytes) is not { } bytes)
        {
            context.Response.Headers.Connection = "close"; // the rest of the body is not read
            await McpRequestRules.TooLarge(_options).WriteAsync(context, null);
            return;
        }
        if (Read(bytes, out var message, out var raw) is { } invalid)
        {
            await invalid.WriteAsync(context, raw?.Id is { IsNull: false } id && (id.IsString || id.IsNumber) ? id : null);
            return;
        }
        if (McpProtocolRules.Check(context, raw) is { } broken)
        {
            await broken.WriteAsync(context, raw.Id);
            return;
        }
        context.Features.Set(raw); // for sources that need _meta
        await ServeAsync(context, message, factory(context, raw));
    }

    private static McpError? Read(byte[] bytes, out JsonRpcMessage message, out McpMessage raw)
    {
        message = null!; // set whenever null is returned
        raw = null!; // set as soon as the bytes are JSON
        try
        {
            var body = StrictJson.Parse(bytes);
            raw = new McpMessage(body);
            if (McpRequestRules.CheckMessage(body) is { } error) return error;
            message = JsonSerializer.Deserialize(bytes, MessageType) ?? throw new JsonException("The message is null.");
            return null;
        }
        catch (NotIJsonException e)
        {
            var data = JsonValue.Object(("rule", "not-i-json"), ("pointer", e.Pointer));
            return new(400, McpErrorCodes.ParseError, e.Message, data);
        }
        catch (JsonException)
        {
            return new(400, McpErrorCodes.InvalidRequest, "The body is not a JSON-RPC message.");
        }
    }

    private async Task ServeAsync(HttpContext context, JsonRpcMessage message, McpServerOptions server)
    {
        message.Context = new JsonRpcMessageContext
        {
            User = context.User,
            ProtocolVersion = context.Request.Headers[McpProtocolRules.VersionHeader] is [{ } version] ? version : null,
        };
        PrepareEventStream(context);
        if (_options.CallsOutliveAnswers && message is JsonRpcRequest { Method: "tools/call" } && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        using var closed = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        await using var stream = new EventStream(context.Response.Body, _options, _time);
        var transport = new StreamableHttpServerTransport(_loggers) { Stateless = true };
        var mcp = McpServer.Create(transport, server, _loggers, context.RequestServices);
        var run = mcp.RunAsync(closed.Token);
        var answered = false;
        try
        {
            if (message is JsonRpcRequest) stream.StartBeating(closed.Token);
            answered = await transport.HandlePostRequestAsync(message, stream, first => ChooseStatus(context, first), context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return; // the client has gone: that is its way to cancel
        }
        finally
        {
            await stream.StopBeatingAsync();
            await transport.DisposeAsync();
            await closed.CancelAsync();
            await EndAsync(run);
            await mcp.DisposeAsync();
        }
        if (answered) return;
        context.Response.Headers.ContentType = default;
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private static async Task EndAsync(Task run)
    {
        try
        {
            await run;
        }
        catch (OperationCanceledException)
        {
            // We have just cancelled it.
        }
    }

    private static ValueTask ChooseStatus(HttpContext context, JsonRpcMessage? first)
    {
        if (first is JsonRpcError error && !context.Response.HasStarted && McpProtocolRules.IsSessionless(context))
        {
            context.Response.StatusCode = error.Error.Code switch
            {
                McpErrorCodes.MethodNotFound => StatusCodes.Status404NotFound,
                McpErrorCodes.MissingCapability or McpErrorCodes.UnsupportedVersion or McpErrorCodes.HeaderMismatch =>
                    StatusCodes.Status400BadRequest,
                _ => context.Response.StatusCode,
            };
        }
        return ValueTask.CompletedTask;
    }

    private static void PrepareEventStream(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentType = "text/event-stream";
        headers.CacheControl = "no-cache,no-store";
        headers["X-Accel-Buffering"] = "no";
        context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
    }
}
