using System.Collections.Concurrent;
using Interlock.Http.Mcp;
using Interlock.Json;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Interlock.Samples.DemoServers;

/// <summary>One demo server's tools: checks arguments, records each call, and does an idempotency key's work once.</summary>
internal sealed class DemoToolSource(IReadOnlyList<DemoTool> tools, DemoState state, DemoServersOptions options) : IMcpToolSource
{
    private readonly ConcurrentDictionary<(string Tool, string Key), Lazy<Task<DemoAnswer>>> _done = new();

    public ValueTask<IReadOnlyList<Tool>> ListAsync(HttpContext context, CancellationToken ct) =>
        ValueTask.FromResult<IReadOnlyList<Tool>>([.. tools.Select(tool => tool.Contract)]);

    public async ValueTask<CallToolResult> CallAsync(HttpContext context, string name, JsonValue arguments, CancellationToken ct)
    {
        var tool = tools.FirstOrDefault(tool => tool.Contract.Name == name)
            ?? throw new McpProtocolException($"There is no tool {name}.", McpErrorCode.InvalidParams);
        if (Refusal(tool.InputSchema, arguments) is { } refusal) throw new McpProtocolException(refusal, McpErrorCode.InvalidParams);

        var key = context.Features.Get<McpMessage>()?.Meta?["interlock/idempotencyKey"]?.StringOrNull();
        if (!tool.Effect || key is null || options.IgnoreIdempotency)
        {
            state.Record(new(name, arguments, key, Repeated: false));
            return (await tool.RunAsync(arguments, ct)).ToResult();
        }

        // The work of a key goes on when its first caller leaves: a repeat must find its result, not start it again.
        var first = new Lazy<Task<DemoAnswer>>(() => tool.RunAsync(arguments, CancellationToken.None));
        var work = _done.GetOrAdd((name, key), first);
        state.Record(new(name, arguments, key, Repeated: work != first));
        return (await work.Value.WaitAsync(ct)).ToResult();
    }

    /// <summary>What the arguments lack against a flat schema: required members, their type and enum, none beyond.</summary>
    private static string? Refusal(JsonValue schema, JsonValue arguments)
    {
        var properties = schema["properties"] ?? JsonValue.EmptyObject;
        foreach (var required in (schema["required"] ?? JsonValue.EmptyArray).Items)
            if (arguments[required.AsString()] is null) return $"The argument {required.AsString()} is missing.";
        foreach (var (name, value) in arguments.Members)
        {
            if (properties[name] is not { } property) return $"There is no argument {name}.";
            if (property["type"]?.StringOrNull() == "string" && !value.IsString) return $"The argument {name} is a string.";
            if (property["enum"] is { } allowed && !allowed.Items.Contains(value)) return $"The argument {name} is one of {allowed}.";
        }
        return null;
    }
}
