using System.Text.Json;
using Interlock.Json;
using ModelContextProtocol.Protocol;

namespace Interlock.Samples.DemoServers;

/// <summary>What a tool answers: its structured output, or the sentence that says why it failed.</summary>
internal sealed record DemoAnswer(JsonValue? Output, string? Error)
{
    public static DemoAnswer Of(JsonValue output) => new(output, null);

    public static DemoAnswer Failed(string why) => new(null, why);

    public CallToolResult ToResult() => Output is { } output
        ? new()
        {
            StructuredContent = JsonSerializer.Deserialize<JsonElement>(output.ToString()),
            Content = [new TextContentBlock { Text = output.ToString() }],
        }
        : new() { IsError = true, Content = [new TextContentBlock { Text = Error ?? "It failed." }] };
}

/// <summary>A tool: its contract as written, and what it does. <see cref="Effect"/>: repeats of an idempotency key return the first answer.</summary>
internal sealed class DemoTool(string contract, bool effect, Func<JsonValue, CancellationToken, Task<DemoAnswer>> run)
{
    public Tool Contract { get; } = JsonSerializer.Deserialize<Tool>(contract, ModelContextProtocol.McpJsonUtilities.DefaultOptions)
        ?? throw new InvalidOperationException("A tool's contract is an object.");

    public JsonValue InputSchema { get; } = StrictJson.Parse(contract)["inputSchema"]
        ?? throw new InvalidOperationException("A tool has an input schema.");

    public bool Effect => effect;

    public Task<DemoAnswer> RunAsync(JsonValue arguments, CancellationToken ct) => run(arguments, ct);
}
