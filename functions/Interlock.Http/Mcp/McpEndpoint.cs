using Interlock.Core.Gateway;
using Interlock.Http.Mcp.Methods;
using Interlock.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Mcp;

/// <summary>
/// A stateless MCP server over streamable HTTP, of every revision up to 2026-07-28: one POST, one message. Host and Origin are checked before anything is
/// read (403); then method (405), Accept (406), content type (415) and size (413); then the raw bytes must be strict I-JSON (rule <c>not-i-json</c>) and one
/// JSON-RPC message (400).
/// </summary>
public sealed partial class McpEndpoint
{
    private readonly McpEndpointOptions _options;
    private readonly ILogger<McpEndpoint> _logger;
    private readonly TimeProvider _time;
    private readonly RequestsUnderWay _underWay = new();

    public McpEndpoint(McpEndpointOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        options.Validate();
        (_options, _logger, _time) = (options, loggers.CreateLogger<McpEndpoint>(), time);
    }

    /// <summary>The methods that serve the tools of <paramref name="source"/>, for <see cref="HandleAsync"/>.</summary>
    public McpMethods Serve(IMcpToolSource source)
    {
        var card = new McpCard(_options.Name, _options.Version, _options.Instructions)
        {
            Capabilities = JsonValue.Object(("tools", JsonValue.EmptyObject)),
            NewestCapabilities = JsonValue.Object(("tools", JsonValue.EmptyObject)),
        };
        return new McpMethods([new Initialize(card), new Discover(card), new Ping(), new SourceList(source), new SourceCall(source)]);
    }

    /// <summary>Answers one request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="methods">What is served.</param>
    /// <param name="client">Who asks, so that they can cancel their own requests of older revisions; null when that is not known.</param>
    public async Task HandleAsync(HttpContext context, McpMethods methods, string? client = null)
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
        if (Read(bytes.Span, out var message) is { } invalid)
        {
            await invalid.WriteAsync(context, message?.Id is { IsNull: false } id && (id.IsString || id.IsNumber) ? id : null);
            return;
        }
        if (McpProtocolRules.Check(context, message!) is { } broken) // a body without an error was read
        {
            await broken.WriteAsync(context, message!.Id);
            return;
        }
        if (message!.Id is not { } request)
        {
            if (client is not null && message.Method == "notifications/cancelled" && message.Params?["requestId"] is { } cancelled) _underWay.Cancel(client, cancelled);
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            return;
        }
        await ServeAsync(context, message, request, methods, client);
    }

    private static McpError? Read(ReadOnlySpan<byte> bytes, out McpMessage? message)
    {
        message = null;
        try
        {
            var body = StrictJson.Parse(bytes);
            message = new McpMessage(body);
            return McpRequestRules.CheckMessage(body);
        }
        catch (NotIJsonException e)
        {
            var data = JsonValue.Object(("rule", "not-i-json"), ("pointer", e.Pointer));
            return new(400, McpErrorCodes.ParseError, e.Message, data);
        }
    }

    private async Task ServeAsync(HttpContext context, McpMessage message, JsonValue id, McpMethods methods, string? client)
    {
        var answer = new AnswerStream(context, _options, _time);
        var isNewest = McpProtocolRules.IsSessionless(context);
        if (methods.Find(message.Method!, isNewest) is not { } method) // what has an id has a method
        {
            await answer.WriteAsync(id, McpAnswer.Fail(McpErrorCodes.MethodNotFound, $"There is no method {JsonValue.From(message.Method!.Length > 80 ? message.Method[..80] : message.Method)} here."), isNewest, context.RequestAborted);
            return;
        }
        if (_options.CallsOutliveAnswers && message.Method == "tools/call" && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        var exchange = new McpExchange(context, message, answer);
        try
        {
            await answer.SendAsync(client is null || isNewest ? RunAsync(method, exchange, context.RequestAborted) : RunAsync(method, exchange, id, client), id, isNewest, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone: that is its way to cancel.
        }
    }

    /// <summary>The same for a client that may say that it does not wait any more.</summary>
    private async ValueTask<McpAnswer> RunAsync(IMcpMethod method, McpExchange exchange, JsonValue id, string client)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(exchange.Http.RequestAborted);
        _underWay.Begin(client, id, stop);
        try
        {
            return await RunAsync(method, exchange, stop.Token);
        }
        finally
        {
            _underWay.End(client, id, stop);
        }
    }

    private async ValueTask<McpAnswer> RunAsync(IMcpMethod method, McpExchange exchange, CancellationToken ct)
    {
        try
        {
            return await method.AnswerAsync(exchange, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested && !exchange.Http.RequestAborted.IsCancellationRequested)
        {
            return McpAnswer.Fail(McpErrorCodes.Transport, "The request was cancelled.", JsonValue.Object(("rule", "cancelled")));
        }
        catch (UnauthenticGateException)
        {
            return McpAnswer.Fail(McpErrorCodes.InternalError, UnauthenticGateException.Advice, JsonValue.Object(("rule", "grant-unauthentic")));
        }
        catch (Exception e) when (!exchange.Http.RequestAborted.IsCancellationRequested)
        {
            var reference = Guid.NewGuid().ToString("N");
            Log.Failed(_logger, e, method.Name, reference);
            return McpAnswer.Fail(McpErrorCodes.InternalError, $"Something broke here; it was logged under the reference {reference}.", JsonValue.Object(("rule", "internal-error")));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Method} failed; reference {Reference}")]
        public static partial void Failed(ILogger logger, Exception e, string method, string reference);
    }
}
