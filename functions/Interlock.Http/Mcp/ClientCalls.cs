using System.Diagnostics;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Http.Mcp.Methods;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>Clients' requests as calls of the gateway, with the link to whoever waits.</summary>
internal static class ClientCalls
{
    public static GatewayCall Of(McpExchange exchange, McpCaller caller, EffectId effect, string target, JsonValue arguments, DateTimeOffset deadline)
    {
        var granted = caller.Resume?.Grants(target, arguments) == true ? caller.Resume : null;
        return new(effect, caller.Chain, TargetKind.Tool, target, null, granted?.Approved ?? arguments, CallDeadlines.Earlier(exchange.Message.Meta, caller.Until < deadline ? caller.Until.Value : deadline))
        {
            Site = granted is null ? caller.Site : caller.Site! with { Frame = granted.Frame }, // who resumes has one
            Grant = granted?.Grant,
            Locks = caller is { Run: { } run, Site: { } site } ? CallLock.Around(run, site.Frame) : [],
            TraceParent = Trace(exchange),
            Link = new CallerLink { Token = caller.Exchangeable, Progress = exchange.Progress(), Capabilities = Capabilities(exchange, caller), Log = LogLevel(exchange) is { } least ? exchange.Log(least) : null, LogLevel = LogLevel(exchange) },
        };
    }

    /// <summary>The call as it goes on: where it was begun before, under that effect and with what the client answered.</summary>
    public static GatewayCall GoingOn(this GatewayCall call, RequestState state, InputAnswers? answers)
    {
        if (state.Effect is { } begun) call = call with { Effect = begun, IsNew = false };
        return answers is null ? call : call with { Link = call.Link! with { Answers = answers } }; // a client's call has a link
    }

    /// <summary>An agent has nobody to ask, and a client of 2025-11-25 can only open pages.</summary>
    private static JsonValue? Capabilities(McpExchange exchange, McpCaller caller)
    {
        if (caller.Token is not null) return null;
        return UrlElicitation.Of(exchange) == ElicitationSupport.Error ? UrlElicitation.Alone : exchange.Capabilities;
    }

    /// <summary>What a request of 2026-07-28 asks for; an older one can't, and hears of what is no detail.</summary>
    private static string? LogLevel(McpExchange exchange)
    {
        if (!exchange.IsNewest) return "info";
        return exchange.Message.Meta?[McpProtocolRules.LogLevelMeta]?.StringOrNull() is { } level && LogLevels.Rank(level) is not null ? level : null;
    }

    /// <summary>
    /// The message's own context, then the request's: the span that is open for it, or its header where the host opens none. A span that the web server made up and nobody
    /// records is none: samplers would follow it, and record nothing.
    /// </summary>
    private static string? Trace(McpExchange exchange)
    {
        if (exchange.Message.Meta?["traceparent"]?.StringOrNull() is { } sent && ActivityContext.TryParse(sent, null, out _)) return sent;
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace } current && (current.Recorded || current.ParentId is not null)) return trace;
        return exchange.Http.Request.Headers.TraceParent.ToString() is var header && ActivityContext.TryParse(header, null, out _) ? header : null;
    }
}
