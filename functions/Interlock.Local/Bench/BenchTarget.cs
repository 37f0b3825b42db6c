namespace Interlock.Local.Bench;

/// <summary>What the load is put on: a server, or a gateway before it, and the process whose time and memory count as its own.</summary>
/// <param name="Name">Its row in the report.</param>
/// <param name="Url">Where clients call it.</param>
/// <param name="Tool">The name of the echo tool there.</param>
/// <param name="Process">Its process; what that starts does not count.</param>
/// <param name="Baseline">The row that it is compared with; its own name for those in front of nothing.</param>
internal sealed record BenchTarget(string Name, Uri Url, string Tool, BenchProcess Process, string Baseline)
{
    /// <summary>The bearer tokens of its clients, which use them in turn; none where it asks for none.</summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <summary>Whether it is a gateway for MCP, and not a mere way through.</summary>
    public bool IsGateway { get; init; }

    public string? TokenOf(int client) => Tokens.Count == 0 ? null : Tokens[client % Tokens.Count];
}
