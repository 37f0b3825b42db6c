using Interlock.Http.Mcp;

namespace Interlock.Tests.Mcp.Conformance;

/// <summary>A method of a test's own server.</summary>
internal sealed class FixtureMethod(string name, Func<McpExchange, CancellationToken, ValueTask<McpAnswer>> answer) : IMcpMethod
{
    public string Name => name;

    public ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct) => answer(exchange, ct);
}
