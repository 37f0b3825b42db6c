namespace Interlock.Core.Gateway.Resilience;

/// <summary>How one address stands with this process.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="IsUp">What its checks say; null before the first.</param>
/// <param name="CheckedAt">When it was last checked.</param>
/// <param name="Circuit">Whether calls are let through.</param>
/// <param name="Outstanding">Calls under way there.</param>
/// <param name="Queued">Calls that wait for a place.</param>
/// <param name="LastFailure">What went wrong last, at a call or a check.</param>
public sealed record RouteState(Uri Address, bool? IsUp, DateTimeOffset? CheckedAt, CircuitPhase Circuit, int Outstanding, int Queued, RouteFailure? LastFailure)
{
    public bool IsAvailable => IsUp != false && Circuit != CircuitPhase.Open;
}

/// <summary>A failure of an address, in our words; what the upstream said is bounded.</summary>
public sealed record RouteFailure(DateTimeOffset At, string Title, string? Detail);
