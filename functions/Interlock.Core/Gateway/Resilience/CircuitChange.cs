namespace Interlock.Core.Gateway.Resilience;

/// <summary>That the circuit of an address opened, or closed again, in this process.</summary>
/// <param name="Server">The server, as metrics name it.</param>
/// <param name="Address">The address, as it is shown.</param>
/// <param name="Phase">How it stands since: never half-open.</param>
public sealed record CircuitChange(string Server, string Address, CircuitPhase Phase);
