namespace Interlock.Http.Mcp;

/// <summary>
/// One method of an MCP server. An exception is a bug or a broken dependency: it is logged, and the client gets an internal error with its reference.
/// Cancelled when the client leaves.
/// </summary>
public interface IMcpMethod
{
    string Name { get; }

    /// <summary>Whether it came with revision 2026-07-28; in older ones it is unknown.</summary>
    bool IsNew => false;

    ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct);
}
