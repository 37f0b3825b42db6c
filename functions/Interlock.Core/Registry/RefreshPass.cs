namespace Interlock.Core.Registry;

/// <summary>What one pass of <see cref="ContractRefresh"/> found.</summary>
/// <param name="Asked">How many servers and agents it set out to ask.</param>
/// <param name="Changed">The entries that were quarantined or disabled, as they are since.</param>
/// <param name="Unregistered">Servers that show tools nobody registered, and how many.</param>
/// <param name="Unreachable">Servers and agents that did not answer, and why; nothing is concluded from that.</param>
/// <param name="Failed">Those whose refresh broke; the next pass tries again.</param>
public sealed record RefreshPass(
    int Asked, IReadOnlyList<RegistryEntry> Changed, IReadOnlyList<(string Server, int Tools)> Unregistered, IReadOnlyList<(string Upstream, Problem Problem)> Unreachable,
    IReadOnlyList<(string Upstream, Exception Error)> Failed);
