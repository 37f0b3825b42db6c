using System.Diagnostics;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Policy;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>Clients' requests as calls of the gateway, with the link to whoever waits.</summary>
internal static class ClientCalls
{
    public static GatewayCall Of(McpExchange exchange, McpCaller caller, EffectId effect, string target, JsonValue arguments, DateTimeOffset deadline) =>
        new(effect, caller.Chain, TargetKind.Tool, target, null, arguments, deadline)
        {
            TraceParent = Trace(exchange),
            Link = new CallerLink { Token = caller.Bearer, Progress = exchange.Progress(), Capabilities = Capabilities(exchange, caller) },
        };

    /// <summary>The call, with what the client answered to an upstream.</summary>
    public static GatewayCall With(this GatewayCall call, InputAnswers? answers) => answers is null ? call : call with { Link = call.Link! with { Answers = answers } }; // a client's call has a link

    /// <summary>An agent has nobody to ask, and a client of 2025-11-25 can only open pages.</summary>
    private static JsonValue? Capabilities(McpExchange exchange, McpCaller caller)
    {
        if (caller.Token is not null) return null;
        return UrlElicitation.Of(exchange) == ElicitationSupport.Error ? UrlElicitation.Alone : exchange.Capabilities;
    }

    private static string? Trace(McpExchange exchange)
    {
        if (exchange.Message.Meta?["traceparent"]?.StringOrNull() is { } sent && ActivityContext.TryParse(sent, null, out _)) return sent;
        return Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace } ? trace : null;
    }
}
